"""The feeds of conversations that are named, and of those that somebody holds: consistent reads, nothing is missed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from commercive_cli.domain.answers.changes import Change
from commercive_cli.domain.clock import FAR_FUTURE, Clock
from commercive_cli.domain.models import Conversation, ConversationClaim
from commercive_cli.domain.text import identifier
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.chat.claims import held_by
from commercive_cli.services.chat.happenings import (
    LONGEST_CURSOR,
    Happening,
    happenings,
    latest_place,
    place_at,
    place_behind,
)
from commercive_cli.services.chat.reading import conversation_not_found
from commercive_cli.store.cursor import decode_cursor, encode_cursor, invalid_cursor
from commercive_cli.store.items import Key
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS


@dataclass
class Seen:
    """How far a conversation was told: a place, and how many messages its user had not read, None if unknown."""

    place: int
    unread: int | None = None

    @classmethod
    def of(cls, conversation: Conversation, now: int) -> "Seen":
        """Return the place behind everything that has happened by `now` (ms)."""
        return cls(latest_place(conversation, now), conversation.unread_user)


class ThreadsFeed:
    """What happens in conversations that are named.

    Where nothing does, it costs one request for a hundred of them; each that changed costs one more. The conversation
    is read first, and then its messages up to what that says: so nothing can come before what was told.
    """

    def __init__(
        self, store: Store, clock: Clock, listing: str, seen: dict[str, Seen], keys: Mapping[str, Key]
    ) -> None:
        self._store = store
        self._clock = clock
        self._listing = listing
        self._seen = seen
        self._keys = dict(keys)

    @property
    def cursor(self) -> str:
        """Return how far each conversation was told."""
        seen = {name: [each.place, each.unread] for name, each in self._seen.items()}
        return encode_cursor(self._listing, {"seen": seen})

    def has_told(self, conversation_id: str, at: int) -> bool:
        """Return whether a message of that time (ms) was told, or stood there when the feed began."""
        return place_at(at) <= self._seen[conversation_id].place

    def poll(self) -> Iterator[Change]:
        """Yield what has happened; raise NotFound when a conversation is gone."""
        found = self._changed()
        now = self._clock()
        told = [happenings(self._store, each, self._seen[each.conversation_id].place, now) for each in found]
        for happening in sorted(chain.from_iterable(told), key=lambda each: each.place):
            self._tell(happening)
            yield happening.told(self.cursor)
        for conversation in found:
            seen = self._seen[conversation.conversation_id]
            expected, seen.unread = seen.unread, conversation.unread_user
            seen.place = max(seen.place, latest_place(conversation, now))
            if expected is not None and conversation.unread_user < expected:
                yield Change(event="read", cursor=self.cursor, at=self._clock(), conversation=conversation)

    def _changed(self) -> list[Conversation]:
        """Return the conversations that are not as they were told."""
        items = self._store.batch_get(CONVERSATIONS, [self._keys[name] for name in self._seen]) if self._seen else []
        found = [Conversation.of(item) for item in items]
        for name in self._seen.keys() - {each.conversation_id for each in found}:
            self._miss(name)
        now = self._clock()
        return [each for each in found if _is_news(each, self._seen[each.conversation_id], now)]

    def _miss(self, conversation_id: str) -> None:
        raise conversation_not_found(conversation_id)

    def _tell(self, happening: Happening) -> None:
        seen, message = self._seen[happening.conversation.conversation_id], happening.message
        seen.place = happening.place
        if seen.unread is not None and message is not None and message.sender_type == "admin":
            seen.unread += 1


class HeldFeed(ThreadsFeed):
    """What happens in the conversations that somebody holds, from the claim on to what ends it.

    Where nothing does, it costs at most three requests for a hundred of them.
    """

    def __init__(self, store: Store, clock: Clock, listing: str, seen: dict[str, Seen], holder: str) -> None:
        super().__init__(store, clock, listing, seen, {})
        self._holder = holder

    def poll(self) -> Iterator[Change]:
        """Yield what has happened; of what is no longer held, for the last time."""
        held = {claim.conversation_id: claim for claim in held_by(self._store, self._holder, self._clock())}
        self._follow(held)
        yield from super().poll()
        for name in self._seen.keys() - held.keys():
            self._miss(name)

    def _follow(self, held: Mapping[str, ConversationClaim]) -> None:
        for name, claim in held.items():
            self._seen.setdefault(name, Seen(_begin_of(claim)))
        for name in [each for each in self._seen if each not in self._keys]:
            item = find_by_id(self._store, CONVERSATIONS, name)
            if item is None:
                self._miss(name)
            else:
                self._keys[name] = CONVERSATIONS.key_of(item)

    def _miss(self, conversation_id: str) -> None:
        del self._seen[conversation_id]


def _begin_of(claim: ConversationClaim) -> int:
    """Return the place behind what stood in a conversation when it was claimed."""
    return place_behind(claim.claimed_at if claim.seen_at is None else claim.seen_at)


def _is_news(conversation: Conversation, seen: Seen, now: int) -> bool:
    return latest_place(conversation, now) > seen.place or conversation.unread_user != seen.unread


def decoded_threads(listing: str, cursor: str) -> dict[str, Seen]:
    """Return how far each conversation was told by the feed that made a cursor."""
    seen = decode_cursor(listing, cursor, longest=LONGEST_CURSOR).get("seen")
    if not isinstance(seen, dict):
        raise invalid_cursor()
    return {identifier(name, "cursor"): _decoded_seen(each) for name, each in seen.items()}


def _decoded_seen(part: Any) -> Seen:
    match part:
        case [place, unread] if is_number(place, 2 * FAR_FUTURE) and (unread is None or is_number(unread)):
            return Seen(place, unread)
    raise invalid_cursor()


def is_number(value: object, limit: int = FAR_FUTURE) -> bool:
    """Return whether a part of a decoded cursor is a whole number from 0 to below a limit."""
    return type(value) is int and 0 <= value < limit
