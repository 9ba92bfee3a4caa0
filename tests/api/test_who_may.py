"""All actions, six kinds of callers, their own things and others': every cell, as DESIGN.md section 7 has it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.api.test_seed_requests import LEAD, begin, make_link, submit
from tests.api.world import Answer, Client, Issuer, World

CALLERS = ("no token", "anon key", "expired", "user A", "user B", "admin")


@dataclass(frozen=True)
class Things:
    """What belongs to somebody: a conversation, a link and a lead."""

    owner: str
    conversation_id: str
    link_id: str
    lead_id: str


Knock = Callable[[Client, Things, str], Answer]
"""Performs an action on somebody's things, with the caller's own id where the action wants one."""


def answer_automatically(client: Client, things: Things, _: str) -> Answer:
    """Answer the last message, as far as the caller may know it."""
    read = client.get("chat/messages", f"conversation_id={things.conversation_id}").body
    last = read["messages"][-1]["message_id"] if read["success"] else "unknown"
    return client.post("chat/answer", conversation_id=things.conversation_id, message="hi", if_last=last)


KNOCKS: dict[str, Knock] = {
    "chat/conversations": lambda c, t, _: c.get("chat/conversations", f"user_id={t.owner}"),
    "chat/messages": lambda c, t, _: c.get("chat/messages", f"conversation_id={t.conversation_id}"),
    "chat/messages since": lambda c, t, _: c.get("chat/messages", f"conversation_id={t.conversation_id}&since=1"),
    "chat/send": lambda c, t, _: c.post("chat/send", user_id=t.owner, message="hi", conversation_id=t.conversation_id),
    "chat/send as oneself": lambda c, t, me: c.post(
        "chat/send", user_id=me, message="hi", conversation_id=t.conversation_id
    ),
    "chat/mark-read": lambda c, t, _: c.post("chat/mark-read", conversation_id=t.conversation_id, reader_type="user"),
    "chat/mark-read as admin": lambda c, t, _: c.post(
        "chat/mark-read", conversation_id=t.conversation_id, reader_type="admin"
    ),
    "chat/reply": lambda c, t, me: c.post("chat/reply", conversation_id=t.conversation_id, admin_id=me, message="hi"),
    "chat/reply as another": lambda c, t, _: c.post(
        "chat/reply", conversation_id=t.conversation_id, admin_id="other-admin", message="hi"
    ),
    "chat/close": lambda c, t, _: c.post("chat/close", conversation_id=t.conversation_id),
    "chat/reopen": lambda c, t, _: c.post("chat/reopen", conversation_id=t.conversation_id),
    "chat/answer": answer_automatically,
    "admin/conversations": lambda c, _, __: c.get("admin/conversations"),
    "affiliate/get-link": lambda c, t, _: c.get("affiliate/get-link", f"affiliate_id={t.owner}"),
    "affiliate/create-link": lambda c, t, _: c.post(
        "affiliate/create-link", affiliate_id=t.owner, affiliate_email="a@example.com", store_url="other.shop"
    ),
    "affiliate/submit-lead": lambda c, t, _: c.post("affiliate/submit-lead", link_id=t.link_id, lead_data=LEAD),
    "affiliate/stats": lambda c, t, _: c.get("affiliate/stats", f"affiliate_id={t.owner}"),
    "admin/leads": lambda c, _, __: c.get("admin/leads"),
    "admin/approve-lead": lambda c, t, _: c.post(
        "admin/approve-lead", lead_id=t.lead_id, decision="approve", commission_amount=1
    ),
    "health": lambda c, _, __: c.get("health"),
}

OWN_ONLY = {"user A": (200, 403), "user B": (403, 200), "admin": (200, 200)}
HIDDEN = {"user A": (200, 404), "user B": (404, 200), "admin": (200, 200)}
ADMINS = {"user A": (403, 403), "user B": (403, 403), "admin": (200, 200)}
ANYONE = dict.fromkeys(CALLERS, (200, 200))
NOBODY = {"no token": (401, 401), "anon key": (401, 401), "expired": (401, 401)}

EXPECTED: dict[str, dict[str, tuple[int, int]]] = {
    "chat/conversations": NOBODY | OWN_ONLY,
    "chat/messages": NOBODY | HIDDEN,
    "chat/messages since": NOBODY | HIDDEN,
    "chat/send": NOBODY | OWN_ONLY | {"admin": (403, 403)},
    "chat/send as oneself": NOBODY | HIDDEN | {"admin": (404, 404)},
    "chat/mark-read": NOBODY | HIDDEN | {"admin": (404, 404)},
    "chat/mark-read as admin": NOBODY | ADMINS,
    "chat/reply": NOBODY | ADMINS,
    "chat/reply as another": NOBODY | ADMINS | {"admin": (403, 403)},
    "chat/close": NOBODY | ADMINS,
    "chat/reopen": NOBODY | ADMINS,
    "chat/answer": NOBODY | ADMINS,
    "admin/conversations": NOBODY | ADMINS,
    "affiliate/get-link": NOBODY | OWN_ONLY,
    "affiliate/create-link": NOBODY | OWN_ONLY,
    "affiliate/submit-lead": ANYONE,
    "affiliate/stats": NOBODY | OWN_ONLY,
    "admin/leads": NOBODY | ADMINS,
    "admin/approve-lead": NOBODY | ADMINS,
    "health": ANYONE,
}
"""For each caller the status on A's things and on B's."""

CELLS = [
    pytest.param(action, caller, which, EXPECTED[action][caller][which], id=f"{action}, {caller}, {owner}'s")
    for action in KNOCKS
    for caller in CALLERS
    for which, owner in enumerate(("A", "B"))
]


def token_of(issuer: Issuer, caller: str) -> tuple[str | None, str]:
    tokens: dict[str, tuple[str | None, str]] = {
        "no token": (None, "user-a"),
        "anon key": (issuer.anon_key(), "user-a"),
        "expired": (issuer.token("user-a", exp=issuer.clock.now // 1000 - 1), "user-a"),
        "user A": (issuer.token("user-a"), "user-a"),
        "user B": (issuer.token("user-b"), "user-b"),
        "admin": (issuer.token("boss", admin=True), "boss"),
    }
    return tokens[caller]


def things_of(client: Client, owner: str) -> Things:
    link_id = make_link(client, owner)
    return Things(owner, begin(client, user=owner), link_id, submit(client, link_id))


@pytest.mark.parametrize(("action", "caller", "which", "expected"), CELLS)
def test_every_cell_is_as_designed(
    world: World, issuer: Issuer, action: str, caller: str, which: int, expected: int
) -> None:
    """200 where the caller may, 401 for nobody, 403 for others' names and admins' actions, 404 for others' chats."""
    things = [things_of(world.open(), owner) for owner in ("user-a", "user-b")][which]
    token, me = token_of(issuer, caller)

    answer = KNOCKS[action](world.open("jwt").as_(token).from_("203.0.113.9"), things, me)

    assert (expected, expected == 200) == (answer.status, answer.body["success"])


def test_what_is_hidden_looks_like_what_is_not_there(world: World, issuer: Issuer) -> None:
    """Another user's conversation and an unknown one get the same words, but for the id."""
    theirs = begin(world.open(), user="user-b")
    client = world.open("jwt").as_(issuer.token("user-a"))

    answers = [client.get("chat/messages", f"conversation_id={each}") for each in (theirs, "unknown")]

    assert answers[0].body["error"].replace(theirs, "unknown") == answers[1].body["error"]


def test_the_audit_trail_names_the_token_not_the_request(world: World, issuer: Issuer) -> None:
    """Who closed a conversation is who signed in; naming somebody else is denied."""
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
