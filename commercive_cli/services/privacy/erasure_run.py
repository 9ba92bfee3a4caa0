"""One run of an erasure: passes over all tables, until one finds nothing to change."""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from commercive_cli.domain.clock import Clock
from commercive_cli.domain.errors import Damaged, Invalid, Unavailable
from commercive_cli.domain.text import preview
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.access.scan import OnItems, scan_items
from commercive_cli.services.privacy.erasure import Eraser
from commercive_cli.services.privacy.identity import text_in
from commercive_cli.services.privacy.rules import Rules, is_internal
from commercive_cli.store.items import Item
from commercive_cli.store.limits import item_bytes
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Put, Update, unchanged

ORDER = (AFFILIATE_LINKS, LEADS, AFFILIATE_STATS, CONVERSATIONS, MESSAGES, OPS)
"""Links come first, so that no new lead is credited to the person; owners come before the items they own."""

_BATCH_ITEMS = 25
_BATCH_BYTES = 1024 * 1024


@dataclass
class ErasureRun:
    """Passes over all tables, repeated until a pass finds nothing to change."""

    store: Store
    clock: Clock
    rules: Rules
    on_items: OnItems
    changed: Counter[str] = field(default_factory=Counter)
    remaining: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._eraser = Eraser(self.store, self.clock, self.rules)
        self._batch: list[Item] = []
        self._batch_bytes = 0

    def make_pass(self) -> int:
        """Scan every table once and change the items that hold the person's data; return how many were changed."""
        before = self.changed.total()
        self.remaining = []
        for table in ORDER:
            scan_items(self.store, table, partial(self._visit, table), self.on_items)
            self._write_batch(table)
        return self.changed.total() - before

    def _visit(self, table: Table, item: Item) -> None:
        self.rules.note_conversation(table, item)
        if is_internal(table, item):
            return
        if self._needs_change(table, item):
            self._batch.append(item)
            self._batch_bytes += item_bytes(item)
            if table is AFFILIATE_LINKS or len(self._batch) >= _BATCH_ITEMS or self._batch_bytes >= _BATCH_BYTES:
                self._write_batch(table)
        elif self.rules.identifiers.mentioned_in(item):
            owned = self.rules.owns(table, item)
            self._report_remaining(table, item, "a key that cannot change" if owned else "it is not known to be theirs")

    def _needs_change(self, table: Table, item: Item) -> bool:
        try:
            return bool(self._eraser.writes(table, [item]))
        except Invalid:  # it refers to something by a value that cannot be a key
            return True

    def _report_remaining(self, table: Table, item: Item, why: str) -> None:
        self.remaining.append(f"{table.name} {' '.join(str(item[name]) for name in table.key_names)}: {why}")

    def _write_batch(self, table: Table) -> None:
        """Change the items of the batch; where that is not possible, report the items as remaining."""
        items, self._batch, self._batch_bytes = self._batch, [], 0
        try:
            self._change(table, items)
        except (Invalid, Damaged):
            for item in items:
                self._change_alone(table, item)

    def _change_alone(self, table: Table, item: Item) -> None:
        try:
            self._change(table, [item])
        except (Invalid, Damaged) as refused:  # too large, its new key is taken, or a value is none that counts
            self._report_remaining(table, item, refused.message)

    def _change(self, table: Table, items: list[Item]) -> None:
        """Change items; read them again and retry when others changed them."""
        for _ in range(TRIES):
            writes = self._eraser.writes(table, items)
            if not writes:
                return
            self._renew_previews(table, items)
            try:
                self.store.transact(*writes)
            except ConditionFailed as failed:
                found = [self.store.get(table, table.key_of(item)) for item in items]
                if found == items and any(isinstance(writes[position], Put) for position in failed.failures):
                    raise Invalid("something else lies where the item would move to") from None
                items = [item for item in found if item is not None]
                continue
            self.changed[table.name] += len(items)
            return
        raise Unavailable(f"{table.name} changes too fast; run the same command again to go on")

    def _renew_previews(self, table: Table, items: list[Item]) -> None:
        """Renew the previews that show messages which are about to change.

        This precedes the change of the messages, since after a crash only unchanged messages are found again.
        """
        for item in items if table is MESSAGES else ():
            before = text_in(item, "message_text")
            after = text_in(self.rules.erased(MESSAGES, item), "message_text")
            if preview(before) != preview(after):
                self._set_preview(item, preview(after))

    def _set_preview(self, message: Item, text: str) -> None:
        conversation = find_by_id(self.store, CONVERSATIONS, message["conversation_id"])
        if conversation is None or not _shows(conversation, message) or conversation["last_message"] == text:
            return
        as_read = unchanged(conversation, "last_message_id", "last_message")
        change = Update(CONVERSATIONS, CONVERSATIONS.key_of(conversation), set={"last_message": text}, when=as_read)
        try:
            self.store.transact(change)
        except ConditionFailed:  # a newer message has replaced the preview
            return


def _shows(conversation: Item, message: Item) -> bool:
    """Return whether a conversation's preview is that of a message; where it names none, by its beginning."""
    shown = text_in(conversation, "last_message").removesuffix("…")
    if "last_message_id" in conversation:
        return bool(shown) and conversation["last_message_id"] == message["message_id"]
    return bool(shown) and text_in(message, "message_text").startswith(shown)
