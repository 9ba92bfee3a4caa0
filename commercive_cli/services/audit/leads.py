"""Leads whose own attributes contradict each other: money on a lead that is not approved, or none on one that is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.audit.check import Repairs
from commercive_cli.services.audit.states import last_row, state_of, state_problem
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import LEADS, Table
from commercive_cli.store.writes import Update, unchanged


@dataclass
class LeadCheck:
    """An approved lead has a commission of 0 to 1,000,000 USD, any other lead has none."""

    tables: ClassVar[tuple[Table, ...]] = (LEADS,)

    _suspects: list[str] = field(default_factory=list)

    def visit(self, _table: Table, items: list[Item]) -> None:
        """Look at the status and commission of leads."""
        self._suspects += [item["lead_id"] for item in items if state_problem("lead", item)]

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield leads in an impossible state, after giving them back the one that their last audit row tells."""
        for lead_id in sorted(self._suspects):
            yield from _repaired(repairs, lead_id)


def _repaired(repairs: Repairs, lead_id: str) -> list[Finding]:
    for _ in range(TRIES):
        item = find_by_id(repairs.store, LEADS, lead_id)
        problem = state_problem("lead", item) if item else None
        if item is None or problem is None:
            return []
        told, told_at = last_row(repairs.store, "lead", lead_id)
        try:
            _write(repairs, item, told if state_problem("lead", told) is None else _undecided(item), told_at)
        except ConditionFailed:
            continue
        return [repairs.finding("lead-state", LEADS, lead_id, problem)]
    return []


def _undecided(item: Item) -> dict[str, Any]:
    """Return the state from which an admin decides anew, where nothing tells the true one."""
    return {"status": "rejected" if item["status"] == "rejected" else "pending"}


def _write(repairs: Repairs, item: Item, state: dict[str, Any], told_at: int) -> None:
    at = max(repairs.clock(), item["updated_at"] + 1, told_at + 1)
    change = AuditEntry("lead", item["lead_id"], "audit", repairs.actor, state_of("lead", item), state)
    repairs.store.transact(
        Update(
            LEADS,
            LEADS.key_of(item),
            set={**state, "updated_at": at},
            remove=() if "commission_amount" in state else ("commission_amount",),
            when=unchanged(item, "status", "commission_amount", "updated_at"),
        ),
        change.row(at, repairs.new_id),
    )
