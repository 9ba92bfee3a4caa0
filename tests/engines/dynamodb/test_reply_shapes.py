"""Replies that are JSON, and not what DynamoDB says: they are no answer, and never a bug or "done"."""

import json
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from commercive_cli.domain.errors import CommerciveError, Unavailable
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.port import Page, Query, Store
from commercive_cli.store.schema import CONVERSATIONS, LEADS, MESSAGES
from commercive_cli.store.writes import Put
from tests.engines.dynamodb.doubles import session_with_credentials, store_at

LEAD = {"lead_id": "l-1", "created_at": 1}
NAMES = st.sampled_from(["S", "N", "BOOL", "M", "L", "SS", "B", "NULL", "lead_id", "created_at", "Keys", "error"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["", "1", "x", "l-1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TOLD = (
    *("Item", "Items", "LastEvaluatedKey", "Responses", "UnprocessedKeys", "UnprocessedItems", "Count", "error"),
    "message",
)
REPLIES = st.dictionaries(st.sampled_from(TOLD), VALUES, max_size=3)

CALLS: dict[str, Callable[[Store], object]] = {
    "get": lambda store: store.get(LEADS, LEAD),
    "batch_get": lambda store: store.batch_get(LEADS, [LEAD]),
    "query": lambda store: store.query(Query(MESSAGES, "c-1")),
    "query an index": lambda store: store.query(Query(CONVERSATIONS, "open", "ConversationStatusIndex")),
    "scan": lambda store: store.scan(LEADS),
    "scan_text": lambda store: store.scan_text(LEADS),
    "transact": lambda store: store.transact(Put(LEADS, LEAD)),
    "batch_put": lambda store: store.batch_put(LEADS, [LEAD]),
}


class Body:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        return [self._body]


class Answering:
    """Stores to which every request gets the same reply, without a network."""

    def __init__(self) -> None:
        self.reply: object = {}
        self._session = session_with_credentials()
        events: Any = self._session
        events.register("before-send.dynamodb", self._answer)

    def store(self, reply: object) -> DynamoDBStore:
        self.reply = reply
        return store_at("http://127.0.0.1:9", session=self._session)

    def _answer(self, request: Any, **_: Any) -> Any:
        response: Any = AWSResponse
        return response(request.url, 200, {}, Body(json.dumps(self.reply).encode()))


@pytest.fixture(scope="module")
def answering() -> Answering:
    return Answering()


@pytest.mark.parametrize("call", CALLS)
def test_no_json_in_place_of_a_reply_is_a_bug(answering: Answering, call: str) -> None:
    """Whatever JSON comes, the call ends with what it says as DynamoDB says it, or with one of our errors."""

    @settings(max_examples=40, derandomize=True, deadline=None, database=None)
    @given(REPLIES)
    def ends(reply: object) -> None:
        with closing(answering.store(reply)) as store, suppress(CommerciveError):
            CALLS[call](store)

    ends()


@pytest.mark.parametrize(
    ("call", "reply"),
    [
        ("transact", {"error": "sign in"}),
        ("get", {"error": "sign in"}),
        ("scan", {"Items": 1}),
        ("scan", {"Items": ["x"]}),
        ("batch_get", {"Responses": {"leads": {}}}),
        ("batch_put", {"UnprocessedItems": []}),
        ("query", {"Items": {}, "Count": 1}),
    ],
)
def test_what_dynamodb_does_not_say_is_no_answer(answering: Answering, call: str, reply: object) -> None:
    """An answer of somebody else's is not taken for "it is done", "there is nothing" or "there is no such table"."""
    with closing(answering.store(reply)) as store, pytest.raises(Unavailable):
        CALLS[call](store)


@pytest.mark.parametrize("call", ["get", "scan", "batch_get", "batch_put"])
def test_null_stands_for_nothing(answering: Answering, call: str) -> None:
    """Compatible servers give what is not there as null: no item, no further page, nothing left to do."""
    nothing = dict.fromkeys(("Item", "Items", "LastEvaluatedKey", "UnprocessedKeys", "UnprocessedItems"))
    with closing(answering.store({**nothing, "Responses": {}, "Count": 0})) as store:
        found = CALLS[call](store)

    assert found in (None, [], Page([]), 1)
