"""The dashboard over an adopted store: what it reads is what the former backend would have answered, field by field."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.services.adopt.service import AdoptionService, Steps, Wish
from commercive_cli.store.items import Item
from tests.api.world import Client, World
from tests.services.adopt.old_backend import OldBackend, old_backend

Answers = dict[str, Any]
KINDS = {"conversation": "chat_conversations", "message": "chat_messages", "lead": "leads", "link": "affiliate_links"}


@pytest.fixture
def old() -> OldBackend:
    """Return a backend whose links all have a row, since it answers no others."""
    return old_backend(6, conversations=15, leads=40)


@pytest.fixture
def dashboard(world: World, old: OldBackend) -> Client:
    """The dashboard's API over a store into which all was adopted."""
    services = world.services
    AdoptionService(services.store, world.clock).run(old, "ops", Wish(), Steps())
    return world.open()


def answered(item: Item) -> Answers:
    """Return an item as the former backend sent it: numbers of DynamoDB as JSON's."""
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in item.items()}


def old_answer(old: OldBackend, kind: str, fits: Callable[[Item], bool]) -> dict[str, Answers]:
    """Return the records of a kind that the former backend answered with, by id."""
    key = f"{kind}_id"
    return {item[key]: answered(item) for item in old.tables_by_name[KINDS[kind]] if fits(item)}


def shown(kind: str, records: Iterable[Answers], expected: dict[str, Answers]) -> dict[str, Answers]:
    """Return of each record the fields that the former backend sent."""
    by_id = {record[f"{kind}_id"]: record for record in records}
    return {name: {field: record.get(field) for field in expected.get(name, record)} for name, record in by_id.items()}


def test_users_see_their_conversations(dashboard: Client, old: OldBackend) -> None:
    """Each user's list has the same conversations with the same fields, newest first."""
    users = {conversation["user_id"] for conversation in old.tables_by_name["chat_conversations"]}
    for user in users:
        expected = old_answer(old, "conversation", lambda c, user=user: c["user_id"] == user)  # type: ignore[misc]
        found = dashboard.get("chat/conversations", f"user_id={user}").body["conversations"]

        assert expected == shown("conversation", found, expected)
        assert sorted((c["updated_at"] for c in found), reverse=True) == [c["updated_at"] for c in found]


@pytest.mark.parametrize("status", ["open", "closed", "all"])
def test_admins_see_all_conversations_with_their_unread_marks(dashboard: Client, old: OldBackend, status: str) -> None:
    """The list of each status is the same, and so is the badge of each conversation."""
    expected = old_answer(old, "conversation", lambda c: status in ("all", c["status"]))
    found = dashboard.get("admin/conversations", f"status={status}&limit=100").body["conversations"]

    assert expected == shown("conversation", found, expected)
    assert {n: c["unread_admin"] > 0 for n, c in expected.items()} == {
        c["conversation_id"]: c["unread_admin"] > 0 for c in found
    }


def test_threads_are_the_same(dashboard: Client, old: OldBackend) -> None:
    """Messages stand in the same order with the same fields; what is read is what the counters said."""
    for conversation in old.tables_by_name["chat_conversations"]:
        name = conversation["conversation_id"]
        expected = old_answer(old, "message", lambda m, name=name: m["conversation_id"] == name)  # type: ignore[misc]
        unflagged = {key: {f: v for f, v in m.items() if f != "is_read"} for key, m in expected.items()}
        found = dashboard.get("chat/messages", f"conversation_id={name}").body["messages"]
        unread = [message["sender_type"] for message in found if not message["is_read"]]

        assert unflagged == shown("message", found, unflagged)
        assert [m["message_id"] for m in sorted(expected.values(), key=lambda m: m["created_at"])] == [
            message["message_id"] for message in found
        ]
        assert (conversation["unread_admin"], conversation["unread_user"]) == (
            unread.count("user"),
            unread.count("admin"),
        )


@pytest.mark.parametrize("status", ["pending", "approved", "rejected", "all"])
def test_admins_see_the_leads(dashboard: Client, old: OldBackend, status: str) -> None:
    """Each status has the same leads with the same fields, and the money to the cent."""
    expected = old_answer(old, "lead", lambda lead: status in ("all", lead["status"]))
    found = dashboard.get("admin/leads", f"status={status}&limit=500").body["leads"]

    assert expected == shown("lead", found, expected)


def test_partners_see_their_link_and_stats(dashboard: Client, old: OldBackend) -> None:
    """The link is the old one with its address; the stats count the old leads, to the cent."""
    for link in old.tables_by_name["affiliate_links"]:
        affiliate = link.get("affiliate_id", link["link_id"])
        found = dashboard.get("affiliate/get-link", f"affiliate_id={affiliate}").body["affiliate_link"]
        stats = dashboard.get("affiliate/stats", f"affiliate_id={affiliate}").body["stats"]
        leads = [lead for lead in old.tables_by_name["leads"] if lead["affiliate_id"] == affiliate]
        statuses = [lead["status"] for lead in leads]
        form = link.get("form_url", f"https://dashboard.commercive.co/affiliate-form?ref={affiliate}")

        assert (link["link_id"], affiliate, form) == (found["link_id"], found["affiliate_id"], found["affiliate_url"])
        assert [len(leads), *map(statuses.count, ("approved", "pending", "rejected"))] == [
            stats[f"{name}_leads"] for name in ("total", "approved", "pending", "rejected")
        ]
        assert float(sum(lead.get("commission_amount", 0) for lead in leads)) == stats["total_commission"]


def test_the_work_goes_on(dashboard: Client, old: OldBackend) -> None:
    """Users and admins write, read and close, and visitors come through old codes and ids, as before."""
    conversation = next(c for c in old.tables_by_name["chat_conversations"] if c["status"] == "open")
    name, user = conversation["conversation_id"], conversation["user_id"]
    lead = {"name": "N", "email": "e@x.example", "phone": "1", "product_link": "x.example", "order_volume": "1-5"}
    sent = dashboard.post(
        "chat/send", user_id=user, store_url="shop.example", message="still there?", conversation_id=name
    )
    answers = [
        dashboard.post("chat/reply", conversation_id=name, admin_id="admin-9", message="yes"),
        dashboard.post("chat/mark-read", conversation_id=name, reader_type="admin"),
        dashboard.post("chat/mark-read", conversation_id=name, reader_type="user"),
        dashboard.post("chat/close", conversation_id=name),
        *(
            dashboard.post("affiliate/submit-lead", link_id=code, lead_data=lead | {"pending_orders": "0"})
            for link in old.tables_by_name["affiliate_links"]
            for code in {link["link_id"], link.get("affiliate_id", link["link_id"])}
        ),
    ]
    found = dashboard.get("chat/conversations", f"user_id={user}").body["conversations"]
    [shown_now] = (c for c in found if c["conversation_id"] == name)

    assert {200} == {each.status for each in [sent, *answers]}
    assert ("closed", 0, 0) == (shown_now["status"], shown_now["unread_admin"], shown_now["unread_user"])
