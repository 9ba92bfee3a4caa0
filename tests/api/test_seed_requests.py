"""Every request of the seed document's section 2, as the dashboard sends it, gets the documented answer."""

import json
from typing import Any

import pytest

from tests.api.world import Client

LEAD = {
    "name": "Ann Example",
    "email": "ann@example.com",
    "phone": "+49 170 1",
    "product_link": "https://www.aliexpress.com/item/1.html",
    "order_volume": "5-20",
    "pending_orders": "3",
}


def begin(client: Client, message: str = "Hello, I need help", user: str = "user-123") -> str:
    sent = client.post("chat/send", user_id=user, store_url="my.shop", message=message, conversation_id=None)
    return str(sent.body["conversation_id"])


def make_link(client: Client, affiliate: str = "aff-1") -> str:
    created = client.post(
        "affiliate/create-link", affiliate_id=affiliate, affiliate_email="a@example.com", store_url="my.shop"
    )
    return str(created.body["link_id"])


def submit(client: Client, link_id: str, **lead: Any) -> str:
    answer = client.post("affiliate/submit-lead", link_id=link_id, lead_data=LEAD | lead)
    return str(answer.body["lead_id"])


class TestChat:
    def test_the_first_message_begins_a_conversation_that_both_sides_see(self, client: Client) -> None:
        """2.3, 2.1, 2.5: conversation_id null begins one; its user and the admins list it with unread_admin 1."""
        conversation_id = begin(client)

        mine = client.get("chat/conversations", "user_id=user-123")
        everybodys = client.get("admin/conversations", "status=open&limit=100")

        assert (200, True) == (mine.status, mine.body["success"])
        shown = mine.body["conversations"][0]
        expected = {
            "conversation_id": conversation_id,
            "user_id": "user-123",
            "store_url": "my.shop",
            "status": "open",
            "last_message": "Hello, I need help",
            "unread_admin": 1,
            "unread_user": 0,
        }
        assert expected == {name: shown[name] for name in expected}
        assert mine.body["conversations"] == everybodys.body["conversations"]

    def test_messages_come_oldest_first_with_the_seeds_fields(self, client: Client) -> None:
        """2.2, 2.6: after a reply both messages are there, unread, with increasing times."""
        conversation_id = begin(client)
        client.post("chat/reply", conversation_id=conversation_id, admin_id="admin-456", message="Hi! How can I help?")

        messages = client.get("chat/messages", f"conversation_id={conversation_id}").body["messages"]

        assert [("user", "user-123", "Hello, I need help"), ("admin", "admin-456", "Hi! How can I help?")] == [
            (m["sender_type"], m["sender_id"], m["message_text"]) for m in messages
        ]
        fields = {"message_id", "conversation_id", "sender_type", "sender_id", "message_text", "created_at", "is_read"}
        assert [fields, fields] == [set(m) for m in messages]
        assert messages[0]["created_at"] < messages[1]["created_at"]

    def test_messages_since_a_time_are_those_after_it(self, client: Client) -> None:
        """Polling with the last time seen gets what is new, and nothing twice."""
        conversation_id = begin(client)
        first = client.get("chat/messages", f"conversation_id={conversation_id}").body["messages"][0]
        client.post("chat/reply", conversation_id=conversation_id, admin_id="admin-456", message="Hi")

        new = client.get("chat/messages", f"conversation_id={conversation_id}&since={first['created_at']}")

        assert ["Hi"] == [m["message_text"] for m in new.body["messages"]]

    def test_each_answer_says_where_the_next_one_goes_on(self, client: Client) -> None:
        """`latest` as `since` brings each message once, page by page and poll by poll."""
        conversation_id = begin(client)
        seen: list[str] = []

        def poll(latest: int | None, **more: object) -> dict[str, Any]:
            values = {"conversation_id": conversation_id, "since": latest, **more}
            query = "&".join(f"{name}={value}" for name, value in values.items() if value is not None)
            answer = client.get("chat/messages", query).body
            seen.extend(message["message_text"] for message in answer["messages"])
            return answer

        first = poll(None)
        for text in ("one", "two", "three"):
            client.post("chat/reply", conversation_id=conversation_id, admin_id="admin-456", message=text)
        page = poll(first["latest"], limit=2)
        rest = poll(first["latest"], limit=2, cursor=page["next_cursor"])
        nothing = poll(rest["latest"])

        assert ["Hello, I need help", "one", "two", "three"] == seen
        assert first["latest"] == first["messages"][-1]["created_at"]
        assert rest["latest"] == nothing["latest"] == rest["messages"][-1]["created_at"]

    def test_marking_read_leaves_nothing_unread(self, client: Client) -> None:
        """2.4: the reader's count is 0 and the other side's messages are read."""
        conversation_id = begin(client)

        marked = client.post("chat/mark-read", conversation_id=conversation_id, reader_type="admin")

        messages = client.get("chat/messages", f"conversation_id={conversation_id}").body["messages"]
        conversation = client.get("admin/conversations").body["conversations"][0]
        assert (200, True, 0) == (marked.status, messages[0]["is_read"], conversation["unread_admin"])

    def test_a_closed_conversation_takes_no_message(self, client: Client) -> None:
        """2.7: it is listed as closed, and a message into it is a conflict."""
        conversation_id = begin(client)

        closed = client.post("chat/close", conversation_id=conversation_id)

        late = client.post("chat/send", user_id="user-123", message="late", conversation_id=conversation_id)
        listed = client.get("admin/conversations", "status=closed").body["conversations"]
        assert (200, True) == (closed.status, closed.body["success"])
        assert (409, "conflict") == (late.status, late.code)
        assert [conversation_id] == [c["conversation_id"] for c in listed]

    def test_pages_go_on_where_they_stopped(self, client: Client) -> None:
        """Lists take a cursor and return the next; the last page has none."""
        expected = [begin(client, f"message {n}") for n in range(3)][::-1]

        first = client.get("admin/conversations", "limit=2").body
        second = client.get("admin/conversations", f"limit=2&cursor={first['next_cursor']}").body

        assert expected == [c["conversation_id"] for c in first["conversations"] + second["conversations"]]
        assert second["next_cursor"] is None


