"""Watches at a thousand and at a hundred thousand conversations: the same requests, the same items read."""

from pathlib import Path

import pytest

from commercive_cli.domain.ids import uuid7
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.feeds import Feed, FeedService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.store.port import StoreClock
from commercive_cli.store.schema import CONVERSATIONS
from tests.benchmarks.test_waiting_queue import SIZES, Counting, conversations
from tests.e2e.stores import ENGINES, engine_store
from tests.services.fakes import DAY, START, ManualClock

pytestmark = pytest.mark.benchmark
NAME = uuid7(START, 0)


class Timed(Counting):
    """A store that tells another time than this machine's, and counts being asked for it."""

    at = START + DAY

    def clock(self) -> StoreClock:
        self.counts.append(("clock", 0))
        return StoreClock(self.at)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_watch_reads_the_same_at_any_size(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A quiet look at one conversation, at what one holds, at all and at the queue, and one at something new."""
    seen = []
    with engine_store(engine, request, tmp_path) as store:
        for before, size in zip((0, *SIZES), SIZES, strict=False):
            store.batch_put(CONVERSATIONS, conversations(before, size))
            Timed.at += DAY
            clock = ManualClock(Timed.at)
            chat = ChatService(store, clock)
            DeskService(chat).claim(NAME, "mira")
            counting = Timed(store)
            feeds = FeedService(counting, clock)
            made: list[Feed] = [feeds.threads([NAME]), feeds.held("mira"), feeds.whole(), feeds.whole(waiting=True)]
            quiet = [_look(counting, feed) for feed in made]
            chat.send("u", "new", conversation_id=NAME)
            seen.append([*quiet, *(_look(counting, feed) for feed in made)])
    with capsys.disabled():
        print(f"\n{engine}: {seen[0]} at {SIZES[0]:,} and {SIZES[1]:,} conversations")  # noqa: T201 - it measures

    one_page_each = [("query ConversationStatusIndex", 0)] * 2
    assert seen[0] == seen[1]
    assert [[("batch_get conversations", 1)], one_page_each, one_page_each] == [seen[0][0], *seen[0][2:4]]


def _look(store: Timed, feed: Feed) -> list[tuple[str, int]]:
    list(feed.poll())  # what a feed looks for once, when it begins
    store.counts.clear()
    list(feed.poll())
    return [*store.counts]
