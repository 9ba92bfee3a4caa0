"""Reads from DynamoDB: strongly consistent except on indexes, in order, page by page."""

from collections.abc import Iterator
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.items import encode_item
from commercive_cli.store.port import Page, Query
from commercive_cli.store.schema import AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES
from tests.engines.dynamodb.doubles import described, script, serving, store_at, success, tables_on


def message(name: str, at: int) -> dict[str, Any]:
    return {"conversation_id": "c", "message_id": name, "created_at": at}


FOUR = [message("a", 10), message("a!", 20), message("b", 30), message("bé", 40)]


@pytest.fixture(scope="module")
def store(real_endpoint: str) -> Iterator[DynamoDBStore]:
    with tables_on(store_at(real_endpoint), MESSAGES) as store:
        store.batch_put(MESSAGES, FOUR)
        yield store


def pages(store: DynamoDBStore, query: Query) -> list[list[str]]:
    """Return the message ids of every page."""
    found = []
    while True:
        page = store.query(query)
        found.append([item["message_id"] for item in page.items])
        if page.next is None:
            return found
        query = Query(**{**vars(query), "start": page.next})


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, ["a", "a!", "b", "bé"]),
        ("a", None, ["a!", "b", "bé"]),
        (None, "b", ["a", "a!", "b"]),
        ("a", "b", ["a!", "b"]),
        ("a", "a", []),
        ("b", "a", []),
        ("bé", None, []),
    ],
)
def test_text_bounds(store: DynamoDBStore, since: str | None, until: str | None, expected: list[str]) -> None:
    """`since` excludes its own key and `until` includes it, in either direction."""
    ascending = store.query(Query(MESSAGES, "c", since=since, until=until))
    descending = store.query(Query(MESSAGES, "c", since=since, until=until, descending=True))

    assert expected == [item["message_id"] for item in ascending.items]
    assert expected[::-1] == [item["message_id"] for item in descending.items]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (10, None, ["a!", "b", "bé"]),
        (None, 30, ["a", "a!", "b"]),
        (10, 30, ["a!", "b"]),
        (0, 0, []),
        (None, 0, []),
        (40, 10, []),
        (-5, 10, ["a"]),
    ],
)
def test_number_bounds_on_an_index(
    store: DynamoDBStore, since: int | None, until: int | None, expected: list[str]
) -> None:
    """Bounds on numbers, zero and negative ones too, and on indexes work in the same way."""
    page = store.query(Query(MESSAGES, "c", index="MessageTimestampIndex", since=since, until=until))

    assert expected == [item["message_id"] for item in page.items]


@pytest.mark.parametrize("index", [None, "MessageTimestampIndex"])
@pytest.mark.parametrize("descending", [False, True])
def test_a_page_starts_where_the_last_one_ended(store: DynamoDBStore, index: str | None, descending: bool) -> None:
    """Every page but the last holds `limit` items; no item is lost or returned twice."""
    query = Query(MESSAGES, "c", index=index, descending=descending, limit=3)
    bounded = Query(MESSAGES, "c", since="a", until="b", limit=1)

    expected = ["a", "a!", "b", "bé"][:: -1 if descending else 1]
    assert [expected[:3], expected[3:]] == pages(store, query)
    assert ["a!", "b"] == [name for page in pages(store, bounded) for name in page]


def test_segments_are_disjoint_and_complete(store: DynamoDBStore) -> None:
    """The segments of a parallel scan together return each item of the table once."""
    parts = [store.scan(MESSAGES, segment=segment, segments=3).items for segment in range(3)]
    whole = store.scan(MESSAGES)

    assert sorted(item["message_id"] for part in parts for item in part) == ["a", "a!", "b", "bé"]
    assert (4, None) == (len(whole.items), whole.next)


def test_a_missing_item_is_none(store: DynamoDBStore) -> None:
    """Reading a key without an item is no error and returns None."""
    assert store.get(MESSAGES, {"conversation_id": "c", "message_id": "none"}) is None
    assert FOUR[3] == store.get(MESSAGES, {"conversation_id": "c", "message_id": "bé"})


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(store: DynamoDBStore, limit: int) -> None:
    """A limit of a page must be at least 1."""
    with pytest.raises(Invalid):
        store.query(Query(MESSAGES, "c", limit=limit))


def test_an_empty_page_may_have_a_next_page() -> None:
    """DynamoDB may return a page without items that is not the last; its `next` says where to go on."""
    key = {"conversation_id": "c", "message_id": "m"}
    with serving(script(success(Items=[], Count=0, LastEvaluatedKey=encode_item(key)), success(Items=[]))) as server:
        store = store_at(server.url)
        first = store.query(Query(MESSAGES, "c"))
        second = store.query(Query(MESSAGES, "c", start=first.next))
        store.close()

    assert Page([], key) == first
    assert Page([], None) == second
    assert encode_item(key) == server.requests[1].parameters["ExclusiveStartKey"]


def test_reads_are_consistent_except_on_indexes() -> None:
    """Gets, scans and table queries are strongly consistent; DynamoDB does not offer that for indexes."""
    with serving(lambda each: described(LEADS) if each.operation == "DescribeTable" else success()) as server:
        store = store_at(server.url)
        store.get(LEADS, {"lead_id": "l", "created_at": 1})
        store.scan(LEADS)
        store.scan(LEADS, segment=1, segments=4)
        store.query(Query(MESSAGES, "c"))
        store.query(Query(CONVERSATIONS, "open", index="ConversationStatusIndex"))
        store.batch_get(AFFILIATE_STATS, [{"affiliate_id": "a"}])
        store.close()

    *sent, many = [request.parameters for request in server.requests if request.operation != "DescribeTable"]
    assert [True] == [each["ConsistentRead"] for each in many["RequestItems"].values()]
    assert [True, True, True, True, None] == [each.get("ConsistentRead") for each in sent]
    assert [None, None, (1, 4), None, None] == [
        (each["Segment"], each["TotalSegments"]) if "Segment" in each else None for each in sent
    ]
    assert "ConversationStatusIndex" == sent[4]["IndexName"]


def test_an_empty_range_costs_no_request() -> None:
    """A query whose bounds leave nothing returns an empty page without a request."""
    with serving(script(success())) as server:
        store = store_at(server.url)
        page = store.query(Query(MESSAGES, "c", since="b", until="b"))
        store.close()

    assert Page([]) == page
    assert [] == server.requests
