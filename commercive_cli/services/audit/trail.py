"""Invariant 6: the last audit row of a lead or conversation says what state it is in."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from sys import intern
from typing import Any, ClassVar

from commercive_cli.domain.answers import Finding
from commercive_cli.domain.ids import created_at_of
from commercive_cli.services.audit.check import TRIES, Bench, as_found, key_of
from commercive_cli.services.audit.shapes import shape_problem
from commercive_cli.services.ledger import Change, trail_partition
from commercive_cli.services.locate import find
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Query, Store
from commercive_cli.store.schema import CONVERSATIONS, LEADS, OPS, Table
from commercive_cli.store.writes import All, Update

_KINDS = {"lead": LEADS, "conversation": CONVERSATIONS}
_TRAILS = tuple(trail_partition(kind, "") for kind in _KINDS)
_AMOUNTS = (int, Decimal)
_INITIAL = {"lead": {"status": "pending"}, "conversation": {"status": "open"}}


@dataclass
class TrailCheck:
    """Every state that is not the first one has an audit row; `ops` must be visited before the documented tables."""

    tables: ClassVar[tuple[Table, ...]] = (OPS, LEADS, CONVERSATIONS)

    _last: dict[str, str] = field(default_factory=dict)
    _suspects: list[tuple[str, str]] = field(default_factory=list)

    def visit(self, table: Table, items: list[Item]) -> None:
        """Remember the last audit row of each subject, or compare subjects with it."""
        if table is OPS:
            # The rows of one subject come in the order of their ids, as engines keep them; so the last one stays.
            rows = (item for item in items if item["pk"].startswith(_TRAILS))
            self._last.update({row["pk"]: intern(_digest(row["after"])) for row in rows})
            return
        [kind] = (kind for kind, subjects in _KINDS.items() if subjects is table)
        name, initial = table.partition.name, _digest(_INITIAL[kind])
        for item in items:
            told = self._last.pop(trail_partition(kind, item[name]), initial)
            if told != _digest(state_of(kind, item)):
                self._suspects.append((kind, item[name]))

    def findings(self, bench: Bench) -> Iterator[Finding]:
        """Yield subjects whose state nobody accounts for, after writing a row that says so."""
        for kind, subject in sorted(self._suspects):
            yield from _repaired(bench, kind, subject)


def _repaired(bench: Bench, kind: str, subject: str) -> list[Finding]:
    for _ in range(TRIES):
        table = _KINDS[kind]
        item = find(bench.store, table, subject)
        told, told_at = last_row(bench.store, kind, subject)
        if item is None or _digest(state_of(kind, item)) == _digest(told):
            return []
        state = state_of(kind, item)
        change = Change(kind, subject, "audit", bench.actor, told, state)
        unchanged = All(*(as_found(item, name) for name in ("status", "updated_at", "commission_amount")))
        # The time moves with the row, so that the row of the next change sorts behind this one.
        at = max(bench.clock(), item["updated_at"] + 1, told_at + 1)
        try:
            bench.store.transact(
                Update(table, key_of(table, item), set={"updated_at": at}, when=unchanged), change.row(at, bench.new_id)
            )
        except ConditionFailed:
            continue
        return [
            bench.finding("audit-row", table, subject, f"is {_digest(state)}, its last audit row says {_digest(told)}")
        ]
    return []


def last_row(store: Store, kind: str, subject: str) -> tuple[dict[str, Any], int]:
    """Return the state that the last sound row tells, and a time behind which the next row's sorts.

    Malformed rows tell nothing; only a person can say what they should hold.
    """
    query: Query | None = Query(OPS, trail_partition(kind, subject), descending=True, limit=1)
    while query is not None:
        page = store.query(query)
        for row in page.items:
            if shape_problem(OPS, row) is None:
                return row["after"], max(row["at"], created_at_of(row["sk"]) or 0)
        query = replace(query, start=page.next, limit=None) if page.next else None
    return _INITIAL[kind], 0


def state_of(kind: str, item: Item) -> dict[str, Any]:
    """Return the state of a lead or conversation as an audit row tells it; what is no amount is told as text."""
    amount = item.get("commission_amount") if kind == "lead" else None
    if amount is None:
        return {"status": item["status"]}
    told = amount if type(amount) in _AMOUNTS else str(amount)
    return {"status": item["status"], "commission_amount": told}


def _digest(state: dict[str, Any]) -> str:
    amount = state.get("commission_amount")
    return str(state.get("status")) + ("" if amount is None else f" for {_amount(amount)}")


def _amount(amount: object) -> str:
    return f"{amount:.2f}" if isinstance(amount, int | Decimal) else repr(amount)
