"""The role of the function allows exactly the operations that the actions send to a real server."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.session import Session
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from commercive_cli.api.actions import ACTIONS
from commercive_cli.api.deploy.stack import api_stack
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.schema import TABLES
from tests.api.deploy.evaluation import deployed
from tests.api.requests import REQUESTS, ActionRequest, UserItems, items_of, successes, token_of
from tests.api.test_seed_requests import LEAD
from tests.api.world import Answer, Client, FakeClock, Issuer, World, services_over, supabase_of
from tests.e2e.stores import server_store
from tests.engines.dynamodb.doubles import on_sent
from tests.policies import Call, Policy, calls_of

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


def submit_beyond_the_limit(client: Client, items: UserItems, _: str) -> Answer:
    """Submit leads until one is refused; whether it was answered before is read."""
    answers = (
        client.post("affiliate/submit-lead", key=f"k{number}", link_id=items.link_id, lead_data=LEAD)
        for number in range(40)
    )
    return next(answer for answer in answers if answer.status == 429)


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
    ("affiliate/submit-lead", submit_beyond_the_limit),
    ("admin/approve-lead", lambda c, _, __: c.post("admin/approve-lead", lead_id=IMPORTED, decision="reject")),
)
"""Requests of an admin that cause other operations than those in REQUESTS, successful or not."""


@dataclass(frozen=True)
class Recorded:
    """The calls that each action made, and the policy of the function's role."""

    calls: Mapping[str, set[Call]]
    policy: Policy


def policy_of_role(prefix: str) -> Policy:
    """Return what the role of the function may do with tables of this prefix that are there already."""
    role = deployed(api_stack(prefix), CreateTables="false").resources["ApiRole"]["Properties"]
    [tables] = [each["PolicyDocument"] for each in role["Policies"] if each["PolicyName"] == "tables"]
    return Policy(tables["Statement"])


def cold_store(endpoint: str, prefix: str, session: Session) -> DynamoDBStore:
    return DynamoDBStore("eu-west-1", prefix=prefix, endpoint=endpoint, session=session)


@pytest.fixture(scope="module")
def recorded(real_endpoint: str, ec_key: ec.EllipticCurvePrivateKey, rsa_key: rsa.RSAPrivateKey) -> Iterator[Recorded]:
    """Send every successful request of REQUESTS and of OTHER_WAYS, and record what reaches the server.

    Each is the first of a new process, which does not know yet that the tables are ours.
    """
    asked: list[Call] = []

    session = Session()
    on_sent(session, lambda operation, parameters: asked.extend(calls_of(operation, parameters)))
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
        yield Recorded(calls, policy_of_role(store.prefix))


def all_ways() -> Iterator[tuple[str, ActionRequest, str]]:
    for action in ACTIONS:
        yield from ((action.name, REQUESTS[name], caller) for name, caller in successes(action.name))
    yield from ((action, request, "admin") for action, request in OTHER_WAYS)


@pytest.mark.parametrize("action", [action.name for action in ACTIONS])
def test_the_role_allows_what_an_action_does(recorded: Recorded, action: str) -> None:
    """A missing right is a 503 in production and nowhere else."""
    assert [] == [call for call in recorded.calls[action] if not recorded.policy.allows(call)]


def test_the_role_allows_nothing_else(recorded: Recorded) -> None:
    """Beyond what actions need, above all no write outside a transaction, it only lets tables be described.

    Tables are described when they first answer a read by key, and when DynamoDB refused a request, to see whether it
    is because they are not ours.
    """
    policy = recorded.policy
    for call in set().union(*recorded.calls.values()):
        policy.allows(call)
    unused = policy.grants() - policy.used

    assert {"dynamodb:DescribeTable"} == {grant.action for grant in unused}
    assert len(TABLES) == len([grant for grant in policy.grants() if grant.action == "dynamodb:DescribeTable"])


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
