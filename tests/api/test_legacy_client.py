"""The dashboard that runs today, over raw HTTP: in both auth modes, on both stores, it gets what it reads.

Its requests are those of the seed (section 2) with what it sends besides: tracing headers on each, `enable_ai`,
`request_human`, `rejection_reason`, ids `AFF-...` that Supabase knows, and actions of the commission CRM. In mode jwt
they carry the session's token, which is what the dashboard has to change.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import jwt
import pytest

from tests.api.http.test_serve import Served, create_tables, serving
from tests.api.postgrest import NEW_KEY, PostgREST, postgrest
from tests.api.test_seed_requests import LEAD
from tests.api.world import DASHBOARD

SECRET = "super-secret-jwt-token-with-at-least-32-characters-long"
TRACING = {"sentry-trace": "771a43a4192642f0b136d5159a501700-7e1c6b1b7c8a4b1e-1", "baggage": "sentry-environment=prod"}
Body = dict[str, Any]


class Echo(BaseHTTPRequestHandler):
    """Stands for what serves the CRM today: says what it was asked."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = {"success": True, "asked": [self.command, self.path, body], "headers": headers}
        text = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def crm() -> Iterator[str]:
    """Serve the CRM on a loopback port; yields its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/crm"
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Person:
    """Somebody who signed in: the token's subject and role."""

    id: str = field(default_factory=lambda: str(uuid4()))
    role: str | None = None


@dataclass(frozen=True)
class Dashboard:
    """Speaks HTTP to the API as the dashboard's pages do; without tokens in mode none."""

    api: Served
    supabase: PostgREST
    mode: str

    def get(self, who: Person | None, action: str, **parameters: Any) -> tuple[int, Body]:
        status, _, answer = self.api.request(
            "GET", f"/?{urlencode({'action': action, **parameters})}", None, self._headers(who)
        )
        return status, answer

    def post(self, who: Person | None, **body: Any) -> tuple[int, Body]:
        headers = self._headers(who) | {"Content-Type": "application/json"}
        status, _, answer = self.api.request("POST", "/", json.dumps(body).encode(), headers)
        return status, answer

    def read(self, who: Person | None, action: str, **parameters: Any) -> Body:
        """Return what a page reads of a request that must succeed."""
        status, answer = self.get(who, action, **parameters)
        assert (200, True) == (status, answer["success"]), answer
        return answer

    def write(self, who: Person | None, **body: Any) -> Body:
        """Return what a page reads of a change that must succeed."""
        status, answer = self.post(who, **body)
        assert (200, True) == (status, answer["success"]), answer
        return answer

    def _headers(self, who: Person | None) -> dict[str, str]:
        usual = {"Origin": DASHBOARD, **TRACING}
        return usual if who is None or self.mode == "none" else usual | {"Authorization": f"Bearer {self._token(who)}"}

    def _token(self, who: Person) -> str:
        claims = {
            "iss": f"{self.supabase.url}/auth/v1",
            "aud": "authenticated",
            "role": "authenticated",
            "sub": who.id,
            "exp": int(time.time()) + 600,
            "app_metadata": {"provider": "email"} | ({"role": who.role} if who.role else {}),
        }
        return jwt.encode(claims, SECRET, "HS256")