class TestAffiliates:
    def test_a_link_is_made_once_and_found(self, client: Client) -> None:
        """2.10, 2.9: the URL is the form's with the code; asking again makes no second one."""
        link_id = make_link(client)

        again = make_link(client)
        found = client.get("affiliate/get-link", "affiliate_id=aff-1").body["affiliate_link"]

        url = f"https://dashboard.commercive.co/affiliate-form?ref={link_id}"
        assert (link_id, url, "aff-1") == (again, found["affiliate_url"], found["affiliate_id"])

    def test_an_affiliate_without_a_link_gets_null(self, client: Client) -> None:
        """2.9: without a link the answer is null, which is no error."""
        found = client.get("affiliate/get-link", "affiliate_id=nobody")

        assert (200, None) == (found.status, found.body["affiliate_link"])

    def test_stats_count_leads_and_commission(self, client: Client) -> None:
        """2.11: the counts add up, money is a number with the exact amount."""
        lead_id = submit(client, make_link(client))
        client.post("admin/approve-lead", lead_id=lead_id, decision="approve", commission_amount=25.1)

        stats = client.get("affiliate/stats", "affiliate_id=aff-1").body["stats"]

        expected = {"total_leads": 1, "approved_leads": 1, "pending_leads": 0, "rejected_leads": 0}
        assert {**expected, "total_commission": 25.1} == {n: stats[n] for n in (*expected, "total_commission")}

    def test_stats_of_an_unknown_affiliate_are_zeros(self, client: Client) -> None:
        """2.11: the stats of a new affiliate are zeros."""
        stats = client.get("affiliate/stats", "affiliate_id=nobody").body["stats"]

        assert (0, 0) == (stats["total_leads"], stats["total_commission"])


