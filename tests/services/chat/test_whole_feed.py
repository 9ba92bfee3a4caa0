"""The feed of all conversations: each thing once, though an index lags behind and clocks differ, at fixed costs."""

from base64 import b64encode
from decimal import Decimal
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commercive_cli.domain.answers.changes import Change
from commercive_cli.domain.errors import Invalid, Unavailable
from commercive_cli.services.chat.feeds import Feed, FeedService
from commercive_cli.services.chat.happenings import LONGEST_CURSOR
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.whole_feed import MOST_REMEMBERED, OVERLAP_MS
from commercive_cli.store.cursor import encode_cursor
from commercive_cli.store.port import Store, StoreClock
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES
from commercive_cli.store.writes import Put, Update
from tests.e2e.embedded import file_store
from tests.services.chat.imported import V4, import_thread
from tests.services.chat.lagging import SECOND, Lagging
from tests.services.chat.test_thread_feed import started, told
from tests.services.fakes import DAY, START, Intervening, ManualClock

MINUTE = 60_000


class Clockless(Intervening):
    """A store that does not tell its time."""

    def clock(self) -> StoreClock:
        super().clock()
        return StoreClock(None)


def test_everything_is_told_from_now_on(either: Store, clock: ManualClock) -> None:
    """Of conversations open and closed, old and new, in order of time."""
    chat, old, closed = ChatService(either), started(either, clock), started(either, clock)
    now = ManualClock(either.clock().now or 0)
    chat = ChatService(either, now)
    chat.close(closed, "jonas")
    now.advance(SECOND)
    feed = FeedService(either, now).whole()
    now.advance(SECOND)
    chat.reply(old, "jonas", "one")
    new = chat.send("u-2", "two", store="shop.example").conversation_id
    chat.reopen(closed, "ann")
    chat.reply(new, "jonas", "three", close=True)

    assert ["one", "two", "reopened", "three", "closed"] == told(feed.poll())
    assert [] == told(feed.poll())


def test_a_watch_of_the_queue_tells_what_begins_and_ends_the_waiting(store: Store, clock: ManualClock) -> None:
    """Users' messages, answers, closings, and what waits again; no machine's answer that settles nothing."""
    chat, name = ChatService(store, clock), started(store, clock)
    asks = chat.send("u-2", "A person, please", store="s.example", request_human=True)
    done = started(store, clock)
    chat.reply(done, "jonas", "Bye", close=True)
    feed = FeedService(store, clock).whole(waiting=True)
    clock.advance(SECOND)
    chat.answer(asks.conversation_id, "settles nothing", if_last=asks.message_id)
    chat.reopen(done, "jonas")
    last = chat.send("u-1", "Hello?", conversation_id=name).message_id
    chat.answer(name, "We are closed", if_last=last)
    chat.close(asks.conversation_id, "ann")
    chat.reopen(asks.conversation_id, "ann")

    assert ["Hello?", "We are closed", "reopened"] == told(feed.poll())


@pytest.mark.parametrize("count", [1_000])
def test_nothing_new_costs_a_page_of_each_status(store: Store, clock: ManualClock, count: int) -> None:
    """However many conversations there are; while something has happened within the overlap, the store's time, too."""
    items = (
        {"conversation_id": f"c-{at}", "created_at": at, "updated_at": at, "status": "open", "user_id": "u"}
        for at in range(START - count, START)
    )
    store.batch_put(CONVERSATIONS, items)
    clock.now = START + DAY
    asked = Intervening(store)
    feed = FeedService(asked, clock).whole()
    asked.calls.clear()
    costs = []
    for text in (None, "one", None):
        if text is not None:
            started(store, clock, text)
        list(feed.poll())
        costs.append([*asked.calls])
        asked.calls.clear()
    clock.advance(2 * OVERLAP_MS)
    list(feed.poll())
    asked.calls.clear()
    list(feed.poll())

    quiet, first, recent = costs
    look = ["query", "query"]
    assert (look, look) == (quiet, asked.calls)
    assert [*look, "clock", "get", *look, "query"] == _with_get(first)
    assert ["clock", "get", *look] == _with_get(recent)