@pytest.fixture(scope="module", params=[(mode, store) for mode in ("none", "jwt") for store in ("sqlite", "server")])
def dashboard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The dashboard, at an API of its own with everything configured that it needs."""
    mode, engine = request.param
    if engine == "sqlite":
        store = f"sqlite:///{tmp_path_factory.mktemp('legacy')}/store.db"
    else:
        endpoint = request.getfixturevalue("real_endpoint")
        store = f"dynamodb://eu-west-1?prefix=legacy_{uuid4().hex[:8]}_&endpoint={endpoint}"
    create_tables(store)
    with ExitStack() as opened:
        supabase, other = opened.enter_context(postgrest()), opened.enter_context(crm())
        variables = {
            "COMMERCIVE_SUPABASE_URL": supabase.url,
            "COMMERCIVE_SUPABASE_KEY": NEW_KEY,
            "COMMERCIVE_JWT_SECRET": SECRET,
            "COMMERCIVE_ADDRESS_KEY": "k" * 32,
            "COMMERCIVE_ADMIN_ROLES": "admin,employee=chat/*+admin/conversations",
            "COMMERCIVE_FALLBACK_URL": other,
            "COMMERCIVE_FALLBACK_ACTIONS": "crm/,preferences/",
        }
        api = opened.enter_context(serving(store, "--auth", mode, "--origin", DASHBOARD, **variables))
        yield Dashboard(api, supabase, mode)


@pytest.fixture
def user() -> Person:
    return Person()


@pytest.fixture
def employee() -> Person:
    return Person(role="employee")


@pytest.fixture
def admin() -> Person:
    return Person(role="admin")


@pytest.fixture
def affiliate_id(dashboard: Dashboard, user: Person) -> str:
    """The id under which Supabase knows the user as a partner."""
    affiliate_id = f"AFF-{uuid4().hex[:8].upper()}"
    dashboard.supabase.add(user.id, affiliate_id)
    return affiliate_id


def begin(dashboard: Dashboard, user: Person, **more: Any) -> Body:
    return dashboard.write(
        user,
        action="chat/send",
        user_id=user.id,
        store_url="mystore.myshopify.com",
        message="Hello, I need help",
        conversation_id=None,
        enable_ai=True,
        **more,
    )


def make_link(dashboard: Dashboard, user: Person, affiliate_id: str) -> Body:
    return dashboard.write(
        user,
        action="affiliate/create-link",
        affiliate_id=affiliate_id,
        affiliate_email="partner@example.com",
        store_url="mystore.myshopify.com",
    )


def test_a_chat_from_the_first_message_to_the_close(dashboard: Dashboard, user: Person, employee: Person) -> None:
    """ChatInterface and AdminChatManager: each side sees what the other wrote, how much is unread, and the status."""
    sent = begin(dashboard, user, request_human=False)
    name = sent["conversation_id"]
    assert (True, False) == (sent["is_new_conversation"], "ai_response" in sent)

    [listed] = [
        each
        for each in dashboard.read(employee, "admin/conversations", status="open", limit=100)["conversations"]
        if each["conversation_id"] == name
    ]
    assert {
        "user_id": user.id,
        "store_url": "mystore.myshopify.com",
        "status": "open",
        "last_message": "Hello, I need help",
        "unread_admin": 1,
        "unread_user": 0,
    }.items() <= listed.items()
    assert listed["created_at"] == listed["updated_at"] == sent["created_at"]
    dashboard.write(employee, action="chat/mark-read", conversation_id=name, reader_type="admin")
    dashboard.write(employee, action="chat/reply", conversation_id=name, admin_id=employee.id, message="Hi!")
    again = dashboard.write(
        user, action="chat/send", user_id=user.id, store_url="", message="Thanks", conversation_id=name
    )
    assert not again["is_new_conversation"]

    messages = dashboard.read(user, "chat/messages", conversation_id=name)["messages"]
    dashboard.write(user, action="chat/mark-read", conversation_id=name, reader_type="user")
    [mine] = dashboard.read(user, "chat/conversations", user_id=user.id)["conversations"]
    assert [("user", user.id), ("admin", employee.id), ("user", user.id)] == [
        (message["sender_type"], message["sender_id"]) for message in messages
    ]
    assert ("Thanks", 1, 0) == (mine["last_message"], mine["unread_admin"], mine["unread_user"])

    dashboard.write(employee, action="chat/close", conversation_id=name)
    late, refusal = dashboard.post(user, action="chat/send", user_id=user.id, message="late", conversation_id=name)
    assert (409, False, "conflict") == (late, refusal["success"], refusal["code"])
    dashboard.write(employee, action="chat/reopen", conversation_id=name)
    begin_again = dashboard.write(
        user, action="chat/send", user_id=user.id, message="one more", conversation_id=name, enable_ai=False
    )
    assert name == begin_again["conversation_id"]


def test_a_user_who_asks_for_a_person_waits_for_one(dashboard: Dashboard, user: Person, employee: Person) -> None:
    """The wish shows in the admins' list and counts as unread; what a machine writes meanwhile does not answer it."""
    sent = begin(dashboard, user, request_human=True)
    name = sent["conversation_id"]
    answer = {"conversation_id": name, "message": "One moment", "if_last": sent["message_id"]}
    dashboard.write(employee, action="chat/answer", **answer)

    [mine] = dashboard.read(user, "chat/conversations", user_id=user.id)["conversations"]
    messages = dashboard.read(employee, "chat/messages", conversation_id=name)["messages"]

    assert (True, 1, 0, sent["created_at"]) == (
        mine["human_requested"],
        mine["unread_admin"],
        mine["unread_user"],
        mine["waiting_since"],
    )
    assert ["user", "ai"] == [message["sender_type"] for message in messages]


