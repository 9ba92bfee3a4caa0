"""Leads whose own attributes contradict each other: money on a lead that is not approved, or none on one that is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from commercive_cli.domain.answers import Finding
from commercive_cli.domain.models import LEAD_STATUSES
from commercive_cli.domain.money import LARGEST_AMOUNT
from commercive_cli.services.audit.check import TRIES, Bench, as_found, key_of
from commercive_cli.services.audit.trail import state_of
from commercive_cli.services.ledger import Change
from commercive_cli.services.locate import find
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import LEADS, Table
from commercive_cli.store.writes import All, Update


@dataclass
class LeadCheck:
    """An approved lead has a commission of 0 to 1,000,000 USD, any other lead has none."""

    tables: ClassVar[tuple[Table, ...]] = (LEADS,)

    _suspects: list[str] = field(default_factory=list)

    def visit(self, _table: Table, items: list[Item]) -> None:
        """Look at the status and commission of leads."""
        self._suspects += [item["lead_id"] for item in items if _problem(item)]

    def findings(self, bench: Bench) -> Iterator[Finding]:
        """Yield leads in an impossible state, after putting them where an admin decides anew."""
        for lead_id in sorted(self._suspects):
            yield from _repaired(bench, lead_id)


def _problem(item: Item) -> str | None:
    status, amount = item["status"], item.get("commission_amount")
    if status not in LEAD_STATUSES:
        return f"status is {status!r}"
    if status == "approved":
        return None if _is_commission(amount) else f"approved with the commission {amount}"
    return None if amount is None else f"{status} with a commission of {amount}"


def _is_commission(amount: Any) -> bool:
    # Stores hand out the plain types; True is an `int` to isinstance, but no money.
    return type(amount) in (int, Decimal) and 0 <= amount <= LARGEST_AMOUNT and amount == round(amount, 2)


def _repaired(bench: Bench, lead_id: str) -> list[Finding]:
    for _ in range(TRIES):
        item = find(bench.store, LEADS, lead_id)
        problem = _problem(item) if item else None
        if item is None or problem is None:
            return []
        try:
            _write(bench, item)
        except ConditionFailed:
            continue
        return [bench.finding("lead-state", LEADS, lead_id, problem)]
    return []


def _write(bench: Bench, item: Item) -> None:
    at = max(bench.clock(), item["updated_at"] + 1)
    status = "rejected" if item["status"] == "rejected" else "pending"
    change = Change("lead", item["lead_id"], "audit", bench.actor, state_of("lead", item), {"status": status})
    bench.store.transact(
        Update(
            LEADS,
            key_of(LEADS, item),
            set={"status": status, "updated_at": at},
            remove=("commission_amount",),
            when=All(*(as_found(item, name) for name in ("status", "commission_amount", "updated_at"))),
        ),
        change.row(at, bench.new_id),
    )
