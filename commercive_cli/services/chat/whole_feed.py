"""The feed of all conversations, which is read from an index that may lag behind, and from clocks that differ."""

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from itertools import chain

from commercive_cli.domain.answers.changes import Change
from commercive_cli.domain.clock import Clock
from commercive_cli.domain.models import CONVERSATION_STATUSES, Conversation
from commercive_cli.domain.workers import Workers
from commercive_cli.services.chat.happenings import (
    LONGEST_CURSOR,
    Happening,
    happenings,
    latest_place,
    place_behind,
    time_of,
)
from commercive_cli.services.chat.thread_feed import is_number
from commercive_cli.services.chat.threads import READ_AHEAD
from commercive_cli.services.chat.waiting import ASKING, ends_waiting
from commercive_cli.store.cursor import decode_cursor, encode_cursor, invalid_cursor
from commercive_cli.store.pages import query_pages
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import CONVERSATIONS

OVERLAP_MS = 60_000
"""How far the clock of a writer may be behind the store's and the index behind the table, both together."""
MOST_REMEMBERED = 4_000
"""Conversations that a cursor remembers; where more change within the overlap, that of its cursors is shorter."""

_INDEX = "ConversationStatusIndex"
_NAME_BYTES, _PLACE_BYTES = 8, 6
_ENTRY_BYTES = _NAME_BYTES + _PLACE_BYTES

Keep = Callable[[Happening], bool]


class WholeFeed:
    """What happens in all conversations, of which `keep` lets through some.

    Where nothing does, it costs a page of each status. Else it asks for the store's time, too, and each conversation
    that changed costs one request.

    Whatever happens must stand in the index within `OVERLAP_MS` of its time, by the store's clock. So the window that
    is read begins so long before the store's time at the latest poll, and what was told of the conversations in it is
    remembered: everything up to `_since` (ms) was told, and of conversations in `_seen` everything up to their place.
    """

    def __init__(
        self, store: Store, clock: Clock, listing: str, keep: Keep, since: int, seen: dict[bytes, int]
    ) -> None:
        self._store = store
        self._clock = clock
        self._listing = listing
        self._keep = keep
        self._since = since
        self._seen = seen

    @classmethod
    def from_now(cls, store: Store, clock: Clock, listing: str, keep: Keep) -> "WholeFeed":
        """Return a feed for which everything that stands in the index was told."""
        feed = cls(store, clock, listing, keep, store_time(store, clock) - OVERLAP_MS, {})
        feed._remember(feed._changed())
        return feed

    @classmethod
    def from_cursor(cls, store: Store, clock: Clock, listing: str, keep: Keep, cursor: str) -> "WholeFeed":
        """Return a feed that goes on where another one was; raise Invalid when that is not known."""
        match decode_cursor(listing, cursor, longest=LONGEST_CURSOR):
            case {"since": since, "seen": str() as packed} if is_number(since):
                return cls(store, clock, listing, keep, since, _unpacked(packed))
        raise invalid_cursor()

    @property
    def cursor(self) -> str:
        """Return where the window begins, and what was told of the conversations in it, of many the latest."""
        forgotten, seen = _latest(self._seen)
        since = max(self._since, time_of(forgotten))
        return encode_cursor(self._listing, {"since": since, "seen": _packed(seen)})

    def poll(self) -> Iterator[Change]:
        """Yield what has happened, in order of time; what comes late into the index comes late."""
        if not self._seen and not self._changed():
            return
        # The time is asked for before the index is read: what is older than the overlap then, stands in the index.
        settled = store_time(self._store, self._clock) - OVERLAP_MS
        changed = self._changed()
        for happening in sorted(self._happenings(changed), key=lambda each: each.place):
            self._seen[_short(happening.conversation)] = happening.place
            self._move_on(min(time_of(happening.place) - 1, settled))  # others of the same time are not told yet
            if self._keep(happening):
                yield happening.told(self.cursor)
        self._remember(changed)
        self._move_on(settled)

    def _changed(self) -> list[Conversation]:
        """Return the newest copies of the conversations in the window of which not everything was told."""
        newest: dict[str, Conversation] = {}
        now = self._clock()
        for found in self._window():
            known = newest.get(found.conversation_id)
            if latest_place(found, now) > self._place(found) and (known is None or found.updated_at > known.updated_at):
                newest[found.conversation_id] = found
        return list(newest.values())

    def _window(self) -> Iterator[Conversation]:
        """Yield what stands in the index; a conversation that changes meanwhile may be met twice."""
        for status in CONVERSATION_STATUSES:
            for page in query_pages(self._store, Query(CONVERSATIONS, status, _INDEX, since=self._since)):
                yield from map(Conversation.of, page.items)

    def _place(self, conversation: Conversation) -> int:
        return self._seen.get(_short(conversation), place_behind(self._since))

    def _happenings(self, changed: Sequence[Conversation]) -> list[Happening]:
        now = self._clock()

        def of_one(conversation: Conversation) -> list[Happening]:
            return happenings(self._store, conversation, self._place(conversation), now)

        if self._store.scans_at_once == 1 or len(changed) < 2:  # threads would wait for Python's lock
            return list(chain.from_iterable(map(of_one, changed)))
        with Workers(READ_AHEAD) as pool:
            reading = [pool.submit(partial(of_one, each)) for each in changed]
            return list(chain.from_iterable(each.result() for each in reading))

    def _remember(self, told: Sequence[Conversation]) -> None:
        now = self._clock()
        for each in told:
            self._seen[_short(each)] = max(self._place(each), latest_place(each, now))

    def _move_on(self, at: int) -> None:
        """Let the window begin behind a time (ms), and forget the conversations that are no longer in it."""
        if at > self._since:
            self._since = at
            self._seen = {name: place for name, place in self._seen.items() if time_of(place) > at}


