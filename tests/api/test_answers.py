"""chat/answer: automatic answers, written by a program with a token of its own or by an admin."""

import pytest

from tests.api.test_seed_requests import begin
from tests.api.world import Answer, Client, Issuer, World

TOKEN = "an-answer-token-of-forty-characters-0123"


@pytest.fixture
def door(world: World) -> Client:
    """A client without a token in mode jwt, where an answer token is configured."""
    return world.open("jwt", answer_tokens=(TOKEN,))


def answer(world: World, client: Client, **more: str) -> Answer:
    """Begin a conversation, and answer it as the client."""
    name = begin(world.open())
    [message] = world.open().get("chat/messages", f"conversation_id={name}").body["messages"]
    return client.post("chat/answer", conversation_id=name, message="Hi", if_last=message["message_id"], **more)


def test_the_program_answers_with_its_token(world: World, door: Client) -> None:
    """The message is the machine's, whoever the request claims to be; the log names the machine, not the token."""
    client = door.as_(TOKEN)

    answered = answer(world, client, sender_id="boss", admin_id="boss")

    shown = world.open().get("chat/messages", f"conversation_id={answered.body['conversation_id']}").body["messages"]
    assert ("ai", "ai-assistant", "Hi") == tuple(shown[-1][n] for n in ("sender_type", "sender_id", "message_text"))
    assert answered.body["message_id"] == shown[-1]["message_id"]
    assert '"caller":"ai-assistant"' in client.log.getvalue()
    assert TOKEN not in client.log.getvalue()


def test_both_of_two_tokens_count(world: World) -> None:
    """While one takes the place of the other, whichever the program sends is good."""
    door = world.open("jwt", answer_tokens=(TOKEN, TOKEN[::-1]))

    assert [200, 200, 401] == [answer(world, door.as_(each)).status for each in (TOKEN, TOKEN[::-1], TOKEN.upper())]


def test_an_admin_may_answer_so_too(world: World, door: Client, issuer: Issuer) -> None:
    """And in mode none anybody, as everywhere."""
    callers = [door.as_(issuer.token("boss", admin=True)), world.open()]

    assert [200, 200] == [answer(world, caller).status for caller in callers]


def test_the_token_opens_nothing_else(world: World, door: Client) -> None:
    """Every other action takes access tokens alone."""
    name = begin(world.open())
    client = door.as_(TOKEN)

    answers = [
        client.get("chat/messages", f"conversation_id={name}"),
        client.get("admin/conversations"),
        client.post("chat/reply", conversation_id=name, admin_id="ai-assistant", message="Hi"),
        client.post("chat/send", user_id="user-123", message="Hi", conversation_id=name),
        client.post("chat/close", conversation_id=name),
    ]

    assert [401] * 5 == [refused.status for refused in answers]


@pytest.mark.parametrize("token", [None, "", TOKEN[:-1], TOKEN + "0", TOKEN.upper(), "\udcff", "é" * 40])
def test_another_token_is_refused(world: World, door: Client, token: str | None) -> None:
    """As a whole and in its case, whatever bytes somebody sends."""
    assert 401 == answer(world, door.as_(token)).status


def test_without_a_configured_token_there_is_none(world: World, issuer: Issuer) -> None:
    """Neither an empty one; users may not write as the machine."""
    door = world.open("jwt")

    assert [401, 401, 403] == [answer(world, door.as_(token)).status for token in (TOKEN, "", issuer.token("user-123"))]


def test_what_is_answered_must_be_said(world: World, door: Client) -> None:
    """Without `if_last` the machine could talk over somebody, so there is no answer without it."""
    refused = door.as_(TOKEN).post("chat/answer", conversation_id=begin(world.open()), message="Hi")

    assert (400, "if_last is missing") == (refused.status, refused.body["error"])


def test_who_wrote_meanwhile_is_not_talked_over(world: World, door: Client) -> None:
    """409, and the thread stays as it is."""
    name = begin(world.open())

    refused = door.as_(TOKEN).post("chat/answer", conversation_id=name, message="Hi", if_last="an-older-message")

    assert (409, 1) == (
        refused.status,
        len(world.open().get("chat/messages", f"conversation_id={name}").body["messages"]),
    )


def test_a_repeated_answer_is_one(world: World, door: Client) -> None:
    """The request's key makes a retry harmless."""
    name = begin(world.open())
    [message] = world.open().get("chat/messages", f"conversation_id={name}").body["messages"]
    body = {"conversation_id": name, "message": "Hi", "if_last": message["message_id"]}

    first, again = (door.as_(TOKEN).post("chat/answer", key="k", **body) for _ in range(2))

    assert (200, first.body) == (again.status, again.body)
