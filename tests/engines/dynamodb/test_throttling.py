"""Throttling of bulk work: it waits as long as anything gets through, loses nothing, and does nothing twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from commercive_cli.domain.errors import NotTaken, Unavailable
from commercive_cli.domain.stopping import stopped_by
from commercive_cli.engines.dynamodb.retries import Timing
from commercive_cli.engines.dynamodb.throttling import MOST_AT_ONCE, PATIENCE_SECONDS, Concurrency
from commercive_cli.store.schema import AFFILIATE_STATS
from commercive_cli.store.writes import Put, Update
from tests.engines.dynamodb.doubles import (
    Answer,
    ManualTime,
    Reply,
    Request,
    cancelled,
    carried,
    described,
    refusal,
    serving,
    store_at,
    success,
    tables_on,
)
from tests.engines.dynamodb.throttled import ThrottledServer

KEY = {"affiliate_id": "ann"}
LONG = 2_000
"""Seconds after which a server recovers that nobody should have waited for."""

TABLE = "shop_affiliate_stats"
PUT = Put(AFFILIATE_STATS, KEY)
ADD = Update(AFFILIATE_STATS, KEY, add={"total_leads": 1})
THROTTLINGS = [
    refusal("ThrottlingException"),
    refusal("ProvisionedThroughputExceededException"),
    refusal("RequestLimitExceeded"),
    cancelled("ThrottlingError", "None"),
    cancelled("TransactionConflict", "ProvisionedThroughputExceeded"),
]


class Told:
    """Waits, and remembers the tables that it was told of."""

    def __init__(self) -> None:
        self.tables: set[str] = set()

    def __call__(self, table: str) -> bool:
        self.tables.add(table)
        return True


class Meanwhile(ManualTime):
    """A clock during whose pauses something else is done, every so many seconds."""

    def __init__(self, every: float) -> None:
        super().__init__()
        self.also: Callable[[], object] = lambda: None
        self._every = self._next = every

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.seconds >= self._next:
            self._next = self.seconds + self._every
            self.also()


def until(time: ManualTime, seconds: float, answer: Reply, then: Answer) -> Callable[[Request], Answer]:
    """Return an `answer` that says one thing to writes until some time has passed, and then another."""

    def reply(request: Request) -> Answer:
        if request.operation == "DescribeTable":
            return described(AFFILIATE_STATS)
        if request.operation == "GetItem":
            return success(Item={"affiliate_id": {"S": "ann"}})
        return answer if time.seconds < seconds else then

    return reply


def test_a_load_beyond_what_a_table_takes_arrives_whole(real_endpoint: str) -> None:
    """2,000 items into a table that takes 500 a second: all are there, none is sent more often than needed."""
    time, told = ManualTime(), Told()
    server = ThrottledServer(real_endpoint, time.now, writes=500)
    with (
        serving(server) as front,
        tables_on(store_at(real_endpoint, prefix="throttled_"), AFFILIATE_STATS) as direct,
    ):
        store = store_at(front.url, time, prefix="throttled_", on_throttled=told)
        stored = store.batch_put(AFFILIATE_STATS, ({"affiliate_id": f"a{n}", "total_leads": n} for n in range(2_000)))
        store.close()
        found = [item["total_leads"] for item in direct.scan(AFFILIATE_STATS).items]

    assert (2_000, 2_000) == (stored, server.written)
    assert list(range(2_000)) == sorted(found)
    assert time.seconds >= 3
    assert {"throttled_affiliate_stats"} == told.tables


@pytest.mark.parametrize("throttling", THROTTLINGS)
def test_minutes_of_throttling_are_waited_out(throttling: Reply) -> None:
    """Where bulk work may wait, a write goes through after five minutes less a moment; single actions end earlier."""
    time = ManualTime()
    with serving(until(time, PATIENCE_SECONDS - 10, throttling, success())) as server:
        store = store_at(server.url, time, prefix="shop_", on_throttled=lambda _: True)
        store.transact(PUT)
        waited = time.seconds
        impatient = store_at(server.url, ManualTime(), prefix="shop_")
        time.seconds = 0
        with pytest.raises(NotTaken):
            impatient.transact(PUT)
        store.close()
        impatient.close()

    assert waited >= PATIENCE_SECONDS - 10


def test_a_batch_left_out_for_minutes_is_waited_out() -> None:
    """What a batch leaves out is throttled, too."""
    time, told = ManualTime(), Told()
    puts = [{"PutRequest": {"Item": {"affiliate_id": {"S": f"a{n}"}}}} for n in range(3)]
    none_done = success(UnprocessedItems={TABLE: puts})
    with serving(until(time, 200, none_done, success())) as server:
        store = store_at(server.url, time, prefix="shop_", on_throttled=told)
        stored = store.batch_put(AFFILIATE_STATS, [{"affiliate_id": f"a{n}"} for n in range(3)])
        store.close()

    assert (3, {TABLE}) == (stored, told.tables)


@pytest.mark.parametrize("throttling", [THROTTLINGS[0], THROTTLINGS[3]])
def test_nothing_for_five_minutes_is_the_end(throttling: Reply) -> None:
    """The error says that nothing was written, and comes when the minutes are over, not before and not much later."""
    time = ManualTime()
    with serving(until(time, LONG, throttling, success())) as server:
        store = store_at(server.url, time, prefix="shop_", on_throttled=lambda _: True)
        with pytest.raises(NotTaken, match="throttled"):
            store.transact(PUT)
        store.close()

    assert PATIENCE_SECONDS - 5 <= time.seconds <= PATIENCE_SECONDS


def test_a_batch_of_which_nothing_is_done_for_five_minutes_is_the_end() -> None:
    """That the server answers is no progress; the error says that another run is safe."""
    time = ManualTime()
    put = {"PutRequest": {"Item": {"affiliate_id": {"S": "ann"}}}}
    with serving(until(time, LONG, success(UnprocessedItems={TABLE: [put]}), success())) as server:
        store = store_at(server.url, time, prefix="shop_", on_throttled=lambda _: True)
        with pytest.raises(Unavailable, match="1 items of a batch were not stored in time; it is safe to do it again"):
            store.batch_put(AFFILIATE_STATS, [KEY])
        store.close()

    assert PATIENCE_SECONDS - 5 <= time.seconds <= PATIENCE_SECONDS


def test_while_others_get_through_a_call_never_gives_up() -> None:
    """Not the time since it began counts, but that since anything got through."""
    time = Meanwhile(every=60)
    with serving(until(time, 1_000, THROTTLINGS[0], success())) as server:
        store = store_at(server.url, time, prefix="shop_", on_throttled=lambda _: True)
        time.also = lambda: store.get(AFFILIATE_STATS, KEY)
        store.transact(PUT)
        store.close()

    assert time.seconds >= 1_000


def test_after_a_lost_reply_a_transaction_ends_while_its_token_is_known() -> None:
    """DynamoDB forgets a token after ten minutes, so what may have been carried out is not tried for longer."""
    time, lost = Meanwhile(every=60), [True]
    throttled = until(time, LONG, THROTTLINGS[0], success())

    def lost_then_throttled(request: Request) -> Answer:
        return None if request.operation == "TransactWriteItems" and lost and lost.pop() else throttled(request)

    with serving(lost_then_throttled) as server:
        store = store_at(server.url, time, prefix="shop_", on_throttled=lambda _: True)
        time.also = lambda: store.get(AFFILIATE_STATS, KEY)
        with pytest.raises(Unavailable, match="outcome unknown, retry with the same key"):
            store.transact(ADD)
        store.close()

    assert PATIENCE_SECONDS - 5 <= time.seconds <= PATIENCE_SECONDS


def test_nothing_is_added_twice(real_endpoint: str) -> None:
    """A reply is lost, then minutes of throttling, then it goes through: one is added."""
    time, numbers = ManualTime(), iter(range(10**6))

    def answer(request: Request) -> Answer:
        if request.operation != "TransactWriteItems":
            return carried(real_endpoint, request)
        first = next(numbers) == 0
        if first or time.seconds >= 200:
            reply = carried(real_endpoint, request)
            return None if first else reply
        return THROTTLINGS[1]

    with (
        serving(answer) as front,
        tables_on(store_at(real_endpoint, prefix="twice_"), AFFILIATE_STATS) as direct,
    ):
        store = store_at(front.url, time, prefix="twice_", on_throttled=lambda _: True)
        store.transact(ADD)
        store.close()
        found = direct.get(AFFILIATE_STATS, KEY)

    assert time.seconds >= 200
    assert {**KEY, "total_leads": 1} == found


def test_contention_is_no_throttling() -> None:
    """Others who change the same item are not waited for longer than before."""
    time, told = ManualTime(), Told()
    with serving(until(time, LONG, cancelled("TransactionConflict"), success())) as server:
        store = store_at(server.url, time, prefix="shop_", on_throttled=told)
        with pytest.raises(NotTaken):
            store.transact(PUT)
        store.close()

    assert time.seconds <= 10
    assert set() == told.tables


def test_work_that_is_stopped_waits_no_longer() -> None:
    """Ctrl-C ends the waiting of all threads; what was not taken is said to be so."""
    stop, time = Event(), Meanwhile(every=0.1)
    time.also = stop.set
    with serving(until(time, LONG, THROTTLINGS[0], success())) as server, ThreadPoolExecutor(1) as thread:
        store = store_at(server.url, time, prefix="shop_", on_throttled=lambda _: True)

        def load() -> int:
            with stopped_by(stop):
                return store.batch_put(AFFILIATE_STATS, [KEY])

        with pytest.raises(NotTaken):
            thread.submit(load).result()
        store.close()

    assert time.seconds < 1


def test_fewer_requests_at_once_after_throttling_and_slowly_more() -> None:
    """Half as many after each throttling that comes later than the requests of its time, and one more each second."""
    time = ManualTime()
    concurrency = Concurrency(Timing(now=time.now))
    allowed = [concurrency.allowed()]
    for seconds in (0.0, 0.0, 0.3, 0.3, 0.3, 0.3):
        time.seconds += seconds
        concurrency.halve()
        allowed.append(concurrency.allowed())
    for seconds in (0.9, 0.2, 1.1):
        time.seconds += seconds
        allowed.append(concurrency.allowed())

    assert [MOST_AT_ONCE, 8, 8, 4, 2, 1, 1, 1, 2, 3] == allowed