def _with_get(calls: list[str]) -> list[str]:
    """Return the calls with the read by which a store learns its time."""
    return [each for call in calls for each in ((call, "get") if call == "clock" else (call,))]


def test_a_clock_that_is_ahead_does_not_take_the_watch_along(store: Store) -> None:
    """A message of next year is told, and so is what others write now, before and after."""
    lagging = Lagging(store)
    feeds = FeedService(lagging, lambda: lagging.now)
    feed = feeds.whole()
    ahead = ChatService(lagging, lambda: lagging.now + 365 * DAY)
    here = ChatService(lagging, lambda: lagging.now)
    ahead.send("u-1", "from next year", store="s.example")
    first = told(feed.poll())
    texts = []
    for number in range(5):
        lagging.now += MINUTE
        here.send("u-2", f"now {number}", store="s.example")
        texts += told(feed.poll())
        feed = feeds.whole(feed.cursor)

    assert ["from next year"] == first
    assert [f"now {number}" for number in range(5)] == texts


@pytest.mark.parametrize("name", ["c" * 2_000, "\x1b[31m \u202e"])
def test_a_conversation_of_any_id_is_told(store: Store, clock: ManualClock, name: str) -> None:
    """Others may have stored anything; the cursor holds no id whole."""
    import_thread(store, name, count=1)
    clock.now = START + DAY
    feeds = FeedService(store, clock)
    feed = feeds.whole()
    key = {"conversation_id": name, "created_at": START}
    at = clock.now + SECOND
    message = {"message_id": "m", "conversation_id": name, "message_text": "new", "created_at": at}
    store.transact(Put(MESSAGES, message), Update(CONVERSATIONS, key, set={"updated_at": at}))
    changes = list(feed.poll())

    assert ["new"] == told(changes)
    assert len(changes[0].cursor) < 150
    assert [] == told(feeds.whole(changes[0].cursor).poll())


@pytest.mark.parametrize("at", [(START + DAY) * 1_000, 2**47, -5, 0, Decimal("1.5"), "soon"])
def test_times_that_are_none_are_no_obstacle(store: Store, clock: ManualClock, at: Any) -> None:
    """Others may have stored microseconds, or anything; what else happens is told, and the watch goes on."""
    feeds = FeedService(store, clock)
    feed = feeds.whole()
    odd = {"conversation_id": V4, "created_at": START, "user_id": "u", "status": "closed", "closed_at": at}
    sorted_by = at if isinstance(at, int) else clock.now
    store.batch_put(CONVERSATIONS, [{**odd, "updated_at": sorted_by, "last_message_at": at}])
    message = {"conversation_id": V4, "message_id": "m", "message_text": "odd", "created_at": sorted_by}
    store.batch_put(MESSAGES, [message])
    thread = feeds.threads([V4])
    started(store, clock, "one")
    changes = list(feed.poll())

    assert "one" in told(changes)
    assert [] == told(feeds.whole(feed.cursor).poll())
    assert [] == told(feeds.threads([V4], thread.cursor).poll())


def test_a_store_that_does_not_tell_its_time_has_that_of_this_machine(store: Store, clock: ManualClock) -> None:
    """Some compatible servers send no date."""
    feed = FeedService(Clockless(store), clock).whole()
    texts = []
    for number in range(3):
        clock.advance(MINUTE)
        started(store, clock, f"{number}")
        texts += told(feed.poll())

    assert ["0", "1", "2"] == texts


def test_what_was_imported_is_told_when_it_is_new(store: Store, clock: ManualClock) -> None:
    """Other programs note nothing of the last message, so the messages are looked at, once for each change."""
    clock.now = START + 2 * MINUTE
    feed = FeedService(store, clock).whole()
    import_thread(store, V4, count=3)
    clock.advance(MINUTE)
    first = told(feed.poll())
    ChatService(store, clock).reply(V4, "jonas", "one")

    assert ["old 2"] == first[-1:]
    assert ["one"] == told(feed.poll())


