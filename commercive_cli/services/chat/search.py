"""Searches the texts of messages: says what it would read, then reads conversation after conversation, newest first."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from heapq import merge
from itertools import islice
from operator import attrgetter

from commercive_cli.domain.answers.search import Hit
from commercive_cli.domain.choices import choose
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import CONVERSATION_STATUSES, SENDER_TYPES, Conversation, Message
from commercive_cli.domain.prices import MILLION_READS
from commercive_cli.domain.text import MESSAGE_LENGTH, alike, text
from commercive_cli.services.access.paging import IndexQuery, stream_items
from commercive_cli.services.chat.threads import READ_AHEAD, open_both, open_messages, stream_threads
from commercive_cli.store.port import EMBEDDED, Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES

MOST_COUNTED = 20_000
"""Conversations that are counted before a search; of more, it is said that there are more."""
OVERLAP_MS = 60_000
"""How far the clocks of those who write may be behind, and an index, for a change during a search to be found."""
_READ_UNIT = 4_096
_LOCAL_MS, _REMOTE_MS, _MESSAGE_MS = 0.1, 15 / READ_AHEAD, 0.06
"""How long it takes about to read a conversation, and to look at a message."""


@dataclass(frozen=True)
class SearchFilter:
    """What is searched for: messages that hold `words`, in any case and composition of its letters.

    `since` is in ms, `sender` is user or admin, `status` open, closed or all. With `notes`, those about the same
    conversations are looked into as well.
    """

    words: str
    since: int | None = None
    sender: str | None = None
    status: str = "all"
    notes: bool = False

    def __post_init__(self) -> None:
        text(self.words, "TEXT", MESSAGE_LENGTH)
        choose(self.status, (*CONVERSATION_STATUSES, "all"), "status")
        if self.sender is not None:
            choose(self.sender, SENDER_TYPES, "from")
        if self.notes and self.sender is not None:
            raise Invalid("notes are of neither side, so --from and --notes do not go together", field="notes")

    def query(self, since: int | None) -> IndexQuery:
        """Return the query for the conversations that changed since then (ms): no other has messages since."""
        statuses = CONVERSATION_STATUSES if self.status == "all" else (self.status,)
        return IndexQuery(CONVERSATIONS, "ConversationStatusIndex", statuses, None if since is None else since - 1)


@dataclass(frozen=True)
class SearchCost:
    """What a search reads, about: with `more`, there are more conversations. `usd` is None where reading is free.

    `notes` tells whether those about the conversations are read, too.
    """

    conversations: int
    messages: int
    milliseconds: int
    usd: Decimal | None = None
    more: bool = False
    notes: bool = False


@dataclass(frozen=True)
class SearchService:
    """Searches messages without an index of their words: every message of the conversations in question is read."""

    store: Store
    clock: Clock = system_clock

    def cost(self, wanted: SearchFilter) -> SearchCost:
        """Return what a search reads.

        Up to 20,000 conversations are counted. Messages are estimated from the sizes of the tables, time and money from
        both.
        """
        every, messages = self.store.describe_table(CONVERSATIONS), self.store.describe_table(MESSAGES)
        if every is None or messages is None:
            return SearchCost(0, 0, 0)
        narrowed = wanted.since is not None or wanted.status != "all"
        count, more = self._count(wanted) if narrowed else (every.items, False)
        each = messages.items / max(every.items, 1)
        read = round(count * each)
        queries = count * 2 if wanted.notes else count
        time = queries * (_LOCAL_MS if self.store.local else _REMOTE_MS) + read * _MESSAGE_MS
        units = count * math.ceil(max(each * messages.bytes / max(messages.items, 1), 1) / _READ_UNIT) + queries - count
        usd = None if messages.billing == EMBEDDED else MILLION_READS * units / 1_000_000
        return SearchCost(count, read, round(time), usd, more, wanted.notes)

    def search(self, wanted: SearchFilter) -> Iterator[Hit]:
        """Yield the hits as they are found; the hits of one conversation are in memory, and no more.

        What changes meanwhile takes another place in the index, so whatever changed is looked at in the end, unless it
        had a hit before.
        """
        began, found = self.clock(), set[str]()
        for hit in self._hits(wanted, stream_items(self.store, wanted.query(wanted.since))):
            found.add(hit.conversation_id)
            yield hit
        changed = wanted.query(max(began - OVERLAP_MS, wanted.since or 0))
        late = (item for item in stream_items(self.store, changed) if item["conversation_id"] not in found)
        yield from self._hits(wanted, late)

    def _count(self, wanted: SearchFilter) -> tuple[int, bool]:
        items = stream_items(self.store, wanted.query(wanted.since))
        count = sum(1 for _ in islice(items, MOST_COUNTED))
        return count, next(items, None) is not None

    def _hits(self, wanted: SearchFilter, items: Iterable[dict[str, object]]) -> Iterator[Hit]:
        needle = alike(wanted.words.strip())
        opened = _open_turns if wanted.notes else open_messages
        for conversation, messages in stream_threads(self.store, map(Conversation.of, items), opened):
            turns, found = 0, list[tuple[int, Message]]()
            for message in messages:
                turns += 1
                if _is_wanted(message, wanted) and needle in alike(message.message_text):
                    found.append((turns, message))
            yield from (_hit(conversation, message, turn, turns) for turn, message in found)


def _open_turns(store: Store, conversation_id: str) -> Iterator[Message]:
    """Return the messages of a conversation with the notes about it in their places."""
    messages, notes = open_both(store, conversation_id)
    return merge(messages, (Message(**note.as_turn()) for note in notes), key=attrgetter("created_at"))


def _is_wanted(message: Message, wanted: SearchFilter) -> bool:
    return wanted.sender in (None, message.sender_type) and (wanted.since is None or message.created_at >= wanted.since)


def _hit(conversation: Conversation, message: Message, turn: int, turns: int) -> Hit:
    return Hit(
        **message.model_dump(include={"message_id", "created_at", "sender_type", "sender_id", "message_text"}),
        **conversation.model_dump(include={"conversation_id", "store_url", "user_id"}),
        turn=turn,
        turns=turns,
    )
