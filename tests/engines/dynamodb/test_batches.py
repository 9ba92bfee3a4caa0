"""Bulk load into DynamoDB: everything arrives, in constant memory, however often it is pushed back."""

from collections.abc import Iterator
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid, Unavailable
from commercive_cli.engines.dynamodb.batch_writer import BATCH_ITEMS, WORKERS
from commercive_cli.store.schema import AFFILIATE_STATS
from tests.engines.dynamodb.doubles import (
    Answer,
    ManualTime,
    Request,
    Server,
    described,
    refusal,
    script,
    serving,
    store_at,
    success,
    tables_on,
)

TABLE = "shop_affiliate_stats"
OURS = described(AFFILIATE_STATS)


def affiliates(count: int) -> list[dict[str, Any]]:
    return [{"affiliate_id": f"a{number}", "total_leads": number} for number in range(count)]


def puts_of(request: Request) -> list[dict[str, Any]]:
    return list(request.parameters["RequestItems"][TABLE])


def sent(server: Server) -> list[int]:
    """Return how many items each batch had."""
    return [len(puts_of(request)) for request in server.requests if request.operation == "BatchWriteItem"]


def half_unprocessed(request: Request) -> Answer:
    """Take the first half, rounded up, and leave the rest."""
    if request.operation == "DescribeTable":
        return OURS
    puts = puts_of(request)
    left = puts[(len(puts) + 1) // 2 :]
    return success(UnprocessedItems={TABLE: left} if left else {})


def none_processed(request: Request) -> Answer:
    if request.operation == "DescribeTable":
        return OURS
    return success(UnprocessedItems=request.parameters["RequestItems"])


def test_any_number_of_items_arrives(real_endpoint: str) -> None:
    """Items come from any iterable, and all of them are stored."""
    with tables_on(store_at(real_endpoint), AFFILIATE_STATS) as store:
        stored = store.batch_put(AFFILIATE_STATS, iter(affiliates(1203)))
        found = store.scan(AFFILIATE_STATS).items

    assert 1203 == stored
    assert affiliates(1203) == sorted(found, key=lambda item: item["total_leads"])


def test_of_two_with_one_key_the_later_stays(real_endpoint: str) -> None:
    """A file that names one key twice within a batch loads as a sequence of puts would."""
    with tables_on(store_at(real_endpoint), AFFILIATE_STATS) as store:
        store.batch_put(AFFILIATE_STATS, [{"affiliate_id": "ann", "total_leads": number} for number in (1, 2, 3)])
        found = store.scan(AFFILIATE_STATS).items

    assert [{"affiliate_id": "ann", "total_leads": 3}] == found


def test_nothing_to_store_is_no_request() -> None:
    """An empty load succeeds."""
    with serving(script(success())) as server:
        store = store_at(server.url)
        stored = store.batch_put(AFFILIATE_STATS, [])
        store.close()

    assert (0, []) == (stored, server.requests)


def test_unprocessed_items_are_sent_again() -> None:
    """DynamoDB answers "success" with items left over; they are sent again until none is."""
    time = ManualTime()
    with serving(half_unprocessed) as server:
        store = store_at(server.url, time, prefix="shop_")
        stored = store.batch_put(AFFILIATE_STATS, affiliates(25))
        store.close()

    assert 25 == stored
    assert [25, 12, 6, 3, 1] == sent(server)
    assert 4 == len(time.pauses)


def test_a_batch_that_gets_nowhere_ends_in_unavailable() -> None:
    """A table that takes nothing for as long as the deadline is reported, and repeating the load is safe."""
    time = ManualTime()
    with serving(none_processed) as server:
        store = store_at(server.url, time, prefix="shop_")
        with pytest.raises(Unavailable, match=r"25 items of a batch were not taken.*safe to do it again"):
            store.batch_put(AFFILIATE_STATS, affiliates(25))
        store.close()

    assert [25] * 12 == sent(server)


def test_a_throttled_batch_is_tried_again() -> None:
    """Throttling of a whole batch, and a lost reply, cost a pause."""
    with serving(script(OURS, refusal("ProvisionedThroughputExceededException"), None, success())) as server:
        store = store_at(server.url, prefix="shop_")
        stored = store.batch_put(AFFILIATE_STATS, affiliates(3))
        store.close()

    assert (3, [3, 3, 3]) == (stored, sent(server))


def test_an_item_that_breaks_a_limit_is_refused() -> None:
    """The port's limits hold for bulk loads, and name the item's fault."""
    with serving(script(success())) as server:
        store = store_at(server.url)
        with pytest.raises(Invalid, match="affiliate_id is a key"):
            store.batch_put(AFFILIATE_STATS, [{"affiliate_id": ""}])
        store.close()

    assert [] == server.requests


def test_items_are_read_as_they_are_needed() -> None:
    """A load of any size takes constant memory: while the server stands still, only some batches are read ahead."""
    read = 0

    def endless() -> Iterator[dict[str, Any]]:
        nonlocal read
        while True:
            read += 1
            yield {"affiliate_id": f"a{read}"}

    with serving(script(OURS, refusal("ValidationException"))) as server:
        store = store_at(server.url)
        with pytest.raises(Invalid):
            store.batch_put(AFFILIATE_STATS, endless())
        store.close()

    assert read <= (2 * WORKERS + 1) * BATCH_ITEMS