def test_a_catch_up_needs_no_long_cursor(store: Store, clock: ManualClock) -> None:
    """Who goes on after a long time gets everything in order of time, and cursors that hold little."""
    feeds, chat = FeedService(store, clock), ChatService(store, clock)
    cursor = feeds.whole().cursor
    names = [started(store, clock, f"{number} a") for number in range(50)]
    clock.advance(DAY)
    for number, name in enumerate(names):
        chat.reply(name, "jonas", f"{number} b")
    clock.advance(2 * OVERLAP_MS)
    changes = list(feeds.whole(cursor).poll())
    half = changes[len(changes) // 2 - 1]

    assert [f"{n} a" for n in range(50)] + [f"{n} b" for n in range(50)] == told(changes)
    assert max(len(each.cursor) for each in changes) < len(cursor) + 60
    assert told(changes[len(changes) // 2 :]) == told(feeds.whole(half.cursor).poll())


def test_things_of_one_millisecond_are_told_one_by_one(store: Store, clock: ManualClock) -> None:
    """Killed between two of them, a watch tells the other one."""
    feeds = FeedService(store, clock)
    cursor = feeds.whole().cursor
    still = ManualClock(clock.now + SECOND, step=0)
    for number in range(3):
        started(store, still, f"{number}")
    clock.advance(2 * OVERLAP_MS)
    texts = []
    for _ in range(3):
        change = next(feeds.whole(cursor).poll())
        texts += told([change])
        cursor = change.cursor

    assert {"0", "1", "2"} == set(texts)
    assert [] == told(feeds.whole(cursor).poll())


def test_a_cursor_remembers_the_latest_of_very_many(store: Store, clock: ManualClock) -> None:
    """It stays short enough for a command line; it repeats nothing, and its overlap is shorter."""
    feeds = FeedService(store, clock)
    feed = feeds.whole()
    count = MOST_REMEMBERED + 100
    items = [
        {"conversation_id": f"c-{at}", "created_at": at, "updated_at": at, "status": "open", "user_id": "u"}
        for at in range(clock.now, clock.now + count)
    ]
    store.batch_put(CONVERSATIONS, items)
    clock.advance(count)
    list(feed.poll())
    again = feeds.whole(feed.cursor)

    assert [] == told(again.poll())
    assert 0.5 * LONGEST_CURSOR < len(feed.cursor) < LONGEST_CURSOR


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"since": 1},
        {"seen": ""},
        {"since": True, "seen": ""},
        {"since": -1, "seen": ""},
        {"since": 10**400, "seen": ""},
        {"since": "1", "seen": ""},
        {"since": 1, "seen": []},
        {"since": 1, "seen": "é"},
        {"since": 1, "seen": "x"},
        {"since": 1, "seen": b64encode(b"x" * 13).decode()},
    ],
)
def test_a_forged_cursor_is_refused(store: Store, clock: ManualClock, forged: dict[str, Any]) -> None:
    """Even if its checksum is right; one of another store has another one."""
    feeds = FeedService(store, clock)

    with pytest.raises(Invalid, match="cursor"):
        feeds.whole(encode_cursor(feeds._listing("all"), forged))


def test_a_cursor_of_another_store_is_refused(either: Store, clock: ManualClock, tmp_path: Path) -> None:
    """It would begin at a place of which this store knows nothing."""
    with file_store(tmp_path / "other.db") as other:
        name = started(other, clock)
        feeds = FeedService(other, clock)
        cursors = feeds.whole().cursor, feeds.held("mira").cursor, feeds.threads([name]).cursor
    import_thread(either, name)
    here = FeedService(either, clock)

    with pytest.raises(Invalid, match="cursor"):
        here.whole(cursors[0])
    with pytest.raises(Invalid, match="cursor"):
        here.held("mira", cursors[1])
    with pytest.raises(Invalid, match="cursor"):
        here.threads([name], cursors[2])


