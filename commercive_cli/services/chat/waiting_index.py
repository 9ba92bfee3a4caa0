"""The waiting index: the list of conversations that have waited longest, and filling the index."""

import heapq
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from commercive_cli.domain.attributes import UNREADABLE
from commercive_cli.domain.clock import CLOCKS_DIFFER_MS, Clock, system_clock
from commercive_cli.domain.models import SNOOZED, WAITING_FOR, Conversation, Snooze
from commercive_cli.services.access.paging import IndexQuery, stream_items
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.messages import latest_time
from commercive_cli.services.chat.snoozing import all_due, read_due
from commercive_cli.store.cursor import decode_cursor, decode_time_and_id, encode_cursor, invalid_cursor
from commercive_cli.store.items import Item
from commercive_cli.store.limits import SORT_KEY_BYTES
from commercive_cli.store.pages import query_pages
from commercive_cli.store.port import ConditionFailed, IndexNotReady, Query, Store
from commercive_cli.store.schema import CONVERSATIONS
from commercive_cli.store.writes import Update, unchanged

WAITING_INDEX = "ConversationWaitingIndex"
_PLACED_BY = {UNREADABLE, "status", "updated_at", "waiting_since"}
"""Where one of these is damaged, nobody can say where in the queue a conversation stands."""


@dataclass(frozen=True)
class WaitingPage:
    """A page of those who wait, the cursor of the next one, and the snoozes that have ended which it took in."""

    conversations: list[Conversation]
    next_cursor: str | None
    due: list[Snooze]


@dataclass(frozen=True)
class _Position:
    """Where a page begins: behind a place in the queue, among what is due behind `begin` and up to `end`."""

    after: tuple[int, str] = (0, "")
    begin: str = ""
    end: str = ""

    @classmethod
    def of(cls, listing: str, cursor: str | None) -> "_Position":
        """Return the position in a cursor; raise Invalid when it is of another listing."""
        if cursor is None:
            return cls()
        position = decode_cursor(listing, cursor)
        match position.get("due", ["", ""]):  # cursors of earlier versions have none
            case [str() as begin, str() as end] if max(len(begin.encode()), len(end.encode())) <= SORT_KEY_BYTES:
                return cls(decode_time_and_id(position.get("after")), begin, end)
        raise invalid_cursor()

    def cursor(self, listing: str) -> str:
        """Return the position as a cursor."""
        return encode_cursor(listing, {"after": self.after, "due": [self.begin, self.end]})


def read_waiting(store: Store, wanted: ConversationFilter, limit: int, cursor: str | None, at: int) -> WaitingPage:
    """Return up to `limit` conversations that wait for an answer at `at` (ms), longest first.

    What is due, a page of the waiting index, and its items: three requests. While that index is not ready, every open
    conversation is looked at. Those that are put off are left out, unless that has ended. Where more than 500 have
    ended and nobody has moved them back yet, the others stand behind all that waits.
    """
    listing = f"waiting|{wanted}"
    position = _Position.of(listing, cursor)
    due, end = read_due(store, at, position.begin, position.end)
    try:
        found, following = _from_index(store, wanted, limit, replace(position, end=end), due)
    except IndexNotReady:
        ended = {each.conversation_id for each in all_due(store, at)}
        first = heapq.nsmallest(limit + 1, _by_status(store, wanted, position.after, ended), key=waiting_place)
        found, following = first[:limit], _Position(waiting_place(first[limit - 1])) if len(first) > limit else None
    return WaitingPage(found, following.cursor(listing) if following else None, due)


def _from_index(
    store: Store, wanted: ConversationFilter, limit: int, position: _Position, due: list[Snooze]
) -> tuple[list[Conversation], _Position | None]:
    """Return a page and where the next one begins: all of the index comes with the first snoozes that are due."""
    ended = {each.conversation_id: _key_of(each) for each in due}
    back = sorted((key for key in ended.values() if _key_place(key) > position.after), key=_key_place)
    waiting = iter(()) if position.begin else _waiting_keys(store, position.after, limit)
    keys = heapq.merge(waiting, back, key=_key_place)
    found: list[Conversation] = []
    while len(found) < limit and (chunk := list(islice(keys, limit - len(found)))):
        # Items are read anew: an index lags behind, and this one holds keys alone.
        places = {key["conversation_id"]: CONVERSATIONS.key_of(key) for key in chunk}
        items = store.batch_get(CONVERSATIONS, list(places.values()))
        # What has left the index, or was put off again, is met once more at its own place, or not at all.
        met = {(key["conversation_id"], key is ended.get(key["conversation_id"])) for key in chunk}
        records = sorted(map(Conversation.of, items), key=waiting_place)
        found += [
            each
            for each in records
            if is_waiting(each) and (each.conversation_id, is_put_off(each)) in met and wanted.keeps(each)
        ]
    if found and next(keys, None) is not None:
        return found, replace(position, after=waiting_place(found[-1]))
    return found, _Position(begin=position.end) if position.end else None


