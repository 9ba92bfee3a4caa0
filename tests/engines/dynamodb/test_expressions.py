"""Conditions and updates as DynamoDB's expressions mean the same as `store.writes` defines."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commercive_cli.engines.dynamodb.expressions import Placeholders, condition_expression, transaction_write
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import OPS
from commercive_cli.store.writes import (
    Absent,
    All,
    AnyOf,
    Below,
    Check,
    Condition,
    Equals,
    Exists,
    Missing,
    Update,
    holds,
)
from tests.engines.dynamodb.doubles import store_at, tables_on

KEY = {"pk": "a", "sk": "b"}
ITEM: dict[str, Any] = {**KEY, "size": 3, "status": "open", "flag": True, "none": None}
names = st.sampled_from(["size", "status", "flag", "none", "missing"])
bounds = st.sampled_from([2, 3, 4, "closed", "open", "p"])
leaves = st.one_of(
    st.just(Absent()),
    st.just(Exists()),
    st.builds(Missing, names),
    st.builds(Equals, names, bounds | st.sampled_from([True, False, None])),
    st.builds(Below, names, bounds),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3).flatmap(lambda each: st.sampled_from([All(*each), AnyOf(*each)])),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def store(real_endpoint: str) -> Iterator[DynamoDBStore]:
    with tables_on(store_at(real_endpoint), OPS) as store:
        store.batch_put(OPS, [ITEM])
        yield store


@settings(max_examples=150, deadline=None, derandomize=True)
@given(condition=conditions, there=st.booleans())
def test_the_server_agrees_with_holds(store: DynamoDBStore, condition: Condition, there: bool) -> None:
    """A condition holds on the server exactly when `holds` says so, however conditions are nested."""
    key = KEY if there else {"pk": "not", "sk": "there"}
    try:
        store.transact(Check(OPS, key, when=condition))
    except ConditionFailed:
        held = False
    else:
        held = True

    assert holds(condition, ITEM if there else None) == held


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (All(Exists(), Missing("x")), "attribute_exists(#n0) AND attribute_not_exists(#n1)"),
        (All(All(Exists())), "attribute_exists(#n0)"),
        (
            AnyOf(Absent(), All(Equals("a", 1), AnyOf(All(Below("b", 2), Below("a", 3))))),
            "attribute_not_exists(#n0) OR (#n1 = :v0 AND (#n2 < :v1 AND #n1 < :v2))",
        ),
        (All(), "attribute_exists(#n0) OR attribute_not_exists(#n0)"),
        (AnyOf(), "attribute_exists(#n0) AND attribute_not_exists(#n0)"),
    ],
)
def test_expressions_have_no_redundant_parentheses(condition: Condition, expected: str) -> None:
    """Expressions have no redundant parentheses, which DynamoDB refuses and compatible servers accept."""
    assert expected == condition_expression(condition, OPS, Placeholders())


def test_an_update_has_placeholders_for_all_names_and_values() -> None:
    """Reserved words such as `status` can be used as attribute names."""
    write = Update(OPS, KEY, set={"status": "x"}, default={"ttl": 1}, add={"count": 2}, remove=("size",))

    assert {
        "Update": {
            "TableName": "t",
            "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            "UpdateExpression": "SET #n0 = :v0, #n1 = if_not_exists(#n1, :v1) ADD #n2 :v2 REMOVE #n3",
            "ExpressionAttributeNames": {"#n0": "status", "#n1": "ttl", "#n2": "count", "#n3": "size"},
            "ExpressionAttributeValues": {":v0": {"S": "x"}, ":v1": {"N": "1"}, ":v2": {"N": "2"}},
        }
    } == transaction_write(write, "t")
