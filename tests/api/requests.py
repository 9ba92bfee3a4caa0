"""Requests of every action, and the status that each kind of caller gets.

A new action needs an entry in both tables: the tests of package, role and permissions use them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.api.test_seed_requests import LEAD, begin, make_link, submit
from tests.api.world import Answer, Client, Issuer

CALLERS = ("no token", "anon key", "expired", "user A", "user B", "admin")


@dataclass(frozen=True)
class UserItems:
    """The items of one user: a conversation, a link and a lead."""

    owner: str
    conversation_id: str
    link_id: str
    lead_id: str


ActionRequest = Callable[[Client, UserItems, str], Answer]
"""Calls an action on a user's items, with the caller's own id where the action has such a parameter."""


def answer_automatically(client: Client, things: UserItems, _: str) -> Answer:
    """Answer the last message, as far as the caller may know it."""
    read = client.get("chat/messages", f"conversation_id={things.conversation_id}").body
    last = read["messages"][-1]["message_id"] if read["success"] else "unknown"
    return client.post("chat/answer", conversation_id=things.conversation_id, message="hi", if_last=last)


REQUESTS: dict[str, ActionRequest] = {
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
    "chat/notes": lambda c, t, _: c.get("chat/notes", f"conversation_id={t.conversation_id}"),
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
    "chat/notes": NOBODY | ADMINS,
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
"""The statuses that each caller gets for A's items and for B's."""


def token_of(issuer: Issuer, caller: str) -> tuple[str | None, str]:
    tokens: dict[str, tuple[str | None, str]] = {
        "no token": (None, "user-a"),
        "anon key": (issuer.anon_key(), "user-a"),
        "expired": (issuer.token("user-a", exp=issuer.clock.now // 1000 - 31), "user-a"),
        "user A": (issuer.token("user-a"), "user-a"),
        "user B": (issuer.token("user-b"), "user-b"),
        "admin": (issuer.token("boss", admin=True), "boss"),
    }
    return tokens[caller]


def items_of(client: Client, owner: str) -> UserItems:
    link_id = make_link(client, owner)
    return UserItems(owner, begin(client, user=owner), link_id, submit(client, link_id))


def successes(action: str) -> list[tuple[str, str]]:
    """Return the requests of an action that succeed on A's items, each with a permitted caller."""
    found = [
        (name, caller)
        for name in REQUESTS
        for caller in ("user A", "admin")
        if name.split()[0] == action and EXPECTED[name][caller][0] == 200
    ]
    if not found:
        pytest.fail(f"no request of {action} that succeeds: add one to REQUESTS and EXPECTED in tests/api/requests.py")
    return found
