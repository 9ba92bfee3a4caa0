"""The role of the function allows exactly the operations that the actions send to a real server."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from botocore.session import Session
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from commercive_cli.api.actions import ACTIONS
from commercive_cli.api.deploy.stack import api_stack
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.schema import TABLES
from tests.api.requests import REQUESTS, ActionRequest, UserItems, items_of, successes, token_of
from tests.api.test_seed_requests import LEAD
from tests.api.world import Answer, Client, FakeClock, Issuer, World, services_over, supabase_of
from tests.e2e.stores import server_store

IMPORTED = "id-of-another-backend"


def reply(client: Client, conversation_id: str, admin: str, **guard: str) -> Answer:
    return client.post("chat/reply", conversation_id=conversation_id, admin_id=admin, message="hi", **guard)


def create_link_again(client: Client, items: UserItems, _: str) -> Answer:
    return client.post(
        "affiliate/create-link", affiliate_id=items.owner, affiliate_email="a@example.com", store_url="my.shop"
    )


def mark_up_to(client: Client, items: UserItems, _: str) -> Answer:
    mark = {"conversation_id": items.conversation_id, "reader_type": "admin"}
    return client.post("chat/mark-read", key="k", **mark, up_to="another")


OTHER_WAYS: tuple[tuple[str, ActionRequest], ...] = (
    ("chat/send", lambda c, _, me: c.post("chat/send", user_id=me, message="hi")),
    ("chat/send", lambda c, _, me: c.post("chat/send", user_id=me, message="once", key="k")),
    ("chat/send", lambda c, _, me: c.post("chat/send", user_id=me, message="once", key="k")),
    ("chat/reply", lambda c, t, me: reply(c, t.conversation_id, me, if_last="another")),
    ("chat/reply", lambda c, _, me: reply(c, IMPORTED, me)),
    ("chat/mark-read", mark_up_to),
    ("chat/close", lambda c, _, __: c.post("chat/close", conversation_id=IMPORTED, key="k")),
    ("affiliate/create-link", create_link_again),
    ("affiliate/submit-lead", lambda c, _, __: c.post("affiliate/submit-lead", link_id=IMPORTED, lead_data=LEAD)),
    ("admin/approve-lead", lambda c, _, __: c.post("admin/approve-lead", lead_id=IMPORTED, decision="reject")),
)
"""Requests of an admin that cause other operations than those in REQUESTS, successful or not."""

TRANSACTION = "TransactWriteItems"


class Call(NamedTuple):
    """One call as IAM sees it: the operation, the table or index, and whether it is part of a transaction."""

    operation: str
    resource: str
    in_transaction: bool = False


def calls_of(operation: str, request: Mapping[str, Any]) -> Iterator[Call]:
    """Yield what IAM checks for a request."""
    if operation == TRANSACTION:
        for write in request["TransactItems"]:
            for kind, part in write.items():
                yield Call(f"{kind}Item", part["TableName"], in_transaction=True)
    elif "RequestItems" in request:
        yield from (Call(operation, table) for table in request["RequestItems"])
    else:
        index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
        yield Call(operation, request["TableName"] + index)


def allowed_by(stack: Mapping[str, Any]) -> set[Call]:
    """Return the calls on tables that the role of a stack allows."""
    [policy, _] = stack["Resources"]["ApiRole"]["Properties"]["Policies"]
    transactions = {"StringEquals": {"dynamodb:EnclosingOperation": TRANSACTION}}
    return {
        Call(action.removeprefix("dynamodb:"), arn["Fn::Sub"].partition(":table/")[2], "Condition" in statement)
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Condition", transactions) == transactions and statement["Effect"] == "Allow"
        for action in statement["Action"]
        for arn in statement["Resource"]
    }


@dataclass(frozen=True)
class Recorded:
    """The operations that each action sent to the server, and those that the role allows."""

    calls: Mapping[str, set[Call]]
    allowed: set[Call]


def cold_store(endpoint: str, prefix: str, session: Session) -> DynamoDBStore:
    return DynamoDBStore("eu-west-1", prefix=prefix, endpoint=endpoint, session=session)


@pytest.fixture(scope="module")
def recorded(real_endpoint: str, ec_key: ec.EllipticCurvePrivateKey, rsa_key: rsa.RSAPrivateKey) -> Iterator[Recorded]:
    """Send every successful request of REQUESTS and of OTHER_WAYS, and record what reaches the server.

    Each is the first of a new process, which does not know yet that the tables are ours.
    """
    asked: list[Call] = []

    def note(**sent: Any) -> None:
        asked.extend(calls_of(sent["model"].name, sent["params"]))

    session = Session()
    session.register("before-parameter-build.dynamodb", note)
    issuer = Issuer(FakeClock(), ec_key, rsa_key)
    with server_store(real_endpoint, session=session) as store:
        supabase = supabase_of(issuer)
        world = World(services_over(store, issuer.clock), issuer.clock, issuer, supabase)
        client = world.open("jwt")
        calls: defaultdict[str, set[Call]] = defaultdict(set)
        for number, (action, request, caller) in enumerate(all_ways()):
            stranger = client.from_(f"198.51.100.{number}")
            items = items_of(stranger.as_(issuer.token("user-a")), "user-a")
            token, me = token_of(issuer, caller)
            asked.clear()
            with closing(cold_store(real_endpoint, store.prefix, session)) as cold:
                world = World(services_over(cold, issuer.clock), issuer.clock, issuer, supabase)
                request(world.open("jwt").from_(f"198.51.100.{number}").as_(token), items, me)
            calls[action].update(asked)
        yield Recorded(calls, allowed_by(api_stack(store.prefix)))


def all_ways() -> Iterator[tuple[str, ActionRequest, str]]:
    for action in ACTIONS:
        yield from ((action.name, REQUESTS[name], caller) for name, caller in successes(action.name))
    yield from ((action, request, "admin") for action, request in OTHER_WAYS)


@pytest.mark.parametrize("action", [action.name for action in ACTIONS])
def test_the_role_allows_what_an_action_does(recorded: Recorded, action: str) -> None:
    """A missing right is a 503 in production and nowhere else."""
    assert set() == recorded.calls[action] - recorded.allowed


def test_the_role_allows_nothing_else(recorded: Recorded) -> None:
    """Beyond what actions need, above all no write outside a transaction, it only lets tables be described.

    Tables are described when DynamoDB refused a request, to see whether it is because they are not ours.
    """
    others = recorded.allowed - set().union(*recorded.calls.values())

    assert ({"DescribeTable"}, len(TABLES)) == ({call.operation for call in others}, len(others))


def test_only_health_leaves_the_store_alone(recorded: Recorded) -> None:
    """Every other action sent something, so the tests above compare real operations."""
    assert {"health"} == {action.name for action in ACTIONS if not recorded.calls[action.name]}
