"""Marks messages read and keeps the unread counters exact; messages that arrive meanwhile stay unread."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

from commercive_cli.domain.models import Conversation, Message, SenderType
from commercive_cli.services.chat.messages import is_native
from commercive_cli.services.chat.sending import conversation_not_found
from commercive_cli.store.items import Item, Key
from commercive_cli.store.limits import TRANSACTION_WRITES
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import ConditionFailed, Query, Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES
from commercive_cli.store.writes import Equals, Exists, Update

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


def mark_read(store: Store, conversation: Conversation, reader: ReadSide) -> int:
    """Mark the messages that were unread when `conversation` was read; return how many changed.

    Costs one query back from the newest message, and one transaction per 99 unread messages.
    """
    conversation.require(reader.counter, "created_at")
    count = getattr(conversation, reader.counter)
    unread = islice(_unread(store, conversation, reader, count), max(count, 0))
    marked = 0
    while chunk := list(islice(unread, CHUNK)):
        marked += _mark(store, conversation, reader, chunk)
    return marked


def _unread(store: Store, conversation: Conversation, reader: ReadSide, count: int) -> Iterator[Item]:
    """Yield the other side's unread messages, without any that is newer than `conversation`."""
    native = is_native(conversation.conversation_id)
    for item in _back_from_last(store, conversation, count) if native else _oldest_first(store, conversation):
        if item.get("sender_type") == reader.writes_from and item.get("is_read") is False:
            yield item


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
    known = ((Message.of(item).created_at, item) for item in items)
    return [item for at, item in sorted(known, key=itemgetter(0)) if last is None or at <= last]


def _mark(store: Store, conversation: Conversation, reader: ReadSide, chunk: list[Item]) -> int:
    """Mark a chunk in one transaction; messages that another request marked meanwhile are left out of the count."""
    place: Key = {"conversation_id": conversation.conversation_id, "created_at": conversation.created_at}
    while chunk:
        counted = Update(CONVERSATIONS, place, add={reader.counter: -len(chunk)}, when=Exists())
        try:
            store.transact(counted, *map(_marked, chunk))
            return len(chunk)
        except ConditionFailed as failed:
            if 0 in failed.failures:
                raise conversation_not_found(conversation.conversation_id) from None
            chunk = [item for position, item in enumerate(chunk, 1) if position not in failed.failures]
    return 0


def _marked(item: Item) -> Update:
    key = MESSAGES.key_of(item)
    return Update(MESSAGES, key, set={"is_read": True}, when=Equals("is_read", value=False))
