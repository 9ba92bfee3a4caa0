"""Invariant 6: the last audit row of a lead or conversation says what state it is in."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from sys import intern
from typing import Any, ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.ids import ENTROPY_BITS, created_at_of, uuid7
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.audit.check import Repairs
from commercive_cli.services.audit.malformed import readable
from commercive_cli.services.audit.states import INITIAL, SUBJECTS, lacks_close, last_row, state_of, state_problem
from commercive_cli.services.records.audit_log import ARCHIVED, AuditEntry, archive_of, audit_partition
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Query, Store
from commercive_cli.store.schema import CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Check, unchanged

_TRAILS = tuple(audit_partition(kind, "") for kind in SUBJECTS)
_CONVERSATIONS = audit_partition("conversation", "")
_TAKEN = f"{ARCHIVED} "
"""Stands before the state of what an archive has taken, and an import may have brought back."""


@dataclass
class AuditLogCheck:
    """Every state that is not the first one has an audit row, and what has audit rows is there.

    Only the last row of each is looked at. What others made needs none until a change of ours leaves the first. `ops`
    must be visited before the documented tables.
    """

    tables: ClassVar[tuple[Table, ...]] = (OPS, LEADS, CONVERSATIONS)

    _last: dict[str, str] = field(default_factory=dict)
    _suspects: list[tuple[str, str]] = field(default_factory=list)

    def visit(self, table: Table, items: list[Item]) -> None:
        """Remember the last audit row of each subject, or compare subjects with it."""
        if table is OPS:
            # The rows of one subject come in the order of their ids, as engines keep them; so the last one stays.
            rows = (item for item in items if item["pk"].startswith(_TRAILS))
            self._last.update({row["pk"]: intern(_told_by(row)) for row in rows})
            return
        [kind] = (kind for kind, subjects in SUBJECTS.items() if subjects is table)
        name, initial = table.partition.name, _digest(INITIAL[kind])
        for item in items:
            subject, state = item[name], _digest(state_of(kind, item))
            told = self._last.pop(audit_partition(kind, subject), None)
            if state == (initial if told is None else told.removeprefix(_TAKEN)):
                continue
            if told is not None or created_at_of(subject) is not None:
                self._suspects.append((kind, subject))

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield subjects whose state nobody accounts for, after writing a row that says so, and those that are lost."""
        for kind, subject in sorted(self._suspects):
            yield from _repaired(repairs, kind, subject)
        lost = (partition for partition, told in self._last.items() if not told.startswith(_TAKEN))
        for partition in sorted(lost):
            _, kind, subject = partition.split("#", 2)
            if _is_lost(repairs.store, kind, subject):
                problem = f"it has audit rows, the last one says {self._last[partition]}, and is not there"
                yield repairs.named(f"lost-{kind}", SUBJECTS[kind], subject, problem)


def _repaired(repairs: Repairs, kind: str, subject: str) -> list[Finding]:
    table = SUBJECTS[kind]
    for _ in range(TRIES):
        found = find_by_id(repairs.store, table, subject)
        item, row = readable(table, found), last_row(repairs.store, kind, subject)
        if found is None or item is None or (row is None and created_at_of(subject) is None):
            return []
        told, told_at = row or (INITIAL[kind], 0)
        state = state_of(kind, item)
        if (
            _digest(state) == _digest(told)
            or state_problem(kind, item)
            or (kind == "conversation" and lacks_close(item))
        ):
            return []  # what says that a state cannot be puts it right, and writes the row of that
        words = f"is {_digest(state)}, its last audit row says {_digest(told)}"
        change = AuditEntry(kind, subject, "audit", repairs.actor, told, state)
        as_read = Check(table, table.key_of(found), unchanged(found, "status", "updated_at", "commission_amount"))
        accounted = change.row(max(item["updated_at"], told_at + 1), partial(_row_id, kind, subject))
        try:
            return repairs.apply([repairs.finding("audit-row", table, subject, words)], as_read, accounted)
        except ConditionFailed:
            continue
    return []


def _row_id(kind: str, subject: str, at: int) -> str:
    """Return the id of the row that accounts for a state: of two audits at once, the second finds it taken."""
    digest = hashlib.sha256(audit_partition(kind, subject).encode()).digest()
    return uuid7(at, int.from_bytes(digest) >> (8 * len(digest) - ENTROPY_BITS))


def _is_lost(store: Store, kind: str, subject: str) -> bool:
    """Return whether nothing is left of a subject; a conversation of which messages are left can be made again."""
    if not subject:
        return True
    if find_by_id(store, SUBJECTS[kind], subject) is not None:
        return False
    if kind == "lead":
        return True
    return archive_of(store, subject) is None and not store.query(Query(MESSAGES, subject, limit=1)).items


def _told_by(row: Item) -> str:
    """Return the state that a row tells; that of a conversation which an archive has taken, marked as such."""
    taken = row["event"] == ARCHIVED and row["pk"].startswith(_CONVERSATIONS)
    return f"{_TAKEN if taken else ''}{_digest(row['after'])}"


def _digest(state: dict[str, Any]) -> str:
    amount = state.get("commission_amount")
    return str(state.get("status")) + ("" if amount is None else f" for {_amount(amount)}")


def _amount(amount: object) -> str:
    return f"{amount:.2f}" if isinstance(amount, int | Decimal) else repr(amount)