def store_time(store: Store, clock: Clock) -> int:
    """Return the store's time (ms), to the second where it tells no more; this machine's where it tells none."""
    told = store.clock().now
    return clock() if told is None else told


def is_anything(_: Happening) -> bool:
    """Keep everything."""
    return True


def is_about_waiting(happening: Happening) -> bool:
    """Keep what lets a user wait for an answer, and what ends that."""
    conversation, message = happening.conversation, happening.message
    if message is None:
        return happening.event == "closed" or conversation.waiting_since is not None
    asked = conversation.human_requested
    return message.sender_type == ASKING or ends_waiting(message.sender_type, human_requested=asked)


def _short(conversation: Conversation) -> bytes:
    """Return a name that is short enough for a cursor; that two conversations have the same is beyond chance."""
    name = conversation.conversation_id.encode("utf-8", "surrogatepass")
    return blake2b(name, digest_size=_NAME_BYTES).digest()


def _latest(seen: Mapping[bytes, int]) -> tuple[int, Mapping[bytes, int]]:
    """Return the latest place for which a cursor has no room, or 0, and those that it holds."""
    if len(seen) <= MOST_REMEMBERED:
        return 0, seen
    by_place = sorted(seen.items(), key=lambda pair: pair[1])
    return by_place[-MOST_REMEMBERED - 1][1], dict(by_place[-MOST_REMEMBERED:])


def _packed(seen: Mapping[bytes, int]) -> str:
    return b64encode(b"".join(name + place.to_bytes(_PLACE_BYTES, "big") for name, place in seen.items())).decode()


def _unpacked(text: str) -> dict[bytes, int]:
    try:
        packed = b64decode(text, validate=True)
    except (NoBase64, ValueError):
        raise invalid_cursor() from None
    if len(packed) % _ENTRY_BYTES:
        raise invalid_cursor()
    entries = (packed[start : start + _ENTRY_BYTES] for start in range(0, len(packed), _ENTRY_BYTES))
    return {each[:_NAME_BYTES]: int.from_bytes(each[_NAME_BYTES:], "big") for each in entries}