def test_a_partners_page(dashboard: Dashboard, user: Person, affiliate_id: str) -> None:
    """commercive-partners: no link at first, then one that get-link, stats and Supabase's own table know as well."""
    before = dashboard.read(user, "affiliate/get-link", affiliate_id=affiliate_id)
    assert before["affiliate_link"] is None

    created = make_link(dashboard, user, affiliate_id)

    found = dashboard.read(user, "affiliate/get-link", affiliate_id=affiliate_id)["affiliate_link"]
    stats = dashboard.read(user, "affiliate/stats", affiliate_id=affiliate_id)["stats"]
    [row] = [row for row in dashboard.supabase.rows if row["user_id"] == user.id]
    assert f"https://dashboard.commercive.co/affiliate-form?ref={created['link_id']}" == created["affiliate_url"]
    assert (created["affiliate_url"], created["link_id"], affiliate_id) == (
        found["affiliate_url"],
        found["link_id"],
        found["affiliate_id"],
    )
    assert (True, created["affiliate_url"]) == (created["supabase_synced"], row["form_url"])
    assert (0, 0) == (stats["total_leads"], stats["total_commission"])


def test_a_link_that_supabase_missed_is_shown_later(dashboard: Dashboard, user: Person, affiliate_id: str) -> None:
    """The link is made all the same, and asking for it again mends the row."""
    [row] = [row for row in dashboard.supabase.rows if row["user_id"] == user.id]
    dashboard.read(user, "affiliate/get-link", affiliate_id=affiliate_id)
    dashboard.supabase.works = False

    missed = make_link(dashboard, user, affiliate_id)

    dashboard.supabase.works = True
    assert (True, False, None) == (missed["created"], missed["supabase_synced"], row["form_url"])
    again = make_link(dashboard, user, affiliate_id)
    assert (False, True, again["affiliate_url"]) == (again["created"], again["supabase_synced"], row["form_url"])


