"""The role of the function allows exactly the operations that the actions send to a real server."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from commercive_cli.api.actions import ACTIONS
from tests.api.deploy.role_calls import Recorded, policy_of_role, recorded_on
from tests.api.world import FakeClock, Issuer
from tests.policies import calls_of


@pytest.fixture(scope="module")
def recorded(real_endpoint: str, ec_key: ec.EllipticCurvePrivateKey, rsa_key: rsa.RSAPrivateKey) -> Recorded:
    """Return what the actions ask of the server."""
    return recorded_on(real_endpoint, Issuer(FakeClock(), ec_key, rsa_key))


@pytest.mark.parametrize("action", [action.name for action in ACTIONS])
def test_the_role_allows_what_an_action_does(recorded: Recorded, action: str) -> None:
    """A missing right is a 503 in production and nowhere else."""
    assert [] == [call for call in recorded.calls[action] if not recorded.policy.allows(call)]


def test_the_role_allows_nothing_else(recorded: Recorded) -> None:
    """Each right is one that some action uses; that to describe a table, when it is new to a process, or not there."""
    for call in set().union(*recorded.calls.values()):
        recorded.policy.allows(call)

    assert set() == recorded.policy.grants() - recorded.policy.used


@pytest.mark.parametrize(
    ("operation", "request_", "why"),
    [
        ("PutItem", {"TableName": "p_ops", "Item": {"pk": {"S": "a"}}}, "outside a transaction"),
        ("UpdateItem", {"TableName": "p_leads", "Key": {"lead_id": {"S": "a"}}}, "outside a transaction"),
        ("DeleteItem", {"TableName": "p_ops", "Key": {"pk": {"S": "claim#a"}}}, "outside a transaction"),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "q_ops", "Item": {}}}]}, "another table"),
        ("TransactWriteItems", {"TransactItems": [{"Delete": {"TableName": "p_leads", "Key": {}}}]}, "never done"),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Delete": {"TableName": "p_ops", "Key": {"pk": {"S": "audit#x"}}}}]},
            "history",
        ),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Update": {"TableName": "p_ops", "Key": {"pk": {"S": "audit#x"}}}}]},
            "history",
        ),
        ("Query", {"TableName": "p_leads", "IndexName": "LinkLeadsIndex"}, "an index that no action reads"),
        ("Scan", {"TableName": "p_leads"}, "never done"),
        ("DeleteTable", {"TableName": "p_leads"}, "never done"),
        ("BatchWriteItem", {"RequestItems": {"p_ops": []}}, "never done"),
    ],
)
def test_the_role_refuses_the_rest(operation: str, request_: dict[str, Any], why: str) -> None:
    """Whoever gets at the credentials of the function can do no more than its actions do, and leaves its history."""
    policy = policy_of_role("p_")

    assert [False] == [policy.allows(call) for call in calls_of(operation, request_)], why


def test_only_health_leaves_the_store_alone(recorded: Recorded) -> None:
    """Every other action sent something, so the tests above compare real operations."""
    assert {"health"} == {action.name for action in ACTIONS if not recorded.calls[action.name]}
