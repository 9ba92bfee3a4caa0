"""Messages against their own ids: in a conversation of ours both tell the same time, so key order is time order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.clock import CLOCKS_DIFFER_MS, FAR_FUTURE, Clock
from commercive_cli.domain.ids import created_at_of
from commercive_cli.services.audit.check import Repairs
from commercive_cli.services.chat.messages import is_native
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import MESSAGES, Table
from commercive_cli.store.writes import Equals, Update


@dataclass
class MessageTimeCheck:
    """A message's `created_at` is the time within its UUIDv7, and not still to come."""

    clock: Clock
    tables: ClassVar[tuple[Table, ...]] = (MESSAGES,)

    _suspects: list[Item] = field(default_factory=list)
    _ahead: list[tuple[str, int]] = field(default_factory=list)

    def visit(self, _table: Table, items: list[Item]) -> None:
        """Compare the two times of messages."""
        latest = self.clock() + CLOCKS_DIFFER_MS
        for item in items:
            name, at = item["message_id"], item["created_at"]
            if at > latest:
                self._ahead.append((name, at))
            if name[:8] + name[9:13] == f"{at:012x}":
                continue  # an id of ours tells this time, any other id none; most messages need no closer look
            told = created_at_of(name)
            if told is not None and told != at and is_native(item["conversation_id"]):
                self._suspects.append({**MESSAGES.key_of(item), "created_at": at})

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield messages out of order, their time taken from their id, unless that cannot be one."""
        for item in self._suspects:
            told, kept = created_at_of(item["message_id"]) or 0, item["created_at"]
            if told >= FAR_FUTURE:
                yield repairs.named("message-order", MESSAGES, item["message_id"], f"its id tells the time {told}")
                continue
            correction = Update(
                MESSAGES, MESSAGES.key_of(item), set={"created_at": told}, when=Equals("created_at", kept)
            )
            try:
                repairs.store.transact(correction)
            except ConditionFailed:
                continue
            yield repairs.finding("message-order", MESSAGES, item["message_id"], f"created_at is {kept}, its id {told}")
        for name, at in self._ahead:
            words = f"created_at is {at}, which is still to come; what is written later stands behind it"
            yield repairs.named("message-time", MESSAGES, name, words)
