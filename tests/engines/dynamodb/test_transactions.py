"""Transactions on DynamoDB: once and only once, or a clear reason why not."""

from collections.abc import Iterator

import pytest

from commercive_cli.domain.errors import Invalid, Unavailable
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import AFFILIATE_STATS, OPS
from commercive_cli.store.writes import Absent, Check, Delete, Equals, Exists, Put, Update
from tests.engines.dynamodb.doubles import (
    ManualTime,
    Reply,
    cancelled,
    refusal,
    relay,
    script,
    serving,
    store_at,
    success,
    tables_on,
)

KEY = {"affiliate_id": "ann"}
ONE_MORE = Update(AFFILIATE_STATS, KEY, add={"total_leads": 1})


@pytest.fixture
def store(real_endpoint: str) -> Iterator[DynamoDBStore]:
    with tables_on(store_at(real_endpoint, prefix="transactions_"), AFFILIATE_STATS, OPS) as store:
        yield store


def test_a_lost_reply_does_not_add_twice(store: DynamoDBStore, real_endpoint: str) -> None:
    """A write whose reply gets lost is tried again, and counts once."""
    with serving(relay(real_endpoint, lose=lambda number: number < 2)) as server:
        behind = store_at(server.url, prefix="transactions_")
        behind.transact(ONE_MORE)
        behind.close()

    assert 3 == len(server.requests)
    assert 1 == len({request.parameters["ClientRequestToken"] for request in server.requests})
    assert {"affiliate_id": "ann", "total_leads": 1} == store.get(AFFILIATE_STATS, KEY)


def test_a_condition_that_the_lost_try_broke_itself_does_not_fail(store: DynamoDBStore, real_endpoint: str) -> None:
    """Creating something succeeds even when the first reply, which said so, was lost."""
    with serving(relay(real_endpoint, lose=lambda number: number == 0)) as server:
        behind = store_at(server.url, prefix="transactions_")
        behind.transact(Put(OPS, {"pk": "claim", "sk": "x", "owner": "ann"}, when=Absent()))
        behind.close()

    assert {"pk": "claim", "sk": "x", "owner": "ann"} == store.get(OPS, {"pk": "claim", "sk": "x"})


def test_two_calls_with_the_same_writes_count_twice(store: DynamoDBStore) -> None:
    """Only the tries of one call are one; calling again is doing it again."""
    store.transact(ONE_MORE)
    store.transact(ONE_MORE)

    assert {"affiliate_id": "ann", "total_leads": 2} == store.get(AFFILIATE_STATS, KEY)


def test_failed_conditions_report_positions_and_old_items(store: DynamoDBStore) -> None:
    """A service learns which write failed and what was there, without another read."""
    store.transact(ONE_MORE)

    with pytest.raises(ConditionFailed) as failed:
        store.transact(
            Put(OPS, {"pk": "a", "sk": "b"}),
            Check(OPS, {"pk": "none", "sk": "none"}, when=Exists()),
            Delete(AFFILIATE_STATS, KEY, when=Equals("total_leads", 7)),
        )

    assert {1: None, 2: {"affiliate_id": "ann", "total_leads": 1}} == failed.value.failures
    assert store.get(OPS, {"pk": "a", "sk": "b"}) is None


def test_every_kind_of_write_does_what_it_says(store: DynamoDBStore) -> None:
    """Set, default, add, remove, put and delete work together, and on attributes named like reserved words."""
    key = {"pk": "a", "sk": "b"}
    store.transact(Put(OPS, {**key, "status": "old", "ttl": 5}), Put(OPS, {"pk": "x", "sk": "y"}))
    store.transact(
        Update(OPS, key, set={"status": "new"}, default={"ttl": 9, "name": "n"}, add={"count": 2}, remove=("size",)),
        Delete(OPS, {"pk": "x", "sk": "y"}),
    )

    assert {**key, "status": "new", "ttl": 5, "name": "n", "count": 2} == store.get(OPS, key)
    assert store.get(OPS, {"pk": "x", "sk": "y"}) is None


