"""Makes the feeds of what happens in conversations: each thing once and in order, from now or from a cursor on."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from commercive_cli.domain.answers.changes import Change
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import Conversation
from commercive_cli.domain.text import actor_id
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.access.stored_ids import StoredIds
from commercive_cli.services.chat.claims import held_by
from commercive_cli.services.chat.reading import conversation_not_found
from commercive_cli.services.chat.thread_feed import HeldFeed, Seen, ThreadsFeed, decoded_threads
from commercive_cli.services.chat.whole_feed import WholeFeed, is_about_waiting, is_anything
from commercive_cli.store.cursor import invalid_cursor
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS

MOST_THREADS = 100
"""Conversations that can be followed by id: one request reads so many."""


class Feed(Protocol):
    """What happens in some conversations."""

    @property
    def cursor(self) -> str:
        """Return the token with which another feed goes on behind everything that this one has told."""
        ...

    def poll(self) -> Iterator[Change]:
        """Yield what has happened since; after an error the next call tells the rest, nothing twice."""
        ...


@dataclass(frozen=True)
class FeedService:
    """Makes feeds. A cursor must be of a feed of the same store and the same conversations, else Invalid is raised."""

    store: Store
    clock: Clock = system_clock

    def threads(self, ids: Sequence[str], cursor: str | None = None) -> ThreadsFeed:
        """Return the feed of 1 to 100 conversations; raise NotFound when there is no such conversation."""
        if not 0 < len(set(ids)) <= MOST_THREADS:
            raise Invalid(f"at most {MOST_THREADS} conversations can be watched by id; without an id, all are")
        found = [self._conversation(StoredIds(self.store).conversation(each)) for each in dict.fromkeys(ids)]
        keys = {each.conversation_id: CONVERSATIONS.key_of(dict(each)) for each in found}
        listing = self._listing("threads", *sorted(keys))
        if cursor is None:
            seen = {each.conversation_id: Seen.of(each, self.clock()) for each in found}
        else:
            seen = decoded_threads(listing, cursor)
        if seen.keys() != keys.keys():
            raise invalid_cursor()
        return ThreadsFeed(self.store, self.clock, listing, seen, keys)

    def held(self, holder: str, cursor: str | None = None) -> HeldFeed:
        """Return the feed of what somebody holds; what has happened in what they hold now, was told."""
        by = actor_id(holder)
        listing = self._listing("held", by)
        if cursor is None:
            claims = held_by(self.store, by, self.clock())
            items = (find_by_id(self.store, CONVERSATIONS, each.conversation_id) for each in claims)
            found = (Conversation.of(item) for item in items if item is not None)
            seen = {each.conversation_id: Seen.of(each, self.clock()) for each in found}
        else:
            seen = decoded_threads(listing, cursor)
        return HeldFeed(self.store, self.clock, listing, seen, by)

    def whole(self, cursor: str | None = None, *, waiting: bool = False) -> WholeFeed:
        """Return the feed of all conversations, or of what lets users wait in them and what ends that."""
        listing = self._listing("waiting" if waiting else "all")
        keep = is_about_waiting if waiting else is_anything
        if cursor is None:
            return WholeFeed.from_now(self.store, self.clock, listing, keep)
        return WholeFeed.from_cursor(self.store, self.clock, listing, keep, cursor)

    def _conversation(self, conversation_id: str) -> Conversation:
        item = find_by_id(self.store, CONVERSATIONS, conversation_id)
        if item is None:
            raise conversation_not_found(conversation_id)
        return Conversation.of(item)

    def _listing(self, *words: str) -> str:
        return json.dumps(["watch", self.store.target, *words])
