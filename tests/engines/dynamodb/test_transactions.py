"""Transactions on DynamoDB are applied exactly once, or fail with a clear reason."""

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
    """A write whose reply is lost is tried again, and is applied once."""
    with serving(relay(real_endpoint, lose=lambda number: number < 2)) as server:
        relayed = store_at(server.url, prefix="transactions_")
        relayed.transact(ONE_MORE)
        relayed.close()

    assert 3 == len(server.requests)
    assert 1 == len({request.parameters["ClientRequestToken"] for request in server.requests})
    assert {"affiliate_id": "ann", "total_leads": 1} == store.get(AFFILIATE_STATS, KEY)


def test_a_put_of_a_new_item_succeeds_after_a_lost_reply(store: DynamoDBStore, real_endpoint: str) -> None:
    """The second try does not fail because of the item that the first try stored before its reply was lost."""
    with serving(relay(real_endpoint, lose=lambda number: number == 0)) as server:
        relayed = store_at(server.url, prefix="transactions_")
        relayed.transact(Put(OPS, {"pk": "claim", "sk": "x", "owner": "ann"}, when=Absent()))
        relayed.close()

    assert {"pk": "claim", "sk": "x", "owner": "ann"} == store.get(OPS, {"pk": "claim", "sk": "x"})


def test_two_calls_with_the_same_writes_count_twice(store: DynamoDBStore) -> None:
    """Only the tries within one call are applied once; a second call is applied again."""
    store.transact(ONE_MORE)
    store.transact(ONE_MORE)

    assert {"affiliate_id": "ann", "total_leads": 2} == store.get(AFFILIATE_STATS, KEY)


def test_failed_conditions_report_positions_and_old_items(store: DynamoDBStore) -> None:
    """ConditionFailed says which writes failed and holds the stored items, so that no other read is needed."""
    store.transact(ONE_MORE)

    with pytest.raises(ConditionFailed) as failed:
        store.transact(
            Put(OPS, {"pk": "a", "sk": "b"}),
            Check(OPS, {"pk": "none", "sk": "none"}, when=Exists()),
            Delete(AFFILIATE_STATS, KEY, when=Equals("total_leads", 7)),
        )

    assert {1: None, 2: {"affiliate_id": "ann", "total_leads": 1}} == failed.value.failures
    assert store.get(OPS, {"pk": "a", "sk": "b"}) is None


def test_every_kind_of_write_is_applied(store: DynamoDBStore) -> None:
    """Set, default, add, remove, put and delete work together, also on attributes named like reserved words."""
    key = {"pk": "a", "sk": "b"}
    store.transact(Put(OPS, {**key, "status": "old", "ttl": 5}), Put(OPS, {"pk": "x", "sk": "y"}))
    store.transact(
        Update(OPS, key, set={"status": "new"}, default={"ttl": 9, "name": "n"}, add={"count": 2}, remove=("size",)),
        Delete(OPS, {"pk": "x", "sk": "y"}),
    )

    assert {**key, "status": "new", "ttl": 5, "name": "n", "count": 2} == store.get(OPS, key)
    assert store.get(OPS, {"pk": "x", "sk": "y"}) is None


def test_a_conflict_is_tried_again() -> None:
    """A transaction that conflicts with another writer is tried again, with the same token."""
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
def test_lasting_conflicts_end_in_unavailable(share: float) -> None:
    """After twelve tries with growing pauses of 10 to 500 ms, the error says that the store is contended."""
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
    """With a short deadline there are fewer tries."""
    time = ManualTime(1.0)
    with serving(script(cancelled("ThrottlingError"))) as server:
        store = store_at(server.url, time, deadline=0.4)
        with pytest.raises(Unavailable, match="throttled"):
            store.transact(ONE_MORE)
        store.close()

    assert [0.05, 0.1, 0.2] == time.pauses
    assert 4 == len(server.requests)


def test_a_failed_condition_with_a_conflict_is_not_tried_again() -> None:
    """A transaction with a conflict and a failed condition raises ConditionFailed at once, as it cannot succeed."""
    old = {"affiliate_id": "ann", "total_leads": 3}
    with serving(script(cancelled("TransactionConflict", "ConditionalCheckFailed", old=old))) as server:
        store = store_at(server.url)
        with pytest.raises(ConditionFailed) as failed:
            store.transact(ONE_MORE, Put(OPS, {"pk": "a", "sk": "b"}))
        store.close()

    assert {1: old} == failed.value.failures
    assert 1 == len(server.requests)


@pytest.mark.parametrize("code", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_a_write_that_dynamodb_refuses_is_invalid(code: str) -> None:
    """A write that DynamoDB will never accept is the caller's mistake and is not tried again."""
    with serving(script(cancelled("TransactionConflict", code))) as server:
        store = store_at(server.url)
        with pytest.raises(Invalid):
            store.transact(ONE_MORE, Put(OPS, {"pk": "a", "sk": "b"}))
        store.close()

    assert 1 == server.operations.count("TransactWriteItems")


@pytest.mark.parametrize("reply", [None, refusal("InternalServerError", status=500)])
def test_the_error_says_that_the_outcome_is_unknown(reply: Reply | None) -> None:
    """When no try of a write gets a reply, the error says that it may have been applied, and what to do."""
    with serving(script(reply)) as server:
        store = store_at(server.url)
        with pytest.raises(Unavailable, match="outcome unknown, retry with the same key"):
            store.transact(ONE_MORE)
        store.close()

    assert 12 == len(server.requests)


def test_limits_are_checked_before_anything_is_sent() -> None:
    """A transaction that breaks a limit is refused without a request."""
    with serving(script(success())) as server:
        store = store_at(server.url)
        with pytest.raises(Invalid, match="one item twice"):
            store.transact(ONE_MORE, ONE_MORE)
        with pytest.raises(Invalid, match="must set, add or remove"):
            store.transact(Update(AFFILIATE_STATS, KEY))
        store.close()

    assert [] == server.requests


def test_round_trips_can_be_counted(real_endpoint: str) -> None:
    """`on_request` is called for every request; the tests of round trips count them so."""
    operations: list[str] = []
    with tables_on(store_at(real_endpoint, on_request=operations.append), AFFILIATE_STATS) as store:
        operations.clear()
        store.transact(ONE_MORE)
        store.get(AFFILIATE_STATS, KEY)

        assert ["TransactWriteItems", "GetItem"] == operations