def test_a_conflict_is_tried_again() -> None:
    """Two writers of one item both succeed, one a little later."""
    time = ManualTime()
    replies = script(cancelled("None", "TransactionConflict"), refusal("TransactionInProgressException"), success())
    with serving(replies) as server:
        store = store_at(server.url, time)
        store.transact(ONE_MORE, Put(OPS, {"pk": "a", "sk": "b"}))
        store.close()

    assert ["TransactWriteItems"] * 3 == server.operations
    assert 1 == len({request.parameters["ClientRequestToken"] for request in server.requests})
    assert 2 == len(time.pauses)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_conflict_storm_ends_in_unavailable(share: float) -> None:
    """After twelve tries with growing pauses of 10 to 500 ms the caller hears that the store is contended."""
    time = ManualTime(share)
    with serving(script(cancelled("TransactionConflict"))) as server:
        store = store_at(server.url, time)
        with pytest.raises(Unavailable, match=r"contended \(TransactionConflict\)") as refused:
            store.transact(ONE_MORE)
        store.close()

    assert 12 == len(server.requests)
    assert time.pauses == sorted(time.pauses)
    assert 0.010 <= min(time.pauses) <= max(time.pauses) <= 0.500
    assert "outcome unknown" not in str(refused.value)


def test_no_try_starts_after_the_deadline() -> None:
    """A caller with little time hears sooner."""
    time = ManualTime(1.0)
    with serving(script(cancelled("ThrottlingError"))) as server:
        store = store_at(server.url, time, deadline=0.4)
        with pytest.raises(Unavailable, match="throttled"):
            store.transact(ONE_MORE)
        store.close()

    assert [0.05, 0.1, 0.2] == time.pauses
    assert 4 == len(server.requests)


def test_a_failed_condition_beside_a_conflict_is_a_failed_condition() -> None:
    """What cannot succeed is not tried again."""
    old = {"affiliate_id": "ann", "total_leads": 3}
    with serving(script(cancelled("TransactionConflict", "ConditionalCheckFailed", old=old))) as server:
        store = store_at(server.url)
        with pytest.raises(ConditionFailed) as failed:
            store.transact(ONE_MORE, Put(OPS, {"pk": "a", "sk": "b"}))
        store.close()

    assert {1: old} == failed.value.failures
    assert 1 == len(server.requests)


@pytest.mark.parametrize("code", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_what_dynamodb_finds_malformed_is_invalid(code: str) -> None:
    """A write that DynamoDB will never take is the caller's to mend."""
    with serving(script(cancelled("TransactionConflict", code))) as server:
        store = store_at(server.url)
        with pytest.raises(Invalid):
            store.transact(ONE_MORE, Put(OPS, {"pk": "a", "sk": "b"}))
        store.close()

    assert 1 == server.operations.count("TransactWriteItems")


@pytest.mark.parametrize("reply", [None, refusal("InternalServerError", status=500)])
def test_an_unknown_outcome_is_called_so(reply: Reply | None) -> None:
    """When no try of a write gets its reply, the caller hears that it may have happened and how to find out."""
    with serving(script(reply)) as server:
        store = store_at(server.url)
        with pytest.raises(Unavailable, match="outcome unknown, retry with the same key"):
            store.transact(ONE_MORE)
        store.close()

    assert 12 == len(server.requests)


def test_limits_are_checked_before_anything_is_sent() -> None:
    """A transaction that breaks a limit costs no request."""
    with serving(script(success())) as server:
        store = store_at(server.url)
        with pytest.raises(Invalid, match="one item twice"):
            store.transact(ONE_MORE, ONE_MORE)
        with pytest.raises(Invalid, match="must set, add or remove"):
            store.transact(Update(AFFILIATE_STATS, KEY))
        store.close()

    assert [] == server.requests


def test_round_trips_can_be_counted(real_endpoint: str) -> None:
    """`on_request` hears of every request, which is how the budget of each action is checked."""
    heard: list[str] = []
    with tables_on(store_at(real_endpoint, on_request=heard.append), AFFILIATE_STATS) as store:
        heard.clear()
        store.transact(ONE_MORE)
        store.get(AFFILIATE_STATS, KEY)

        assert ["TransactWriteItems", "GetItem"] == heard
