"""A request with an idempotency key is done once, and every repetition gets the first answer."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from commercive_cli.api.actions import ACTIONS
from commercive_cli.api.http.outbound import Response
from commercive_cli.store.items import Item
from commercive_cli.store.schema import CONVERSATIONS, LEADS, MESSAGES
from tests.api.test_seed_requests import LEAD, begin, make_link, submit
from tests.api.world import SUPABASE, Answer, Client, FakeClock, Issuer, World, services_over, supabase_of
from tests.e2e.stores import server_store
from tests.services.raw_data import everything


@pytest.mark.parametrize("existing", [False, True], ids=["new conversation", "existing conversation"])
def test_fifty_equal_requests_at_once_are_one_message(world: World, client: Client, existing: bool) -> None:
    """One message, fifty equal answers."""
    conversation_id = begin(client) if existing else None
    before = world.count(MESSAGES)

    def send(_: int) -> dict[str, Any]:
        return client.post(
            "chat/send", key="one-key", user_id="user-123", message="once", conversation_id=conversation_id
        ).body

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(send, range(50)))

    assert [answers[0]] * 50 == answers
    assert answers[0]["success"]
    assert (before + 1, 1) == (world.count(MESSAGES), world.count(CONVERSATIONS))


def test_the_same_key_with_another_body_is_a_conflict(world: World, client: Client) -> None:
    """409, and nothing is written."""
    client.post("chat/send", key="k", user_id="u", message="one")

    other = client.post("chat/send", key="k", user_id="u", message="two")

    assert (409, "conflict", 1) == (other.status, other.code, world.count(MESSAGES))


@pytest.mark.parametrize("where", ["header", "body", "both"])
def test_the_key_comes_by_header_or_by_client_message_id(world: World, client: Client, where: str) -> None:
    """chat/reply takes either; the same key in both is one key."""
    conversation_id = begin(client)
    in_header = {"idempotency-key": "k"} if where != "body" else {}
    in_body = {"client_message_id": "k"} if where != "header" else {}
    body = {"action": "chat/reply", "conversation_id": conversation_id, "admin_id": "a", "message": "hi", **in_body}

    answers = [client.send("POST", "", json.dumps(body), in_header).body for _ in range(3)]

    assert [answers[0]] * 3 == answers
    assert 2 == world.count(MESSAGES)


def test_two_different_keys_are_refused(world: World, client: Client) -> None:
    """Two different keys in one request are refused."""
    answer = client.post("chat/send", key="k", client_message_id="l", user_id="u", message="hi")

    assert (400, 0) == (answer.status, world.count(MESSAGES))


def test_a_lead_sent_again_is_one_lead(world: World, client: Client) -> None:
    """A form that is submitted twice with one key is one lead, and counts once."""
    link_id = make_link(client)

    answers = [client.post("affiliate/submit-lead", key="k", link_id=link_id, lead_data=LEAD).body for _ in range(2)]

    assert (answers[0], 1) == (answers[1], world.count(LEADS))


def test_equal_keys_of_two_people_are_two_requests(world: World, issuer: Issuer) -> None:
    """Nobody gets another user's answer by guessing a key."""
    client = world.open("jwt")
    sent = [
        client.as_(issuer.token(user)).post("chat/send", key="k", user_id=user, message="hi").body
        for user in ("user-a", "user-b")
    ]

    assert 2 == len({answer["conversation_id"] for answer in sent})


@pytest.mark.parametrize("key", ["k" * 129, " ", "\ud800"])
def test_a_key_that_is_no_id_is_refused(client: Client, key: str) -> None:
    """1 to 128 characters of well-formed text."""
    assert 400 == client.post("chat/send", key=key, user_id="u", message="hi").status


def test_an_empty_key_is_none_to_rely_on(world: World, client: Client) -> None:
    """A page that forgot to make one hears so, before a retry makes two messages of one."""
    body = json.dumps({"action": "chat/send", "user_id": "u", "message": "hi"})
    answer = client.send("POST", "", body, {"idempotency-key": ""})

    assert (400, 0) == (answer.status, world.count(MESSAGES))


@dataclass(frozen=True)
class Things:
    """What a request is about: a conversation of `user-1` with one message, and a lead of one link."""

    conversation: str
    message: str
    link: str
    lead: str


Send = Callable[[Client, Things, str | None], Answer]


def sending(action: str, **values: Any) -> Send:
    """Return the request of an action; values that begin with `$` are those of the things."""

    def send(client: Client, things: Things, key: str | None) -> Answer:
        filled = {
            name: getattr(things, value[1:]) if isinstance(value, str) and value.startswith("$") else value
            for name, value in values.items()
        }
        return client.post(action, key=key, **filled)

    return send


CLOSE = sending("chat/close", conversation_id="$conversation")
WRITE = sending("chat/send", user_id="user-1", message="later", conversation_id="$conversation")
REJECT = sending("admin/approve-lead", lead_id="$lead", decision="reject", amend=True, notes="no")
RETRIES: dict[str, tuple[Send, Send]] = {
    "chat/send": (WRITE, CLOSE),
    "chat/reply": (sending("chat/reply", conversation_id="$conversation", admin_id="ann", message="Hi"), CLOSE),
    "chat/answer": (sending("chat/answer", conversation_id="$conversation", message="Hi", if_last="$message"), WRITE),
    "chat/mark-read": (
        sending("chat/mark-read", conversation_id="$conversation", reader_type="admin"),
        WRITE,
    ),
    "chat/close": (CLOSE, sending("chat/reopen", conversation_id="$conversation")),
    "chat/reopen": (sending("chat/reopen", conversation_id="$conversation"), CLOSE),
    "affiliate/create-link": (
        sending("affiliate/create-link", affiliate_id="aff-9", affiliate_email="a@example.com"),
        sending("affiliate/create-link", affiliate_id="aff-9", affiliate_email="b@example.com"),
    ),
    "affiliate/submit-lead": (sending("affiliate/submit-lead", link_id="$link", lead_data=LEAD), REJECT),
    "admin/approve-lead": (
        sending("admin/approve-lead", lead_id="$lead", decision="approve", commission_amount=5, amend=True),
        REJECT,
    ),
}
"""Of each action that writes a request, and what somebody else does before it is sent again."""


