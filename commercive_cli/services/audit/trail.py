"""Invariant 6: the last audit row of a lead or conversation says what state it is in."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from sys import intern
from typing import Any, ClassVar

from commercive_cli.domain.answers import Finding
from commercive_cli.services.audit.check import TRIES, Bench, as_found, key_of
from commercive_cli.services.audit.states import INITIAL, SUBJECTS, last_row, state_of, state_problem
from commercive_cli.services.ledger import Change, trail_partition
from commercive_cli.services.locate import find
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Query, Store
from commercive_cli.store.schema import CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import All, Update

_TRAILS = tuple(trail_partition(kind, "") for kind in SUBJECTS)


@dataclass
class TrailCheck:
    """Every state that is not the first one has an audit row, and what has audit rows is there.

    Only the last row of each is looked at. `ops` must be visited before the documented tables.
    """

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
        [kind] = (kind for kind, subjects in SUBJECTS.items() if subjects is table)
        name, initial = table.partition.name, _digest(INITIAL[kind])
        for item in items:
            told = self._last.pop(trail_partition(kind, item[name]), initial)
            if told != _digest(state_of(kind, item)):
                self._suspects.append((kind, item[name]))

    def findings(self, bench: Bench) -> Iterator[Finding]:
        """Yield subjects whose state nobody accounts for, after writing a row that says so, and those that are lost."""
        for kind, subject in sorted(self._suspects):
            yield from _repaired(bench, kind, subject)
        for partition in sorted(self._last):
            _, kind, subject = partition.split("#", 2)
            if _is_lost(bench.store, kind, subject):
                problem = f"it has audit rows, the last one says {self._last[partition]}, and is not there"
                found = bench.finding(f"lost-{kind}", SUBJECTS[kind], subject, problem)
                yield found.model_copy(update={"fixed": False})


def _repaired(bench: Bench, kind: str, subject: str) -> list[Finding]:
    for _ in range(TRIES):
        table = SUBJECTS[kind]
        item = find(bench.store, table, subject)
        told, told_at = last_row(bench.store, kind, subject)
        if item is None or _digest(state_of(kind, item)) == _digest(told):
            return []
        state = state_of(kind, item)
        if state_problem(kind, item):
            return []  # what says so puts the state right, and writes the row of that
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


def _is_lost(store: Store, kind: str, subject: str) -> bool:
    """Return whether nothing is left of a subject; a conversation of which messages are left can be made again."""
    if find(store, SUBJECTS[kind], subject) is not None:
        return False
    return kind == "lead" or not store.query(Query(MESSAGES, subject, limit=1)).items


def _digest(state: dict[str, Any]) -> str:
    amount = state.get("commission_amount")
    return str(state.get("status")) + ("" if amount is None else f" for {_amount(amount)}")


def _amount(amount: object) -> str:
    return f"{amount:.2f}" if isinstance(amount, int | Decimal) else repr(amount)
