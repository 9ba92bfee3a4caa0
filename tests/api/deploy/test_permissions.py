"""The role of the function allows exactly the operations that the actions send to a real server."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from botocore.session import Session
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from commercive_cli.api.actions import ACTIONS
from commercive_cli.api.deploy.stack import api_stack
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.schema import TABLES, Attribute, Table
from tests.api.requests import REQUESTS, ActionRequest, UserItems, items_of, successes, token_of
from tests.api.test_seed_requests import LEAD, begin, make_link, submit
from tests.api.world import Answer, Client, FakeClock, Issuer, World, services_over, supabase_of
from tests.e2e.stores import server_store
from tests.engines.dynamodb.doubles import store_at, tables_on

IMPORTED = "id-of-another-backend"


def reply(client: Client, conversation_id: str, admin: str, **guard: str) -> Answer:
    return client.post("chat/reply", conversation_id=conversation_id, admin_id=admin, message="hi", **guard)


def create_link_again(client: Client, items: UserItems, _: str) -> Answer:
    return client.post(
        "affiliate/create-link", affiliate_id=items.owner, affiliate_email="a@example.com", store_url="my.shop"
    )


OTHER_WAYS: tuple[tuple[str, ActionRequest], ...] = (
    ("chat/send", lambda c, _, me: c.post("chat/send", user_id=me, message="hi")),
    ("chat/send", lambda c, _, me: c.post("chat/send", user_id=me, message="once", key="k")),
    ("chat/send", lambda c, _, me: c.post("chat/send", user_id=me, message="once", key="k")),
    ("chat/reply", lambda c, t, me: reply(c, t.conversation_id, me, if_last="another")),
    ("chat/reply", lambda c, _, me: reply(c, IMPORTED, me)),
    ("affiliate/create-link", create_link_again),
    ("affiliate/submit-lead", lambda c, _, __: c.post("affiliate/submit-lead", link_id=IMPORTED, lead_data=LEAD)),
    ("admin/approve-lead", lambda c, _, __: c.post("admin/approve-lead", lead_id=IMPORTED, decision="reject")),
)
"""Requests of an admin that cause other operations than those in REQUESTS, successful or not."""

READS_OF_ALL_TABLES = (
    ("chat/conversations", "user_id=u"),
    ("chat/messages", "conversation_id=c"),
    ("admin/leads", ""),
    ("affiliate/get-link", "affiliate_id=a"),
    ("affiliate/stats", "affiliate_id=a"),
)
"""Reads of five tables; submitting a lead reads the sixth."""

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


@pytest.fixture(scope="module")
def recorded(real_endpoint: str, ec_key: ec.EllipticCurvePrivateKey, rsa_key: rsa.RSAPrivateKey) -> Iterator[Recorded]:
    """Send every successful request of REQUESTS and of OTHER_WAYS, and record what reaches the server."""
    asked: list[Call] = []

    def note(**sent: Any) -> None:
        asked.extend(calls_of(sent["model"].name, sent["params"]))

    session = Session()
    session.register("before-parameter-build.dynamodb", note)
    issuer = Issuer(FakeClock(), ec_key, rsa_key)
    with server_store(real_endpoint, session=session) as store:
        world = World(services_over(store, issuer.clock), issuer.clock, issuer, supabase_of(issuer))
        client = world.open("jwt")
        calls: defaultdict[str, set[Call]] = defaultdict(set)
        for number, (action, request, caller) in enumerate(all_ways()):
            stranger = client.from_(f"198.51.100.{number}")
            items = items_of(stranger.as_(issuer.token("user-a")), "user-a")
            token, me = token_of(issuer, caller)
            asked.clear()
            request(stranger.as_(token), items, me)
            calls[action].update(asked)
        asked.clear()
        write_to_all_tables(new_client(real_endpoint, store.prefix, session))
        calls["the first writes of a function"].update(asked)
        asked.clear()
        foreign = read_foreign_tables(real_endpoint, session)
        calls["tables that are not ours"].update(
            Call(each.operation, each.resource.replace(foreign, store.prefix), each.in_transaction)
            for each in asked
            if each.operation.startswith(("Get", "Query", "DescribeTable"))
        )
        yield Recorded(calls, allowed_by(api_stack(store.prefix)))


def new_client(endpoint: str, prefix: str, session: Session) -> Client:
    """Return a client of a function that has just started, in mode none."""
    store = DynamoDBStore("eu-west-1", prefix=prefix, endpoint=endpoint, session=session)
    clock = FakeClock()
    issuer = Issuer(clock, ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048))
    return World(services_over(store, clock), clock, issuer, supabase_of(issuer)).open("none")


def write_to_all_tables(client: Client) -> None:
    begin(client)
    submit(client, make_link(client))


def read_foreign_tables(endpoint: str, session: Session) -> str:
    """Let a function read six tables that are not ours; return their prefix."""
    prefix = f"f{uuid4().hex[:8]}_"
    theirs = [Table(table.name, Attribute("x", "S")) for table in TABLES]
    with tables_on(store_at(endpoint, prefix=prefix), *theirs):
        client = new_client(endpoint, prefix, session)
        answers = [client.get(action, query) for action, query in READS_OF_ALL_TABLES]
        answers.append(client.post("affiliate/submit-lead", link_id=IMPORTED, lead_data=LEAD))
    assert {(503, "misconfigured")} == {(answer.status, answer.code) for answer in answers}
    return prefix


def all_ways() -> Iterator[tuple[str, ActionRequest, str]]:
    for action in ACTIONS:
        yield from ((action.name, REQUESTS[name], caller) for name, caller in successes(action.name))
    yield from ((action, request, "admin") for action, request in OTHER_WAYS)


@pytest.mark.parametrize(
    "action", [*(action.name for action in ACTIONS), "the first writes of a function", "tables that are not ours"]
)
def test_the_role_allows_what_an_action_does(recorded: Recorded, action: str) -> None:
    """A missing right is a 503 in production and nowhere else."""
    assert set() == recorded.calls[action] - recorded.allowed


def test_the_role_allows_nothing_else(recorded: Recorded) -> None:
    """The role allows nothing that no action needs, above all no write outside a transaction."""
    assert set() == recorded.allowed - set().union(*recorded.calls.values())


def test_only_health_leaves_the_store_alone(recorded: Recorded) -> None:
    """Every other action sent something, so the tests above compare real operations."""
    assert {"health"} == {action.name for action in ACTIONS if not recorded.calls[action.name]}
