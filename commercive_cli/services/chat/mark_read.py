"""Marks messages read and keeps the unread counters exact; messages that arrive meanwhile stay unread."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

from commercive_cli.domain.answers.chat import MarkedRead
from commercive_cli.domain.clock import Clock
from commercive_cli.domain.models import Conversation, Message, SenderType
from commercive_cli.services.access.parts import after_a_part
from commercive_cli.services.chat.messages import is_native
from commercive_cli.services.chat.reading import conversation_not_found
from commercive_cli.services.records.idempotency import KeyedRequest, write_once, write_part
from commercive_cli.services.records.rate_limits import UNLIMITED, Limits
from commercive_cli.store.items import Item, Key
from commercive_cli.store.limits import TRANSACTION_WRITES
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import ConditionFailed, Query, Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES
from commercive_cli.store.writes import Equals, Exists, Update, Write

CHUNK = TRANSACTION_WRITES - 1
_PAGE = 100


@dataclass(frozen=True)
class ReadSide:
    """One side as reader: the sender type of the messages it reads, and the counter of those that are unread."""

    writes_from: SenderType
    counter: str


READ_SIDES: dict[SenderType, ReadSide] = {
    "user": ReadSide("admin", "unread_user"),
    "admin": ReadSide("user", "unread_admin"),
}


@dataclass(frozen=True)
class ReadMarker:
    """Marks messages read for one side; a `request` is carried out once, and only then counted in the `limits`.

    Marking what is unread ends by itself; the claim of a key is one more item each time.
    """

    store: Store
    clock: Clock
    reader: ReadSide
    request: KeyedRequest | None = None
    limits: Limits = UNLIMITED

    def mark(self, conversation: Conversation, seen: Message | None = None) -> MarkedRead:
        """Mark the messages that were unread when `conversation` was read, none behind `seen`; tell how many changed.

        Costs one query back from the newest message, and one transaction per 99 unread messages, 98 with a key, less
        with limits. The last one claims the key. Raises TooMany at a limit.
        """
        conversation.require(self.reader.counter, "created_at")
        keys = [MESSAGES.key_of(item) for item in self._unread(conversation, seen)]
        size = CHUNK if self.request is None else CHUNK - 1 - len(self.limits.each)
        chunks = [keys[start : start + size] for start in range(0, len(keys), size)] or [[]]
        marked = MarkedRead(conversation_id=conversation.conversation_id, marked=0)
        if len(chunks) > 1 and self.request is not None:
            self.limits.check(self.store, self.clock)
        with after_a_part(lambda: f"messages marked read: {marked.marked}" if marked.marked else ""):
            for number, chunk in enumerate(chunks, 1):
                marked = self._mark(conversation, chunk, marked, is_last=number == len(chunks))
        return marked

    def _unread(self, conversation: Conversation, seen: Message | None) -> list[Item]:
        """Return the other side's unread messages up to `seen`, without any that is newer than `conversation`."""
        count = max(getattr(conversation, self.reader.counter), 0)
        if not is_native(conversation.conversation_id):
            return self._unread_by_time(conversation, count, seen)
        unread = islice(filter(self._is_unread, _back_from_last(self.store, conversation, count)), count)
        return [item for item in unread if seen is None or item["message_id"] <= seen.message_id]

    def _unread_by_time(self, conversation: Conversation, count: int, seen: Message | None) -> list[Item]:
        """Return the unread messages of an imported conversation, where the counter tells what was read, not the flags.

        Of what is flagged as unread up to `seen`, the newest were not read before: as many as the counter has beyond
        those behind `seen`.
        """
        unread = list(filter(self._is_unread, _oldest_first(self.store, conversation)))
        if seen is None:
            return unread[:count]
        shown = [item for item in unread if _place(item) <= _place(seen.item())]
        behind = len(unread) - len(shown)
        return shown[len(shown) - min(max(count - behind, 0), len(shown)) :]

    def _is_unread(self, item: Item) -> bool:
        return item.get("sender_type") == self.reader.writes_from and item.get("is_read") is False

    def _mark(self, conversation: Conversation, chunk: list[Key], before: MarkedRead, *, is_last: bool) -> MarkedRead:
        """Mark a chunk in one transaction; messages that another request marked meanwhile are left out of the count."""
        while True:
            marked = before.model_copy(update={"marked": before.marked + len(chunk)})
            writes = self._writes(conversation, chunk)
            try:
                if is_last:
                    counting = self.store if self.request is None else self.limits.counting(self.store, self.clock)
                    write_once(counting, self.request, self.clock(), marked, *writes)
                elif writes:
                    write_part(self.store, self.request, *writes)
            except ConditionFailed as failed:
                if 0 in failed.failures:
                    raise conversation_not_found(conversation.conversation_id) from None
                chunk = [key for position, key in enumerate(chunk, 1) if position not in failed.failures]
            else:
                return marked

    def _writes(self, conversation: Conversation, chunk: list[Key]) -> list[Write]:
        if not chunk:
            return []
        place: Key = {"conversation_id": conversation.conversation_id, "created_at": conversation.created_at}
        counted = Update(CONVERSATIONS, place, add={self.reader.counter: -len(chunk)}, when=Exists())
        return [counted, *map(_marked, chunk)]


def _back_from_last(store: Store, conversation: Conversation, count: int) -> Iterator[Item]:
    # `until` excludes messages that arrived after the conversation was read; they stay unread.
    # Unread messages are mostly the newest, and without a limit a page of a long conversation would be 1 MB.
    query = Query(
        MESSAGES,
        conversation.conversation_id,
        until=conversation.last_message_id,
        descending=True,
        limit=max(_PAGE, 2 * count),
    )
    return query_items(store, query)


def _oldest_first(store: Store, conversation: Conversation) -> list[Item]:
    # Imported message ids are not in order of time, so messages that arrived since are excluded by their times.
    items = query_items(store, Query(MESSAGES, conversation.conversation_id))
    last = conversation.last_message_at
    known = ((_place(item), item) for item in items)
    return [item for place, item in sorted(known, key=itemgetter(0)) if last is None or place[0] <= last]


def _place(item: Item) -> tuple[int, str]:
    return Message.of(item).created_at, item["message_id"]


def _marked(key: Key) -> Update:
    return Update(MESSAGES, key, set={"is_read": True}, when=Equals("is_read", value=False))
