"""Leads and conversations whose last change is still to come: every change of them would be put behind that."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.clock import CLOCKS_DIFFER_MS, FAR_FUTURE, Clock
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.audit.check import Repairs
from commercive_cli.services.audit.malformed import readable
from commercive_cli.services.audit.states import SUBJECTS, last_row
from commercive_cli.services.chat.messages import MessageQuery, read_messages
from commercive_cli.services.records.change_times import COVERED
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import CONVERSATIONS, LEADS, Table
from commercive_cli.store.writes import Update, unchanged

_KINDS = {table: kind for kind, table in SUBJECTS.items()}


@dataclass
class ChangeTimeCheck:
    """`updated_at` is not in the future, unless that of a message, decision, close or audit row is."""

    clock: Clock
    tables: ClassVar[tuple[Table, ...]] = (LEADS, CONVERSATIONS)

    _suspects: list[tuple[Table, str]] = field(default_factory=list)

    def visit(self, table: Table, items: list[Item]) -> None:
        """Look at the times of changes."""
        latest, name = self.clock() + CLOCKS_DIFFER_MS, table.partition.name
        self._suspects += [(table, item[name]) for item in items if item["updated_at"] > latest]

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield times of changes that are still to come, each taken back to the latest that it stands for."""
        for table, identifier in sorted(self._suspects, key=lambda suspect: suspect[1]):
            yield from _repaired(repairs, table, identifier)


def _repaired(repairs: Repairs, table: Table, identifier: str) -> list[Finding]:
    for _ in range(TRIES):
        found = find_by_id(repairs.store, table, identifier)
        item = readable(table, found)
        if found is None or item is None:
            return []
        at, latest = item["updated_at"], _latest(repairs.store, table, item)
        if at <= max(latest, repairs.clock() + CLOCKS_DIFFER_MS):
            return []
        words = f"updated_at is {at}, which is still to come; the latest that it stands for is of {latest}"
        as_read = unchanged(found, "updated_at", *COVERED)
        back = Update(table, table.key_of(found), set={"updated_at": latest}, when=as_read)
        try:
            return repairs.apply([repairs.finding("updated-at", table, identifier, words)], back)
        except ConditionFailed:
            continue
    return []


def _latest(store: Store, table: Table, item: Item) -> int:
    """Return the latest time that a change of a lead or conversation left anywhere."""
    row = last_row(store, _KINDS[table], item[table.partition.name])
    own: list[int] = [item[name] for name in COVERED if name in item]
    return max(own + ([row[1]] if row else []) + _message_times(store, table, item))


def _message_times(store: Store, table: Table, item: Item) -> list[int]:
    if table is not CONVERSATIONS:
        return []
    messages, _ = read_messages(store, MessageQuery(item["conversation_id"]))
    return [each.created_at for each in messages if "created_at" not in each.damaged and each.created_at < FAR_FUTURE]