class World:
    """Writers with clocks of their own, an index that lags, and a watch that is killed and goes on by its cursor."""

    def __init__(self, store: Store, skews: list[int]) -> None:
        self.store = Lagging(store)
        self.chats = [ChatService(self.store, lambda skew=skew: self.store.now + skew) for skew in skews]  # type: ignore[misc]
        self.names: list[str] = []
        self.sent: dict[str, list[str]] = {}
        self.told: dict[str, list[str]] = {}
        self.feeds = FeedService(self.store, lambda: self.store.now)
        self.feed: Feed = self.feeds.whole()
        self.cursor = self.feed.cursor

    def write(self, writer: int, which: int, lag: int) -> None:
        """Begin a conversation, or write into one, as its user or as an agent."""
        self.store.lag = lag
        chat, text = self.chats[writer], f"{sum(map(len, self.sent.values()))}"
        if which >= len(self.names):
            name = chat.send("u-1", text, store="s.example").conversation_id
            self.names.append(name)
        else:
            name = self.names[which]
            if which % 2:
                chat.reply(name, "jonas", text, reopen=True)
            else:
                chat.reply(name, "jonas", text, reopen=True, close=True)
        self.sent.setdefault(name, []).append(text)

    def look(self, most: int | None = None, failing: int | None = None) -> None:
        """Look once; after `most` events the watch is killed, and goes on by the cursor that it told last.

        The query with the number `failing` times out.
        """
        self.store.queries_left = failing
        try:
            for change in islice(self.feed.poll(), most):
                self._take(change)
        except Unavailable:
            return
        finally:
            self.store.queries_left = None
        if most is not None:
            self.feed = self.feeds.whole(self.cursor)
        else:
            self.cursor = self.feed.cursor

    def _take(self, change: Change) -> None:
        self.cursor = change.cursor
        if change.message is not None:
            self.told.setdefault(change.message.conversation_id, []).append(change.message.message_text)


BEHIND, LAG = 25 * SECOND, 34 * SECOND
"""Together within the overlap."""
WRITE = st.tuples(
    st.just("write"), st.integers(0, 2), st.integers(0, 5), st.sampled_from((0, LAG)) | st.integers(0, LAG)
)
WAIT = st.tuples(st.just("wait"), st.integers(1, 90 * SECOND))
LOOK = st.tuples(st.just("look"), st.none() | st.integers(0, 4), st.none() | st.integers(0, 6))
STEPS = st.lists(WRITE | WRITE | WAIT | LOOK, min_size=5, max_size=40)


@settings(max_examples=60)
@given(steps=STEPS, skews=st.permutations((-BEHIND, 0, 50 * SECOND)))
def test_every_message_is_told_once_and_in_order(steps: list[tuple[Any, ...]], skews: list[int]) -> None:
    """Whatever lags within the overlap, whose clock is ahead or behind, and whenever the watch fails or is killed."""
    with TemporaryDirectory() as directory, file_store(Path(directory) / "store.db") as store:
        world = World(store, skews)
        for step in steps:
            match step:
                case "write", writer, which, lag:
                    world.write(writer, which, lag)
                case "wait", milliseconds:
                    world.store.now += milliseconds
                case "look", most, failing:
                    world.look(most, failing)
        for _ in range(3):
            world.store.now += LAG
            world.look()

        assert world.sent == world.told


def test_what_is_late_within_the_overlap_is_told(store: Store) -> None:
    """By a clock that is behind and an index that lags, while others write and the watch looks each second."""
    world = World(store, [-BEHIND, 0])
    for second in range(150):
        late = second % 30 == 7
        world.write(0 if late else 1, len(world.names), LAG if late else 0)
        world.store.now += SECOND
        world.look(most=1 if second % 10 == 3 else None)
    world.store.now += LAG
    world.look()

    assert world.sent == world.told


def test_what_lags_longer_than_the_overlap_is_missed(store: Store) -> None:
    """It is what a watch of all conversations assumes; a watch by id does not."""
    lagging = Lagging(store)
    feeds = FeedService(lagging, lambda: lagging.now)
    chat = ChatService(lagging, lambda: lagging.now)
    name = chat.send("u-1", "Hello", store="s.example").conversation_id
    whole, thread = feeds.whole(), feeds.threads([name])
    lagging.now, lagging.lag = lagging.now + MINUTE, 2 * OVERLAP_MS
    chat.reply(name, "jonas", "late")
    by_index, by_name = [], []
    for _ in range(4):
        lagging.now, lagging.lag = lagging.now + OVERLAP_MS, 0
        chat.send("u-2", "other", store="s.example")
        by_index += told(whole.poll())
        by_name += told(thread.poll())

    assert (["other"] * 4, ["late"]) == (by_index, by_name)
