"""The desk at a thousand conversations and at many: the same requests, the same items read.

`COMMERCIVE_TEST_CONVERSATIONS` says how many those are, 100,000 unless it is set.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import pytest

from commercive_cli.domain.ids import uuid7
from commercive_cli.domain.models import Snooze
from commercive_cli.services.chat.claims import FoundClaim, new_claim
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.snoozing import due_key, snooze_key
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Page, Query, Store
from commercive_cli.store.schema import CONVERSATIONS, OPS, Table
from commercive_cli.store.writes import Put, Write
from tests.e2e.stores import ENGINES, engine_store
from tests.services.fakes import DAY, START, Intervening, ManualClock

pytestmark = pytest.mark.benchmark
SIZES = (1_000, int(os.environ.get("COMMERCIVE_TEST_CONVERSATIONS", "100000")))
WAITING, PAGE, HELD, DUE = 300, 100, 5, 600
NOW, LATER = START + DAY // 2, START + 2 * DAY

Calls = list[tuple[str, int]]


class Counting(Intervening):
    """Counts what is asked of a store and what it answers; writes nothing."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.counts: Calls = []

    def get(self, table: Table, key: Key) -> Item | None:
        item = super().get(table, key)
        self.counts.append((f"get {table.name}", int(item is not None)))
        return item

    def query(self, query: Query) -> Page:
        page = super().query(query)
        self.counts.append((f"query {query.index or query.table.name}", len(page.items)))
        return page

    def batch_get(self, table: Table, keys: Sequence[Key]) -> list[Item]:
        items = super().batch_get(table, keys)
        self.counts.append((f"batch_get {table.name}", len(items)))
        return items

    def transact(self, *writes: Write) -> None:
        self.counts.append(("transact", len(writes)))


def conversations(first: int, end: int) -> Iterator[Item]:
    """Yield open conversations, of which the oldest wait, and the others are put off."""
    for number in range(first, end):
        at, waiting_for = START + number, "admin" if number < WAITING else "snoozed"
        made = {"conversation_id": uuid7(at, number), "created_at": at, "updated_at": at, "status": "open"}
        waits = {"waiting_since": at, "waiting_for": waiting_for}
        yield {**made, **waits, "user_id": "u", "unread_admin": 0, "last_message_at": at}


def snoozes(first: int, end: int) -> Iterator[Item]:
    """Yield the snoozes of those that are put off, of which the first end early."""
    for number in range(max(first, WAITING), end):
        at, name = START + number, uuid7(START + number, number)
        until = at + (DAY if number < WAITING + DUE else 99 * DAY)
        snooze = Snooze(conversation_id=name, created_at=at, waiting_since=at, until=until)
        yield {**snooze_key(name), **snooze.item()}
        yield {**due_key(until, name), **snooze.item()}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_desk_reads_the_same_at_any_size(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every page of the queue, the next one, a claim, a snooze, a release and a list of what is held."""
    seen: list[dict[str, Calls]] = []
    with engine_store(engine, request, tmp_path) as store:
        held = (new_claim(uuid7(START + number, number), "jonas", NOW, 9 * DAY, NOW) for number in range(HELD))
        puts = chain.from_iterable(FoundClaim(None, NOW).put(claim) for claim in held)
        store.batch_put(OPS, (put.item for put in puts if isinstance(put, Put)))
        for before, size in zip((0, *SIZES), SIZES, strict=False):
            store.batch_put(CONVERSATIONS, conversations(before, size))
            store.batch_put(OPS, snoozes(before, size))
            seen.append(counted(store))
    with capsys.disabled():
        for name in seen[0]:
            few, many = (", ".join(f"{call} {count}" for call, count in each[name]) for each in seen)
            print(f"\n{engine} {name} at {SIZES[0]:,}: {few}\n{engine} {name} at {SIZES[1]:,}: {many}")  # noqa: T201

    assert seen[0] == seen[1]


def counted(store: Store) -> dict[str, Calls]:
    """Return the requests of each act of an agent; nothing is due, or more than a page takes in."""
    first, other = (uuid7(START + number, number) for number in (0, HELD))
    found: dict[str, Calls] = {}

    def desk(name: str, now: int = NOW) -> DeskService:
        counting = Counting(store)
        found[name] = counting.counts
        return DeskService(ChatService(counting, ManualClock(now)))

    assert [uuid7(START + number, number) for number in range(WAITING)] == list(_ids(desk("queue")))
    for name, now in (("next", NOW), ("next, 600 due", LATER)):
        taken = desk(name, now).claim_next("mira")
        assert taken is not None
        assert other == taken.conversation_id
    desk("claim").claim(other, "mira")
    desk("release").release(first, "jonas")
    desk("snooze").snooze(other, "mira", NOW + DAY)
    desk("mine").list_conversations(ConversationFilter(), holder="jonas")
    return found


def _ids(desk: DeskService) -> Iterator[str]:
    cursor: str | None = None
    while True:
        page = desk.list_conversations(ConversationFilter(sort="waiting"), limit=PAGE, cursor=cursor)
        yield from (each.conversation_id for each in page.conversations)
        cursor = page.next_cursor
        if cursor is None:
            return
