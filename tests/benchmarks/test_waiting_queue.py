"""The waiting queue at a thousand and at a hundred thousand conversations: the same requests, the same items read."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from commercive_cli.domain.ids import uuid7
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.service import ChatService
from commercive_cli.store.dry_run import DryRun
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Page, Query, Store
from commercive_cli.store.schema import CONVERSATIONS, Table
from tests.e2e.stores import ENGINES, engine_store
from tests.services.fakes import START

pytestmark = pytest.mark.benchmark
SIZES = (1_000, 100_000)
WAITING, PAGE = 300, 100


class Counting(DryRun):
    """Counts what is asked of a store and what it answers."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.calls: list[tuple[str, int]] = []

    def query(self, query: Query) -> Page:
        page = super().query(query)
        self.calls.append((f"query {query.index}", len(page.items)))
        return page

    def batch_get(self, table: Table, keys: Sequence[Key]) -> list[Item]:
        items = super().batch_get(table, keys)
        self.calls.append(("batch_get", len(items)))
        return items


def conversations(first: int, end: int) -> Iterator[Item]:
    """Yield open conversations, of which the oldest wait."""
    for number in range(first, end):
        at = START + number
        waits = {"waiting_since": at, "waiting_for": "admin"} if number < WAITING else {}
        made = {"conversation_id": uuid7(at, number), "created_at": at, "updated_at": at, "status": "open"}
        yield {**made, "user_id": "u", "unread_admin": 0, "last_message_at": at, **waits}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_queue_reads_the_same_at_any_size(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every page of the queue, counted in requests and in items, at both sizes."""
    seen: list[list[tuple[str, int]]] = []
    with engine_store(engine, request, tmp_path) as store:
        for before, size in zip((0, *SIZES), SIZES, strict=False):
            store.batch_put(CONVERSATIONS, conversations(before, size))
            counting = Counting(store)
            listed = list(_ids(ChatService(counting)))
            assert [uuid7(START + number, number) for number in range(WAITING)] == listed
            seen.append(counting.calls)
    with capsys.disabled():
        print(f"\n{engine}: {seen[0]} at {SIZES[0]:,}, {seen[1]} at {SIZES[1]:,} conversations")  # noqa: T201 - it measures

    assert seen[0] == seen[1]


def _ids(chat: ChatService) -> Iterator[str]:
    cursor: str | None = None
    while True:
        page = chat.list_conversations(ConversationFilter(sort="waiting"), limit=PAGE, cursor=cursor)
        yield from (each.conversation_id for each in page.conversations)
        cursor = page.next_cursor
        if cursor is None:
            return