def test_leads_from_the_form_to_the_decision(
    dashboard: Dashboard, user: Person, admin: Person, affiliate_id: str
) -> None:
    """affiliate-form and admin/leads: a form without a token, retried under its other name; then what admins decide."""
    code = make_link(dashboard, user, affiliate_id)["link_id"]
    refused = [
        dashboard.post(None, action=action, link_id=code, lead_data=LEAD | {"email": "nonsense"})
        for action in ("affiliate/submit-lead", "leads/submit")
    ]
    ids = [
        dashboard.write(None, action=action, link_id=code, lead_data=LEAD)["lead_id"]
        for action in ("affiliate/submit-lead", "leads/submit")
    ]
    assert [(400, False, "email must look like name@example.com")] * 2 == [
        (status, answer["success"], answer["error"]) for status, answer in refused
    ]

    pending = dashboard.read(admin, "admin/leads", status="pending", limit=500)["leads"]
    assert set(ids) <= {lead["lead_id"] for lead in pending}
    approved = dashboard.write(admin, lead_id=ids[0], action="approve", commission_amount=25.5, admin_notes="good")
    rejected = dashboard.write(
        admin, lead_id=ids[1], action="reject", admin_notes="", rejection_reason="Volume too low"
    )
    assert ("approved", "rejected") == (approved["new_status"], rejected["new_status"])

    listed = {lead["lead_id"]: lead for lead in dashboard.read(admin, "leads/list", limit=500)["leads"]}
    stats = dashboard.read(user, "affiliate/stats", affiliate_id=affiliate_id)["stats"]
    assert (25.5, "good") == (listed[ids[0]]["commission_amount"], listed[ids[0]]["admin_notes"])
    assert ("rejected", "Volume too low") == (listed[ids[1]]["status"], listed[ids[1]]["rejection_reason"])
    assert (2, 1, 1, 25.5) == tuple(
        stats[name] for name in ("total_leads", "approved_leads", "rejected_leads", "total_commission")
    )


def test_a_browser_lets_the_requests_through(dashboard: Dashboard) -> None:
    """The preflight permits what the page sends, tracing headers of every kind among it."""
    asked = ["authorization", "content-type", "idempotency-key", *TRACING, "traceparent", "tracestate"]
    status, headers, _ = dashboard.api.request(
        "OPTIONS",
        "/",
        None,
        {
            "Origin": DASHBOARD,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": ",".join(sorted(asked)),
        },
    )

    assert (204, DASHBOARD) == (status, headers["access-control-allow-origin"])
    assert set(asked) <= set(headers["access-control-allow-headers"].split(", "))


def test_actions_of_the_crm_go_on(dashboard: Dashboard, user: Person) -> None:
    """They reach what serves them today as they are, without the session's token, and its answer comes back."""
    body = {"action": "preferences/save", "user_id": user.id, "preferences": {"theme": "dark"}}

    read = dashboard.read(user, "crm/payments", affiliate_id="AFF-1A2B3C4D")
    written = dashboard.write(user, **body)

    assert ["GET", "/crm?action=crm%2Fpayments&affiliate_id=AFF-1A2B3C4D", ""] == read["asked"]
    assert ["POST", "/crm", json.dumps(body)] == written["asked"]
    assert "application/json" == written["headers"]["content-type"]
    assert {"authorization", "apikey", "cookie"}.isdisjoint(read["headers"].keys() | written["headers"].keys())


def test_an_action_of_nobody_is_unknown(dashboard: Dashboard, user: Person) -> None:
    """The code tells it from a conversation or lead that is not there."""
    status, answer = dashboard.get(user, "chat/typing")

    assert (404, False, "unknown_action") == (status, answer["success"], answer["code"])


def test_who_may_what(dashboard: Dashboard, user: Person, employee: Person, affiliate_id: str) -> None:
    """Mode none trusts the page, as today; mode jwt asks for tokens, own ids and roles."""
    sent = begin(dashboard, user)
    stranger = Person()
    tries = [
        dashboard.get(None, "chat/conversations", user_id=user.id),
        dashboard.get(stranger, "chat/conversations", user_id=user.id),
        dashboard.get(stranger, "chat/messages", conversation_id=sent["conversation_id"]),
        dashboard.get(stranger, "affiliate/stats", affiliate_id=affiliate_id),
        dashboard.get(user, "affiliate/stats", affiliate_id=user.id),
        dashboard.get(employee, "admin/leads", limit=500),
    ]

    expected = [200] * 6 if dashboard.mode == "none" else [401, 403, 404, 403, 403, 403]
    assert expected == [status for status, _ in tries]
