"""What each action of the API asks of DynamoDB, recorded between a new process and the real server."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial

from commercive_cli.api.actions import ACTIONS
from commercive_cli.api.deploy.stack import api_stack
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.schema import TABLES
from tests.api.deploy.evaluation import deployed
from tests.api.requests import REQUESTS, ActionRequest, UserItems, items_of, successes, token_of
from tests.api.test_seed_requests import LEAD
from tests.api.world import Answer, Client, Issuer, World, services_over, supabase_of
from tests.e2e.embedded import make_tables
from tests.engines.dynamodb.doubles import serving, store_at
from tests.engines.dynamodb.recorder import Recorder
from tests.policies import Call, Policy

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


def recorded_on(endpoint: str, issuer: Issuer) -> Recorded:
    """Send every successful request of REQUESTS and of OTHER_WAYS, and record what reaches the server.

    Each is the first of a new process, which does not know yet that the tables are ours. In the end one of each action
    is sent while there are no tables: the one that it needs is described then, to say what is the matter.
    """
    recorder, supabase = Recorder(endpoint), supabase_of(issuer)
    calls: defaultdict[str, set[Call]] = defaultdict(set)
    of_each = {}

    def client_of(store: DynamoDBStore, number: int) -> Client:
        world = World(services_over(store, issuer.clock), issuer.clock, issuer, supabase)
        return world.open("jwt").from_(f"198.51.100.{number}")

    def send(number: int, action: str, request: ActionRequest, items: UserItems, token: str | None, me: str) -> None:
        recorder.taken()
        with closing(store_at(relay.url, prefix=store.prefix)) as cold:
            request(client_of(cold, number).as_(token), items, me)
        calls[action].update(recorder.taken())

    with serving(recorder) as relay, closing(store_at(endpoint)) as store:
        make_tables(store)
        for number, (action, request, caller) in enumerate(all_ways()):
            items = items_of(client_of(store, number).as_(issuer.token("user-a")), "user-a")
            of_each[action] = partial(send, number, action, request, items, *token_of(issuer, caller))
            of_each[action]()
        for table in TABLES:
            store.delete_table(table)
        for again in of_each.values():
            with suppress(KeyError, StopIteration):  # of who looks for more in the answer than a refusal
                again()
    return Recorded(calls, policy_of_role(store.prefix))


def all_ways() -> Iterator[tuple[str, ActionRequest, str]]:
    for action in ACTIONS:
        yield from ((action.name, REQUESTS[name], caller) for name, caller in successes(action.name))
    yield from ((action, request, "admin") for action, request in OTHER_WAYS)
