"""The access log of the API: one line for each request of an admin, with the records and none of their content."""

import json
from typing import Any

import pytest

from tests.api.requests import REQUESTS, items_of
from tests.api.world import Client, Issuer, World

PARTS = ("action", "actor", "outcome", "request_id", "records", "count")


def accesses(client: Client) -> list[dict[str, Any]]:
    lines = map(json.loads, client.log.getvalue().splitlines())
    return [{part: line[part] for part in PARTS} for line in lines if line.get("message") == "access"]


AS_ADMIN = {
    "admin/approve-lead": "lead",
    "admin/conversations": "conversation",
    "admin/leads": "lead",
    "affiliate/create-link": "affiliate",
    "affiliate/get-link": "affiliate",
    "affiliate/stats": "affiliate",
    "chat/answer": "conversation",
    "chat/close": "conversation",
    "chat/conversations": "conversation",
    "chat/mark-read as admin": "conversation",
    "chat/messages": "conversation",
    "chat/notes": "conversation",
    "chat/reopen": "conversation",
    "chat/reply": "conversation",
}


@pytest.mark.parametrize("name", AS_ADMIN)
def test_what_an_admin_does_leaves_one_line(world: World, issuer: Issuer, name: str) -> None:
    """Who, what, on which records, how it ended, and the id that the answer's header has."""
    things = items_of(world.open(), "user-a")
    ids = {"lead": things.lead_id, "conversation": things.conversation_id, "affiliate": "user-a"}
    client = world.open("jwt").as_(issuer.token("boss", admin=True))
    answer = REQUESTS[name](client, things, "boss")

    assert 200 == answer.status
    assert {
        "action": name.split()[0],
        "actor": "boss",
        "outcome": "ok",
        "request_id": answer.headers["x-request-id"],
        "records": {AS_ADMIN[name]: [ids[AS_ADMIN[name]]]},
        "count": 1,
    } == accesses(client)[-1]
    assert (2 if name == "chat/answer" else 1) == len(accesses(client))


def test_what_is_refused_is_told_too(world: World, issuer: Issuer) -> None:
    """The outcome is the error's code, with the ids that the request named; whoever tried is named."""
    things = items_of(world.open(), "user-a")
    door = world.open("jwt")
    door.as_(issuer.token("user-a", admin=True)).post(
        "admin/approve-lead", lead_id=things.lead_id, decision="approve", commission_amount=5
    )
    door.as_(issuer.token("boss", admin=True)).post("chat/close", conversation_id="unknown")
    door.as_(issuer.token("user-b")).get("admin/leads")

    assert [
        ("user-a", "denied", {"lead": [things.lead_id]}),
        ("boss", "not_found", {"conversation": ["unknown"]}),
        ("user-b", "denied", {}),
    ] == [(line["actor"], line["outcome"], line["records"]) for line in accesses(door)]


def test_a_token_can_put_nothing_personal_into_the_log(world: World, issuer: Issuer) -> None:
    """Should a project issue tokens whose `sub` is an e-mail address, neither log repeats it."""
    door = world.open("jwt")
    for admin in (True, False):
        door.as_(issuer.token("ann@example.com", admin=admin)).get("admin/leads")

    assert [("?", "ok"), ("?", "denied")] == [(line["actor"], line["outcome"]) for line in accesses(door)]
    assert "ann@" not in door.log.getvalue()


def test_users_and_visitors_leave_none(world: World, issuer: Issuer) -> None:
    """Own items are nobody else's business, and a public form has no admin."""
    things = items_of(world.open(), "user-a")
    client = world.open("jwt").as_(issuer.token("user-a"))
    for name in ("chat/messages", "chat/send", "affiliate/stats", "affiliate/submit-lead", "health"):
        assert 200 == REQUESTS[name](client, things, "user-a").status

    assert [] == accesses(client)


def test_mode_none_tells_whom_the_request_names(client: Client) -> None:
    """Everybody is trusted there, and nothing that is no id is told."""
    things = items_of(client, "user-a")
    client.post("chat/close", conversation_id=things.conversation_id, admin_id="boss")
    client.post("chat/reopen", conversation_id="write to ann@example.com", admin_id="Ann Lee")

    closed, reopened = accesses(client)[-2:]
    assert ("boss", {"conversation": [things.conversation_id]}) == (closed["actor"], closed["records"])
    assert ("?", {"conversation": ["?"]}, "not_found") == (
        reopened["actor"],
        reopened["records"],
        reopened["outcome"],
    )
