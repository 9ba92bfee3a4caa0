"""Conversations that are put off, against the snoozes that bring them back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.models import SNOOZED, WAITING_FOR, Snooze
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.audit.check import Repairs
from commercive_cli.services.chat.snoozing import DUE, due_key, snooze_key
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import CONVERSATIONS, OPS, Table
from commercive_cli.store.writes import Equals, Update


@dataclass
class SnoozeCheck:
    """What is put off comes back: a conversation that no snooze would bring back waits again."""

    tables: ClassVar[tuple[Table, ...]] = (OPS, CONVERSATIONS)

    _due: set[str] = field(default_factory=set)
    _suspects: list[str] = field(default_factory=list)

    def visit(self, table: Table, items: list[Item]) -> None:
        """Remember the conversations that will come back, or look for those that will not."""
        if table is OPS:
            self._due.update(item["conversation_id"] for item in items if item["pk"] == DUE)
        else:
            snoozed = (item["conversation_id"] for item in items if item.get("waiting_for") == SNOOZED)
            self._suspects += [each for each in snoozed if each not in self._due]

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield conversations that are put off for ever, after putting them back into the queue."""
        for conversation_id in sorted(self._suspects):
            found = find_by_id(repairs.store, CONVERSATIONS, conversation_id)
            if found is None or found.get("waiting_for") != SNOOZED or _comes_back(repairs.store, conversation_id):
                continue
            problem = repairs.finding("snooze", CONVERSATIONS, conversation_id, "put off, and nothing tells until when")
            as_read = Equals("waiting_for", SNOOZED)
            waits = Update(CONVERSATIONS, CONVERSATIONS.key_of(found), set={"waiting_for": WAITING_FOR}, when=as_read)
            try:
                yield from repairs.apply([problem], waits)
            except ConditionFailed:
                continue


def _comes_back(store: Store, conversation_id: str) -> bool:
    snooze = store.get(OPS, snooze_key(conversation_id))
    return snooze is not None and store.get(OPS, due_key(Snooze.of(snooze).until, conversation_id)) is not None
