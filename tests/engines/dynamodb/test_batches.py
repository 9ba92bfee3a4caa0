"""Bulk loads into DynamoDB: every item is stored, in constant memory, however often the server leaves some out."""

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
    """Process the first half, rounded up, and return the rest as unprocessed."""
    if request.operation == "DescribeTable":
        return OURS
    puts = puts_of(request)
    left = puts[(len(puts) + 1) // 2 :]
    return success(UnprocessedItems={TABLE: left} if left else {})


def none_processed(request: Request) -> Answer:
    if request.operation == "DescribeTable":
        return OURS
    return success(UnprocessedItems=request.parameters["RequestItems"])


def test_any_number_of_items_is_stored(real_endpoint: str) -> None:
    """All items of any iterable are stored."""
    with tables_on(store_at(real_endpoint), AFFILIATE_STATS) as store:
        stored = store.batch_put(AFFILIATE_STATS, iter(affiliates(1203)))
        found = store.scan(AFFILIATE_STATS).items

    assert 1203 == stored
    assert affiliates(1203) == sorted(found, key=lambda item: item["total_leads"])


def test_of_two_items_with_one_key_the_later_stays(real_endpoint: str) -> None:
    """A batch with one key twice is stored as a sequence of puts would be: the last item stays."""
    with tables_on(store_at(real_endpoint), AFFILIATE_STATS) as store:
        store.batch_put(AFFILIATE_STATS, [{"affiliate_id": "ann", "total_leads": number} for number in (1, 2, 3)])
        found = store.scan(AFFILIATE_STATS).items

    assert [{"affiliate_id": "ann", "total_leads": 3}] == found


def test_an_empty_load_sends_no_request() -> None:
    """Loading no items succeeds without a request."""
    with serving(script(success())) as server:
        store = store_at(server.url)
        stored = store.batch_put(AFFILIATE_STATS, [])
        store.close()

    assert (0, []) == (stored, server.requests)


def test_unprocessed_items_are_sent_again() -> None:
    """DynamoDB may leave items of a batch unprocessed; they are sent again until all are stored."""
    time = ManualTime()
    with serving(half_unprocessed) as server:
        store = store_at(server.url, time, prefix="shop_")
        stored = store.batch_put(AFFILIATE_STATS, affiliates(25))
        store.close()

    assert 25 == stored
    assert [25, 12, 6, 3, 1] == sent(server)
    assert 4 == len(time.pauses)


def test_a_batch_of_which_nothing_is_stored_ends_in_unavailable() -> None:
    """When no item is stored within the deadline, the error names the table and says that a repetition is safe."""
    time = ManualTime()
    with serving(none_processed) as server:
        store = store_at(server.url, time, prefix="shop_")
        with pytest.raises(Unavailable, match=r"25 items of a batch were not stored.*safe to do it again"):
            store.batch_put(AFFILIATE_STATS, affiliates(25))
        store.close()

    assert [25] * 12 == sent(server)


def test_a_throttled_batch_is_tried_again() -> None:
    """A batch is sent again after throttling and after a lost reply."""
    with serving(script(OURS, refusal("ProvisionedThroughputExceededException"), None, success())) as server:
        store = store_at(server.url, prefix="shop_")
        stored = store.batch_put(AFFILIATE_STATS, affiliates(3))
        store.close()

    assert (3, [3, 3, 3]) == (stored, sent(server))


def test_an_item_that_breaks_a_limit_is_refused() -> None:
    """The limits of items are checked in bulk loads; the error names what is wrong."""
    with serving(script(success())) as server:
        store = store_at(server.url)
        with pytest.raises(Invalid, match="affiliate_id is a key"):
            store.batch_put(AFFILIATE_STATS, [{"affiliate_id": ""}])
        store.close()

    assert [] == server.requests


def test_items_are_read_as_they_are_needed() -> None:
    """A load of any size takes constant memory: only a limited number of batches is read ahead."""
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


@pytest.mark.parametrize(("refusals", "is_read"), [(2, True), (100, False)])
def test_keys_that_were_left_out_are_asked_for_again(refusals: int, is_read: bool) -> None:
    """A read of many items holds all of them, or ends in an error that says how many could not be read."""
    key = {"affiliate_id": {"S": "a0"}}
    replies = [success(UnprocessedKeys={TABLE: {"Keys": [key]}})] * refusals + [success(Responses={TABLE: [key]})]

    def answer(request: Request) -> Answer:
        return OURS if request.operation == "DescribeTable" else replies.pop(0)

    with serving(answer) as server:
        store = store_at(server.url, ManualTime(), prefix="shop_")
        if is_read:
            assert [{"affiliate_id": "a0"}] == store.batch_get(AFFILIATE_STATS, [{"affiliate_id": "a0"}])
        else:
            with pytest.raises(Unavailable, match="1 items could not be read in time"):
                store.batch_get(AFFILIATE_STATS, [{"affiliate_id": "a0"}])
        store.close()
