"""Leads whose own attributes contradict each other: money on a lead that is not approved, or none on one that is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.models import Lead
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.audit.check import Repairs
from commercive_cli.services.audit.malformed import readable
from commercive_cli.services.audit.states import last_row, state_of, state_problem
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import LEADS, Table
from commercive_cli.store.writes import Put, Update, unchanged


@dataclass
class LeadCheck:
    """An approved lead has a commission of 0 to 1,000,000 USD, any other lead has none."""

    tables: ClassVar[tuple[Table, ...]] = (LEADS,)

    _suspects: list[str] = field(default_factory=list)

    def visit(self, _table: Table, items: list[Item]) -> None:
        """Look at the status and commission of leads."""
        self._suspects += [item["lead_id"] for item in items if state_problem("lead", item)]

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield leads in an impossible state, given back the one that their last audit row tells, if there is any."""
        for lead_id in sorted(self._suspects):
            yield from _repaired(repairs, lead_id)


def _repaired(repairs: Repairs, lead_id: str) -> list[Finding]:
    for _ in range(TRIES):
        found = find_by_id(repairs.store, LEADS, lead_id)
        item = readable(LEADS, found)
        problem = state_problem("lead", item) if item else None
        if found is None or item is None or problem is None:
            return []
        row = last_row(repairs.store, "lead", lead_id)
        if row is None or state_problem("lead", row[0]):
            return [repairs.named("lead-state", LEADS, lead_id, f"{problem}; {_way_out(item)}")]
        try:
            return repairs.apply(
                [repairs.finding("lead-state", LEADS, lead_id, problem)], *_restored(repairs, found, item, *row)
            )
        except ConditionFailed:
            continue
    return []


def _way_out(item: Item) -> str:
    """Return how a person sets right what no audit row tells."""
    if {"status", "commission_amount"} & {*Lead.of(item).damaged}:
        return "no audit row tells what it was; set it with `tables mend`"
    return "no audit row tells what it was; decide it anew with `leads approve|reject --amend`, or `tables mend`"


def _restored(repairs: Repairs, found: Item, item: Item, told: dict[str, Any], told_at: int) -> tuple[Update, Put]:
    state = state_of("lead", told)
    change = AuditEntry("lead", item["lead_id"], "audit", repairs.actor, state_of("lead", item), state)
    dropped = () if "commission_amount" in state else ("commission_amount",)
    as_read = unchanged(found, "status", "commission_amount", "updated_at")
    return (
        Update(LEADS, LEADS.key_of(found), set=state, remove=dropped, when=as_read),
        change.row(max(item["updated_at"], told_at + 1), repairs.new_id),
    )
