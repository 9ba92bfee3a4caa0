"""Many writers at once: counters and sums are exact, and one claim wins. moto cannot test concurrency."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from commercive_cli.domain.errors import Unavailable
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import MESSAGES
from commercive_cli.store.writes import Absent, Below, Check, Exists, Put, Update
from tests.contract.samples import message, message_key, read

THREADS = 16
TIMES = 6


def until_available(write: Callable[[], None]) -> None:
    """Try the write again while the store raises Unavailable, at most 20 times."""
    for _ in range(20):
        try:
            return write()
        except Unavailable:
            continue
    raise AssertionError("the store stayed unavailable")


def test_a_counter_counts_every_increment_once(concurrent_store: Store, partition: str) -> None:
    """Sixteen threads add to one counter under a condition; no increment is lost or counted twice."""
    concurrent_store.transact(
        Put(MESSAGES, message(partition, "counter", n=0)), Put(MESSAGES, message(partition, "open"))
    )
    add = (
        Update(MESSAGES, message_key(partition, "counter"), add={"n": 1}, when=Exists()),
        Check(MESSAGES, message_key(partition, "open"), Exists()),
    )

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [
            pool.submit(until_available, lambda: concurrent_store.transact(*add)) for _ in range(THREADS * TIMES)
        ]:
            done.result()

    assert message(partition, "counter", n=THREADS * TIMES) == read(concurrent_store, partition, "counter")


def test_a_condition_holds_at_the_moment_of_the_write(concurrent_store: Store, partition: str) -> None:
    """Of 48 threads that buy one of 10 seats, exactly 10 succeed."""
    concurrent_store.transact(Put(MESSAGES, message(partition, n=0)))

    def buy(_: int) -> bool:
        seat = Update(MESSAGES, message_key(partition), add={"n": 1}, when=Below("n", 10))
        try:
            until_available(lambda: concurrent_store.transact(seat))
        except ConditionFailed:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        sold = sum(pool.map(buy, range(48)))

    assert 10 == sold
    assert message(partition, n=10) == read(concurrent_store, partition)


def test_transfers_keep_the_sum(concurrent_store: Store, partition: str) -> None:
    """When many threads move money between two items, each in one transaction, the sum stays the same."""
    concurrent_store.transact(*(Put(MESSAGES, message(partition, each, n=100)) for each in "ab"))

    def move(seed: int) -> None:
        amount = random.Random(seed).randint(-9, 9)
        until_available(
            lambda: concurrent_store.transact(
                Update(MESSAGES, message_key(partition, "a"), add={"n": -amount}),
                Update(MESSAGES, message_key(partition, "b"), add={"n": amount}),
            )
        )

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(move, range(THREADS * TIMES)))
    moved = sum(random.Random(seed).randint(-9, 9) for seed in range(THREADS * TIMES))

    assert message(partition, "a", n=100 - moved) == read(concurrent_store, partition, "a")
    assert message(partition, "b", n=100 + moved) == read(concurrent_store, partition, "b")


def test_one_claim_wins(concurrent_store: Store, partition: str) -> None:
    """Of twenty threads that claim one code at once, one gets it, and the failure of each other one names it."""

    def claim(owner: int) -> int:
        put = Put(MESSAGES, message(partition, owner=owner), when=Absent())
        try:
            until_available(lambda: concurrent_store.transact(put))
        except ConditionFailed as failed:
            winner = failed.failures[0] or {}
            return int(winner["owner"])
        return owner

    with ThreadPoolExecutor(20) as pool:
        winners = set(pool.map(claim, range(20)))

    assert {(read(concurrent_store, partition) or {})["owner"]} == winners
