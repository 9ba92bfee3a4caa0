"""Reads the messages of one conversation in order of time, strongly consistent, for native and imported ids."""

import json
from dataclasses import dataclass, replace

from commercive_cli.domain.clock import FAR_FUTURE
from commercive_cli.domain.ids import created_at_of, first_id
from commercive_cli.domain.models import Message
from commercive_cli.store.cursor import (
    check_start,
    decode_cursor,
    decode_key,
    decode_time_and_id,
    encode_cursor,
    invalid_cursor,
)
from commercive_cli.store.items import Key
from commercive_cli.store.pages import first_items, query_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import MESSAGES


@dataclass(frozen=True)
class MessageQuery:
    """Which messages of a conversation: those after `since` (ms), at most `limit`, from `cursor` on."""

    conversation_id: str
    since: int | None = None
    limit: int | None = None
    cursor: str | None = None

    @property
    def listing(self) -> str:
        """Return the name that cursors of this query are bound to."""
        return json.dumps([MESSAGES.name, self.conversation_id, self.since])


def read_messages(store: Store, wanted: MessageQuery) -> tuple[list[Message], str | None]:
    """Return the messages, oldest first, and the cursor of the next page, or None after the last.

    Conversations that this program created have UUIDv7 message ids, so the table's key is in order of time: one query
    a page. Imported conversations (with any other id) are read whole and sorted.
    """
    read = _read_by_key if is_native(wanted.conversation_id) else _read_whole
    messages, more = read(store, wanted)
    return messages, encode_cursor(wanted.listing, more) if more else None


def newest_message(store: Store, conversation_id: str) -> Message | None:
    """Return the last message of a conversation, or None when it has none."""
    tail = read_tail(store, conversation_id, 1)
    return tail[-1] if tail else None


def latest_time(store: Store, conversation_id: str) -> int:
    """Return the latest time (ms) of a conversation's messages, by their ids where those tell it; 0 without any."""
    native = is_native(conversation_id)
    found = read_tail(store, conversation_id, 1) if native else read_messages(store, MessageQuery(conversation_id))[0]
    times = ((native and created_at_of(each.message_id)) or each.created_at for each in found)
    return max((at for at in times if at < FAR_FUTURE), default=0)


def read_tail(store: Store, conversation_id: str, count: int, since: int | None = None) -> list[Message]:
    """Return the last `count` messages after `since`, oldest first."""
    if not is_native(conversation_id):
        return read_messages(store, MessageQuery(conversation_id, since))[0][-count:]
    query = replace(_by_key(MessageQuery(conversation_id, since)), descending=True)
    items, _ = first_items(store, query, count)
    return [Message.of(item) for item in reversed(items)]


def since_message(store: Store, conversation_id: str, message_id: str) -> list[Message]:
    """Return the messages after the one with `message_id`; all of them when there is no such message."""
    messages = read_messages(store, MessageQuery(conversation_id))[0]
    ids = [message.message_id for message in messages]
    return messages[ids.index(message_id) + 1 :] if message_id in ids else messages


def is_native(conversation_id: str) -> bool:
    """Return whether this program made the id, so that its message ids are in order of time."""
    return created_at_of(conversation_id) is not None


def _by_key(wanted: MessageQuery) -> Query:
    since = None if wanted.since is None else first_id(wanted.since + 1)
    start = _start(wanted, since) if wanted.cursor else None
    return Query(MESSAGES, wanted.conversation_id, since=since, start=start)


def _start(wanted: MessageQuery, since: str | None) -> Key:
    key = decode_key(MESSAGES, decode_cursor(wanted.listing, wanted.cursor or ""))
    if key[MESSAGES.partition.name] != wanted.conversation_id:
        raise invalid_cursor()
    check_start(key["message_id"], since)
    return key


def _read_by_key(store: Store, wanted: MessageQuery) -> tuple[list[Message], Key | None]:
    items, more = first_items(store, _by_key(wanted), wanted.limit)
    return [Message.of(item) for item in items], more


def _read_whole(store: Store, wanted: MessageQuery) -> tuple[list[Message], Key | None]:
    messages = sorted(map(Message.of, query_items(store, Query(MESSAGES, wanted.conversation_id))), key=_place)
    if wanted.since is not None:
        messages = [message for message in messages if message.created_at > wanted.since]
    if wanted.cursor:
        after = decode_time_and_id(decode_cursor(wanted.listing, wanted.cursor).get("after"))
        messages = [message for message in messages if _place(message) > after]
    if wanted.limit is None or len(messages) <= wanted.limit:
        return messages, None
    return messages[: wanted.limit], {"after": list(_place(messages[wanted.limit - 1]))}


def _place(message: Message) -> tuple[int, str]:
    return message.created_at, message.message_id