def _waiting_keys(store: Store, after: tuple[int, str], limit: int) -> Iterator[Item]:
    """Yield the keys of those who wait behind `after`, by time and id; the index leaves ties in any order."""
    index = CONVERSATIONS.index(WAITING_INDEX)
    # The one before it, the last one, which may have an equal behind it, and one that tells whether more wait.
    query = Query(CONVERSATIONS, WAITING_FOR, index.name, since=after[0] - 1, limit=limit + 3)
    held: list[Item] = []
    for page in query_pages(store, query):
        held += [key for key in page.items if _key_place(key) > after]
        last = page.items[-1]["waiting_since"] if page.items and page.next else None
        held.sort(key=_key_place)
        yield from (key for key in held if last is None or key["waiting_since"] < last)
        held = [key for key in held if last is not None and key["waiting_since"] >= last]


def _key_place(key: Item) -> tuple[int, str]:
    return key["waiting_since"], key["conversation_id"]


def _key_of(snooze: Snooze) -> Item:
    return {name: getattr(snooze, name) for name in ("conversation_id", "created_at", "waiting_since")}


def _by_status(
    store: Store, wanted: ConversationFilter, after: tuple[int, str], ended: Container[str]
) -> Iterator[Conversation]:
    for conversation in map(Conversation.of, stream_items(store, wanted.feed())):
        waits = is_waiting(conversation) and not is_put_off(conversation, ended)
        if waits and wanted.keeps(conversation) and waiting_place(conversation) > after:
            yield conversation


def is_put_off(conversation: Conversation, ended: Container[str] = ()) -> bool:
    """Return whether a conversation stands among those that are put off, and that has not `ended`."""
    return conversation.waiting_for == SNOOZED and conversation.conversation_id not in ended


def is_waiting(conversation: Conversation) -> bool:
    """Return whether the user of an open conversation waits for an answer."""
    # Imported conversations do not know who wrote last; until somebody writes, unread ones are taken for waiting.
    imported_unread = conversation.last_message_at is None and conversation.unread_admin > 0
    return conversation.status == "open" and (conversation.waiting_since is not None or imported_unread)


def waiting_place(conversation: Conversation) -> tuple[int, str]:
    """Return what the queue is sorted by: since when somebody waits, and the id."""
    return conversation.waiting_since or conversation.updated_at, conversation.conversation_id


def fill_waiting(store: Store, clock: Clock = system_clock) -> int:
    """Let the open conversations that wait stand in the waiting index, and return how many did not.

    Those that another program wrote, or this one before it had the index, lack the attribute by which they stand there.
    What somebody changes meanwhile is left to them: every write of this program keeps the index.
    """
    query = IndexQuery(CONVERSATIONS, "ConversationStatusIndex", ("open",))
    return sum(_stand_in_index(store, item, clock()) for item in stream_items(store, query))


def _stand_in_index(store: Store, item: Item, now: int) -> bool:
    found = Conversation.of(item)
    placed = found.waiting_for in (WAITING_FOR, SNOOZED)
    if not is_waiting(found) or placed or not _PLACED_BY.isdisjoint(found.damaged):
        return False
    since, _ = waiting_place(found)
    if since > now + CLOCKS_DIFFER_MS:  # which would put them behind everybody for as long
        since = min(latest_time(store, found.conversation_id) or found.created_at, now)
    state = {"waiting_for": WAITING_FOR, "waiting_since": since}
    as_read = unchanged(item, "status", "updated_at", "waiting_for", "waiting_since")
    try:
        store.transact(Update(CONVERSATIONS, CONVERSATIONS.key_of(item), set=state, when=as_read))
    except ConditionFailed:
        return False
    return True
