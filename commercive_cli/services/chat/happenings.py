"""What happened in one conversation since a place in its history: messages, and that it was closed or opened again.

A place is twice the time in milliseconds, plus one for a change of the status, which comes behind a message of that
time. Times within a conversation strictly increase, so a place divides what was told from what was not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commercive_cli.domain.clock import CLOCKS_DIFFER_MS, FAR_FUTURE
from commercive_cli.domain.ids import created_at_of, first_id
from commercive_cli.domain.models import Conversation, Message
from commercive_cli.services.chat.messages import MessageQuery, is_native, read_messages
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import MESSAGES

if TYPE_CHECKING:
    from commercive_cli.domain.answers.changes import Change, Event

LONGEST_CURSOR = 131_072
"""Characters of a cursor of a feed; Linux takes no longer argument."""


@dataclass(frozen=True)
class Happening:
    """Something that happened in a conversation, and its place in the history; `message` is None for its status."""

    event: "Event"
    place: int
    conversation: Conversation
    message: Message | None = None

    def told(self, cursor: str) -> "Change":
        """Return it as it is told, with the cursor to go on with."""
        from commercive_cli.domain.answers.changes import Change  # imported late, as only watches tell what happened

        return Change(
            event=self.event,
            cursor=cursor,
            at=time_of(self.place),
            message=self.message,
            conversation=self.conversation,
        )


def place_at(at: int) -> int:
    """Return the place of a message of a time (ms); of times that are none, which others may store, the nearest one."""
    return 2 * min(max(at, 0), FAR_FUTURE - 1)


def place_behind(at: int) -> int:
    """Return the place behind everything of a time (ms) and before."""
    return place_at(at) + 1


def time_of(place: int) -> int:
    """Return the time (ms) of a place."""
    return place // 2


def latest_place(conversation: Conversation, now: int) -> int:
    """Return the place behind everything that this copy of a conversation knows of at `now` (ms)."""
    return place_behind(changed_at(conversation, now))


def changed_at(conversation: Conversation, now: int) -> int:
    """Return the time of the last change; one that is to come, and stands for nothing, would hide what comes first."""
    at, last = conversation.updated_at, conversation.last_message_id
    if at <= now + CLOCKS_DIFFER_MS:
        return at
    message_at = (created_at_of(last) if last else None) or _last_message_at(conversation) or 0
    return min(at, max(conversation.created_at, conversation.closed_at or 0, message_at))


def happenings(store: Store, conversation: Conversation, after: int, now: int) -> list[Happening]:
    """Return what happened behind the place `after`, as far as this copy of the conversation knows of it, in order.

    What came later is left out: of that, somebody could still be writing the part that comes first. A conversation that
    was closed and opened again meanwhile, or the other way round, is as it was.
    """
    told = [
        Happening("message", place_at(_time_of_message(message)), conversation, message)
        for message in _messages(store, conversation, time_of(after))
    ]
    status = _last_change_of_status(conversation, now)
    found = [*told, status] if status else told
    return [each for each in found if each.place > after]


def _messages(store: Store, conversation: Conversation, since: int) -> Iterable[Message]:
    """Return the messages after `since` up to the last change of the conversation; none without a read, if it can."""
    name, until, last = conversation.conversation_id, conversation.updated_at, _last_message_at(conversation)
    if last is not None and last <= since:
        return ()
    if is_native(name):
        query = Query(MESSAGES, name, since=first_id(since + 1), until=first_id(until + 1))
        return map(Message.of, query_items(store, query))
    found, _ = read_messages(store, MessageQuery(name, since))
    return [message for message in found if message.created_at <= until]


def _time_of_message(message: Message) -> int:
    return created_at_of(message.message_id) or message.created_at


def _last_change_of_status(conversation: Conversation, now: int) -> Happening | None:
    if conversation.status == "closed" and conversation.closed_at is not None:
        return Happening("closed", place_behind(conversation.closed_at), conversation)
    last = _last_message_at(conversation)
    if conversation.status == "open" and last is not None and changed_at(conversation, now) > last:
        return Happening("reopened", latest_place(conversation, now), conversation)  # nothing else moves it
    return None


def _last_message_at(conversation: Conversation) -> int | None:
    return None if "last_message_at" in conversation.damaged else conversation.last_message_at
