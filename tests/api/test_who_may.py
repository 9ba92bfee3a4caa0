"""Permissions of six kinds of callers, for every action, on their own items and others'."""

import pytest

from commercive_cli.api.actions import ACTIONS
from tests.api.requests import CALLERS, EXPECTED, REQUESTS, items_of, successes, token_of
from tests.api.test_seed_requests import begin
from tests.api.world import Client, Issuer, World

CELLS = [
    pytest.param(action, caller, which, EXPECTED[action][caller][which], id=f"{action}, {caller}, {owner}'s")
    for action in REQUESTS
    for caller in CALLERS
    for which, owner in enumerate(("A", "B"))
]


@pytest.mark.parametrize("action", [action.name for action in ACTIONS])
def test_every_action_has_a_row(action: str) -> None:
    """Every action has requests in the table, so that none is untested."""
    assert successes(action)


@pytest.mark.parametrize(("action", "caller", "which", "expected"), CELLS)
def test_every_cell_is_as_designed(
    world: World, issuer: Issuer, action: str, caller: str, which: int, expected: int
) -> None:
    """200 where the caller may, 401 for nobody, 403 for others' names and admins' actions, 404 for others' chats."""
    items = [items_of(world.open(), owner) for owner in ("user-a", "user-b")][which]
    token, me = token_of(issuer, caller)

    answer = REQUESTS[action](world.open("jwt").as_(token).from_("203.0.113.9"), items, me)

    assert (expected, expected == 200) == (answer.status, answer.body["success"])


def test_what_is_hidden_looks_like_what_is_not_there(world: World, issuer: Issuer) -> None:
    """Another user's conversation and an unknown one get the same error, but for the id."""
    theirs = begin(world.open(), user="user-b")
    client = world.open("jwt").as_(issuer.token("user-a"))

    answers = [client.get("chat/messages", f"conversation_id={each}") for each in (theirs, "unknown")]

    assert answers[0].body["error"].replace(theirs, "unknown") == answers[1].body["error"]


def test_the_audit_trail_names_the_token_not_the_request(world: World, issuer: Issuer) -> None:
    """A conversation is closed by the signed-in admin; naming somebody else is denied."""
    conversation_id = begin(world.open())
    client = world.open("jwt").as_(issuer.token("boss", admin=True))

    denied = client.post("chat/close", conversation_id=conversation_id, admin_id="somebody-else")
    client.post("chat/close", conversation_id=conversation_id)

    closed = client.get("admin/conversations", "status=closed").body["conversations"]
    assert (403, ["boss"]) == (denied.status, [c["closed_by"] for c in closed])


def test_a_refused_caller_learns_nothing_of_the_parameters(guarded: Client) -> None:
    """Without a token every request is 401, whether its parameters make sense or not."""
    answers = [guarded.post("chat/send"), guarded.post("admin/approve-lead", lead_id=5), guarded.get("admin/leads")]

    assert [401] * 3 == [answer.status for answer in answers]


@pytest.mark.parametrize("body", ["{", '{"action": "health"}', "x" * 300_000, None])
def test_who_asks_is_checked_before_the_body_is_read(
    world: World, guarded: Client, issuer: Issuer, body: str | None
) -> None:
    """Where the query names the action, nobody without the right to it makes the API read anything."""
    user = world.open("jwt").as_(issuer.token("user-a"))

    answers = [client.send("POST", "action=admin/approve-lead", body) for client in (guarded, user)]

    assert [401, 403] == [answer.status for answer in answers]