def things_of(client: Client) -> Things:
    sent = client.post("chat/send", user_id="user-1", message="Hello").body
    link = make_link(client)
    return Things(sent["conversation_id"], sent["message_id"], link, submit(client, link))


def records(world: World) -> dict[str, list[Item]]:
    """Return every item but the counters of the rate limits, which are no part of a request's change."""
    tables = everything(world.services.store)
    return tables | {"ops": [row for row in tables["ops"] if not row["pk"].startswith("rate#")]}


@pytest.fixture(params=["file", "server"])
def either_world(request: pytest.FixtureRequest, clock: FakeClock, issuer: Issuer) -> Iterator[World]:
    """A world on either kind of store."""
    if request.param == "file":
        yield request.getfixturevalue("world")
        return
    with server_store(request.getfixturevalue("real_endpoint")) as store:
        yield World(services_over(store, clock), clock, issuer, supabase_of(issuer))


@pytest.mark.parametrize("action", [action.name for action in ACTIONS if action.method == "POST"])
def test_whatever_writes_is_done_once(either_world: World, action: str) -> None:
    """A retry with its key, after somebody else changed the record, changes nothing and gets its first answer."""
    world, client = either_world, either_world.open()
    ask, meanwhile = RETRIES[action]
    things = things_of(client)
    first = ask(client, things, "k")
    assert 200 == meanwhile(client, things, None).status
    before = records(world)

    again = ask(client, things, "k")

    assert (200, first.body) == (again.status, again.body)
    assert before == records(world)


def test_an_amended_approval_that_the_network_repeats_sets_no_amount_back(client: Client) -> None:
    """A later amount stays, and so do the sums."""
    things = things_of(client)
    amend: dict[str, Any] = {"lead_id": things.lead, "decision": "approve", "amend": True}
    client.post("admin/approve-lead", key="k", **amend, commission_amount=25)
    client.post("admin/approve-lead", **amend, commission_amount=40)
    client.post("admin/approve-lead", key="k", **amend, commission_amount=25)

    [lead] = client.get("admin/leads").body["leads"]
    stats = client.get("affiliate/stats", f"affiliate_id={lead['affiliate_id']}").body["stats"]
    assert (40, 40) == (lead["commission_amount"], stats["total_commission"])


def test_what_changed_since_it_was_seen_is_a_conflict(client: Client) -> None:
    """`as_of` is the record's `updated_at` that the admin saw: 409, and nothing is written."""
    things = things_of(client)
    [lead], [conversation] = (client.get(f"admin/{name}").body[name] for name in ("leads", "conversations"))
    WRITE(client, things, None)
    REJECT(client, things, None)
    close: dict[str, Any] = {"conversation_id": things.conversation}
    approve: dict[str, Any] = {"lead_id": things.lead, "decision": "approve", "commission_amount": 5, "amend": True}

    assert 409 == client.post("chat/close", **close, as_of=conversation["updated_at"]).status
    assert 409 == client.post("admin/approve-lead", **approve, as_of=lead["updated_at"]).status
    [lead], [conversation] = (client.get(f"admin/{name}").body[name] for name in ("leads", "conversations"))
    assert ("rejected", "open") == (lead["status"], conversation["status"])
    assert 200 == client.post("chat/close", **close, as_of=conversation["updated_at"]).status
    assert 200 == client.post("admin/approve-lead", **approve, as_of=str(lead["updated_at"])).status


@pytest.mark.parametrize("as_of", [-1, 1.5, "yesterday", True, 10**15])
def test_what_is_no_time_is_refused(client: Client, as_of: object) -> None:
    """400, naming the field."""
    assert 400 == client.post("chat/close", conversation_id="x", as_of=as_of).status


def test_nothing_is_marked_read_behind_what_was_seen(client: Client) -> None:
    """`up_to` is the last message that was seen; one that is none is 404."""
    things = things_of(client)
    WRITE(client, things, None)
    mark = {"conversation_id": things.conversation, "reader_type": "admin"}

    assert 404 == client.post("chat/mark-read", **mark, up_to="no-such").status
    assert 1 == client.post("chat/mark-read", **mark, up_to=things.message).body["marked"]
    assert 1 == client.post("chat/mark-read", **mark).body["marked"]


@pytest.mark.parametrize("shown", [True, False, None])
def test_a_repeated_request_shows_no_older_link_over_a_newer_one(world: World, shown: bool | None) -> None:
    """Supabase is only asked whether it shows the link; it may show another one by now, or not answer."""
    client = world.open("none", supabase=SUPABASE)
    table = f"{SUPABASE.url}/rest/v1/affiliates"
    world.outside.answers[table] = Response(200, b"[]")
    ask = {"affiliate_id": "aff-9", "affiliate_email": "a@example.com"}
    first = client.post("affiliate/create-link", key="k", **ask).body
    url = first["affiliate_url"] if shown else "https://newer.example"
    row = json.dumps([{"user_id": "u", "store_url": "", "form_url": url}]).encode()
    world.outside.answers[table] = Response(500 if shown is None else 200, row)
    world.outside.sent.clear()

    again = client.post("affiliate/create-link", key="k", **ask).body

    assert first | {"supabase_synced": shown is True} == again
    assert ["GET"] == [method for method, *_ in world.outside.sent]