class TestLeads:
    def test_a_submitted_lead_waits_for_the_admins(self, client: Client) -> None:
        """2.8, 2.12: it is pending, credited to the link's affiliate, with everything that was typed."""
        link_id = make_link(client)
        lead_id = submit(client, link_id)

        leads = client.get("admin/leads", "status=pending&limit=100").body["leads"]

        expected = {
            "lead_id": lead_id,
            "affiliate_id": "aff-1",
            "link_id": link_id,
            "status": "pending",
            "lead_name": LEAD["name"],
            "lead_email": LEAD["email"],
            "lead_phone": LEAD["phone"],
            "product_link": LEAD["product_link"],
            "order_volume": LEAD["order_volume"],
            "pending_orders": LEAD["pending_orders"],
        }
        assert [expected] == [{name: lead[name] for name in expected} for lead in leads]

    def test_the_other_names_of_leads_are_known(self, client: Client) -> None:
        """leads/submit takes `ref` or `affiliate_link_id` and `lead`; leads/list lists."""
        link_id = make_link(client)

        first = client.post("leads/submit", ref=link_id, lead=LEAD)
        second = client.post("leads/submit", affiliate_link_id=link_id, lead=LEAD)

        listed = client.get("leads/list", "status=pending").body["leads"]
        assert {first.body["lead_id"], second.body["lead_id"]} == {lead["lead_id"] for lead in listed}

    def test_a_code_nobody_has_is_not_found(self, client: Client) -> None:
        """2.8: an unknown code is an error."""
        answer = client.post("affiliate/submit-lead", link_id="NOPE2345", lead_data=LEAD)

        assert (404, "not_found") == (answer.status, answer.code)

    @pytest.mark.parametrize(
        ("decision", "status"), [("approve", "approved"), ("reject", "rejected")], ids=["approve", "reject"]
    )
    @pytest.mark.parametrize(
        ("query", "body"),
        [
            ("", '{"lead_id": LEAD, "action": RULING, "commission_amount": 12.5, "admin_notes": "ok"}'),
            ("action=admin/approve-lead", '{"lead_id": LEAD, "action": RULING, "commission_amount": 12.5}'),
            ("", '{"action": "admin/approve-lead", "lead_id": LEAD, "action": RULING, "commission_amount": 12.5}'),
            ("", '{"action": RULING, "lead_id": LEAD, "action": "admin/approve-lead", "commission_amount": 12.5}'),
            ("", '{"action": "admin/approve-lead", "lead_id": LEAD, "decision": RULING, "commission_amount": "12.50"}'),
            ("", '{"action": "admin/approve-lead", "lead_id": LEAD, "status": RULING, "commission_amount": 12.5}'),
            ("action=admin/approve-lead", '{"lead_id": LEAD, "decision": RULING, "commission_amount": 12.5}'),
            ("", '{"lead_id": LEAD, "action": RULING, "decision": RULED, "commission_amount": 12.5}'),
            (
                "",
                '{"action": "admin/approve-lead", "lead_id": LEAD, "action": RULING, "decision": RULED, '
                '"commission_amount": 12.5}',
            ),
        ],
        ids=[
            "short",
            "short, named in the query",
            "both",
            "both, turned",
            "decision",
            "status",
            "named in the query",
            "short, and as leads hold it",
            "both, and as leads hold it",
        ],
    )
    def test_every_spelling_of_the_approve_body_works(
        self, client: Client, query: str, body: str, decision: str, status: str
    ) -> None:
        """2.13: the lead is decided whichever of the two `action` keys is sent, in any order."""
        lead_id = submit(client, make_link(client))
        text = body.replace("LEAD", json.dumps(lead_id)).replace("RULING", json.dumps(decision))
        text = text.replace("RULED", json.dumps(status))

        answer = client.send("POST", query, text)

        lead = client.get("admin/leads", f"status={status}").body["leads"][0]
        assert (200, True, lead_id) == (answer.status, answer.body["success"], lead["lead_id"])
        assert lead.get("commission_amount") == (12.5 if decision == "approve" else None)

    @pytest.mark.parametrize(
        ("query", "body"),
        [
            ("", {"action": "approve", "decision": "reject"}),
            ("", {"action": "approve", "decision": "rejected"}),
            ("", {"action": "approve", "decision": "perhaps"}),
            ("", {"action": "admin/approve-lead", "decision": "approve", "status": "reject"}),
            ("action=chat/close", {"action": "approve"}),
            ("action=chat/close", {"action": "admin/approve-lead", "decision": "approve"}),
            ("", {"action": "admin/approve-lead", "decision": "perhaps"}),
            ("", {"action": "admin/approve-lead"}),
        ],
    )
    def test_a_contradictory_approve_body_decides_nothing(
        self, client: Client, query: str, body: dict[str, str]
    ) -> None:
        """A request with contradicting decisions is refused."""
        lead_id = submit(client, make_link(client))

        answer = client.send("POST", query, json.dumps({**body, "lead_id": lead_id, "commission_amount": 1}))

        pending = client.get("admin/leads", "status=pending").body["leads"]
        assert (400, [lead_id]) == (answer.status, [lead["lead_id"] for lead in pending])

    def test_another_decision_is_a_conflict_unless_it_amends(self, client: Client) -> None:
        """Approving twice by accident with another amount changes nothing."""
        lead_id = submit(client, make_link(client))
        client.post("admin/approve-lead", lead_id=lead_id, decision="approve", commission_amount=10)

        other = client.post("admin/approve-lead", lead_id=lead_id, decision="approve", commission_amount=11)
        amended = client.post(
            "admin/approve-lead", lead_id=lead_id, decision="approve", commission_amount=12, amend=True
        )

        assert (409, 200, 12) == (other.status, amended.status, amended.body["lead"]["commission_amount"])


def test_health_says_that_the_api_is_there(guarded: Client) -> None:
    """Monitors need no token."""
    answer = guarded.get("health")

    assert (200, "ok") == (answer.status, answer.body["status"])
