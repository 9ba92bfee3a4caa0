"""A request with an idempotency key is done once, and every repetition gets the first answer."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from commercive_cli.store.schema import CONVERSATIONS, LEADS, MESSAGES
from tests.api.test_seed_requests import LEAD, begin, make_link
from tests.api.world import Client, Issuer, World


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
