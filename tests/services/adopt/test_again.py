"""Adoptions that are repeated: what is new or changed there comes, and what was changed here since stays."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.domain.answers.adoption import Adopted
from commercive_cli.services.adopt.marks import state_row
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, OPS, TABLES, Table
from commercive_cli.store.writes import Delete, Put, Update, Write
from tests.services.adopt.adopter import NOW, Adopter, fates, kinds, unbalanced
from tests.services.adopt.old_backend import OldBackend, old_backend
from tests.services.fakes import Intervening, ManualClock
from tests.services.raw_data import errors_in, everything, rows

LATER, CODE = NOW + 60_000, "ABCD1234"


@pytest.fixture
def old() -> OldBackend:
    """Return a backend with one open conversation, a pending lead and an approved one."""
    old = old_backend(3, conversations=1, leads=2)
    [conversation] = old.tables_by_name["chat_conversations"]
    conversation |= {"status": "open", "unread_admin": 0, "unread_user": 0}
    first, second = old.tables_by_name["leads"]
    first |= {"lead_id": "LEAD-1", "status": "pending"}
    first.pop("commission_amount", None)
    second |= {"lead_id": "LEAD-2", "status": "approved", "commission_amount": Decimal(5)}
    old.tables_by_name["affiliate_links"][0].update(
        {"link_id": CODE, "affiliate_id": "AFF-ONEONE11", "created_at": NOW - 10**9}
    )
    return old


def conversation_of(old: OldBackend) -> Item:
    [conversation] = old.tables_by_name["chat_conversations"]
    return conversation


def send(old: OldBackend, sender: str, at: int, text: str = "and now?") -> str:
    """Write a message there, as the former backend does; return its id."""
    conversation = conversation_of(old)
    counter = "unread_admin" if sender == "user" else "unread_user"
    conversation |= {"updated_at": at, "last_message": text, counter: conversation[counter] + 1}
    message = {
        "message_id": f"MSG-{at}",
        "conversation_id": conversation["conversation_id"],
        "sender_type": sender,
        "sender_id": conversation["user_id"] if sender == "user" else "admin-1",
        "message_text": text,
        "created_at": at,
        "is_read": False,
    }
    old.tables_by_name["chat_messages"].append(message)
    return f"MSG-{at}"


def sound(store: Store, answer: Adopted) -> bool:
    """Return whether every invariant holds, and both sides balance."""
    findings = AuditService(store, ManualClock(LATER)).run("ops").findings
    return ([], [], []) == (findings, errors_in(store), unbalanced(answer))


def thread_in(store: Store, old: OldBackend) -> tuple[Item, dict[str, Item]]:
    """Return the conversation as it is here, and its messages by id."""
    name = conversation_of(old)["conversation_id"]
    [conversation] = rows(store, CONVERSATIONS)
    return conversation, {m["message_id"]: m for m in rows(store, MESSAGES) if m["conversation_id"] == name}


def test_what_is_new_there_comes(either: Store, old: OldBackend) -> None:
    """New messages, leads and conversations come, counters and stats follow, and a further run writes nothing."""
    adopt = Adopter(either)
    adopt(old)
    new = send(old, "user", LATER)
    old.tables_by_name["leads"].append(dict(old.one("leads", lead_id="LEAD-2")) | {"lead_id": "LEAD-3"})
    more = old_backend(8, conversations=1, leads=0)
    for name in ("chat_conversations", "chat_messages"):
        old.tables_by_name[name] += more.tables_by_name[name]
    answer = adopt(old)
    [conversation] = (c for c in rows(either, CONVERSATIONS) if c.get("last_message_id") == new)
    held = everything(either)
    adopt(old)

    assert (1, LATER, LATER) == (
        conversation["unread_admin"],
        conversation["last_message_at"],
        conversation["updated_at"],
    )
    assert {"brought": 1, "changed": 1, "read": 2} == fates(answer)["chat_conversations"]
    assert {"brought": 1, "unchanged": 2, "read": 3} == fates(answer)["leads"]
    assert sound(either, answer)
    assert held == everything(either)


def test_what_changed_there_comes(either: Store, old: OldBackend) -> None:
    """A decision, a close and reading there are brought with their audit rows, and stats are exact."""
    adopt = Adopter(either)
    send(old, "user", NOW - 50)
    adopt(old)
    conversation_of(old).update({"status": "closed", "unread_admin": 0, "updated_at": LATER})
    old.one("leads", lead_id="LEAD-1").update(
        {"status": "approved", "commission_amount": Decimal("7.255"), "updated_at": LATER}
    )
    old.one("leads", lead_id="LEAD-2").update({"status": "rejected", "updated_at": LATER + 1})
    answer = adopt(old)
    conversation, messages = thread_in(either, old)
    leads = {lead["lead_id"]: lead for lead in rows(either, LEADS)}
    states = [r["after"] for r in rows(either, OPS) if r["pk"] == "audit#lead#LEAD-1"]

    assert ("closed", LATER, 0) == (conversation["status"], conversation["closed_at"], conversation["unread_admin"])
    assert all(message["is_read"] for message in messages.values())
    assert ("approved", Decimal("7.26")) == (leads["LEAD-1"]["status"], leads["LEAD-1"]["commission_amount"])
    assert "commission_amount" not in leads["LEAD-2"]
    assert [{"status": "pending"}, {"status": "approved", "commission_amount": Decimal("7.26")}] == states
    assert {} == {kind: n for kind, n in kinds(answer).items() if kind in ("changed-here", "here-already")}
    assert sound(either, answer)


def test_what_was_changed_here_stays_and_new_messages_come(either: Store, old: OldBackend) -> None:
    """Replies, reads and decisions here stay; what users wrote there meanwhile comes all the same, in its place."""
    adopt, clock = Adopter(either), ManualClock(LATER)
    send(old, "user", NOW - 50)
    adopt(old)
    name = conversation_of(old)["conversation_id"]
    ChatService(either, clock).reply(name, "anna", "here I am")
    LeadService(either, clock).decide("LEAD-1", "rejected", "anna", reason="no")
    before = next(lead for lead in rows(either, LEADS) if lead["lead_id"] == "LEAD-1")
    asked = send(old, "user", NOW - 10)
    later = send(old, "user", LATER + 9_000)
    conversation_of(old)["store_url"] = "other.example"
    old.one("leads", lead_id="LEAD-1").update({"status": "approved", "commission_amount": 9, "updated_at": LATER + 5})
    answer = adopt(old)
    conversation, messages = thread_in(either, old)
    held = everything(either)
    again = adopt(old)

    assert {asked, later} <= messages.keys()
    assert (later, LATER + 9_000) == (conversation["last_message_id"], conversation["waiting_since"])
    assert "other.example" != conversation["store_url"]
    assert before == next(lead for lead in rows(either, LEADS) if lead["lead_id"] == "LEAD-1")
    assert (2, 2) == (kinds(answer)["changed-here"], kinds(again)["changed-here"])
    assert "LEAD-1: rejected here, approved for 9.00 there" in str(answer.problems)
    assert sound(either, answer)
    assert (held, []) == (everything(either), unbalanced(again))


def test_what_was_deleted_here_does_not_come_again(adopt: Adopter, store: Store, old: OldBackend) -> None:
    """A conversation that was taken out here stays out, also when it goes on there; it is told."""
    adopt(old)
    conversation, messages = thread_in(store, old)
    deletes = [Delete(MESSAGES, MESSAGES.key_of(each)) for each in messages.values()]
    store.transact(Delete(CONVERSATIONS, CONVERSATIONS.key_of(conversation)), *deletes)
    quiet = adopt(old)
    send(old, "user", LATER)
    answer = adopt(old)

    assert ([], []) == (rows(store, CONVERSATIONS), rows(store, MESSAGES))
    assert ({}, 1) == ({k: n for k, n in kinds(quiet).items() if k == "deleted-here"}, kinds(answer)["deleted-here"])
    assert ([], []) == (unbalanced(quiet), unbalanced(answer))


def test_what_is_here_already_is_left_alone(adopt: Adopter, store: Store, old: OldBackend) -> None:
    """Items with the same ids that no adoption brought stay as they are, and are named."""
    lead = old.one("leads", lead_id="LEAD-2") | {"created_at": 5, "lead_name": "Mine"}
    store.batch_put(LEADS, [lead])
    store.batch_put(CONVERSATIONS, [conversation_of(old) | {"last_message": "mine"}])
    code = lead["link_id"]
    store.batch_put(OPS, [{"pk": f"link#{code}", "sk": "claim", "affiliate_id": "AFF-MINE", "link_id": code}])
    answer = adopt(old)

    assert lead in rows(store, LEADS)
    assert "mine" == rows(store, CONVERSATIONS)[0]["last_message"]
    assert [] == rows(store, MESSAGES)
    assert code not in [link["link_id"] for link in rows(store, AFFILIATE_LINKS)]
    assert 3 == kinds(answer)["here-already"]
    assert [] == unbalanced(answer)


@pytest.mark.parametrize("changed", ["an attribute", "a new one"])
@pytest.mark.parametrize("table", [CONVERSATIONS, LEADS, AFFILIATE_LINKS], ids=lambda table: table.name)
def test_a_change_here_in_the_very_moment_stays(
    adopt: Adopter, store: Store, old: OldBackend, table: Table, changed: str
) -> None:
    """What somebody writes between the look at an item and its change stays; if it was read before, that is named."""
    adopt(old)
    send(old, "user", LATER)
    old.one("leads", lead_id="LEAD-1").update({"lead_name": "Other", "updated_at": LATER})
    [link] = (each for each in old.tables_by_name["affiliate_links"] if each["link_id"] == CODE)
    link["clicks"] = 77
    item = next(each for each in rows(store, table) if table is not AFFILIATE_LINKS or each["link_id"] == CODE)
    name = {CONVERSATIONS: "store_url", LEADS: "lead_phone", AFFILIATE_LINKS: "affiliate_email"}[table]
    set_ = {"note" if changed == "a new one" else name: "mine"}
    meddled = Intervening(store)
    meddled.before("transact", lambda: store.transact(Update(table, table.key_of(item), set=set_)), table)
    answer = Adopter(meddled)(old)

    found = store.get(table, table.key_of(item)) or {}
    assert set_.items() <= found.items()
    assert (0 if changed == "a new one" else 1) == kinds(answer).get("changed-here", 0)
    assert [] == errors_in(store)


def test_what_is_added_on_both_sides_at_once_stays_as_it_is_here(adopt: Adopter, store: Store, old: OldBackend) -> None:
    """A phone number is written here in the moment in which another one is brought: ours stays."""
    lead = old.one("leads", lead_id="LEAD-1")
    del lead["lead_phone"]
    adopt(old)
    key = {"lead_id": "LEAD-1", "created_at": lead["created_at"]}
    lead.update({"lead_phone": "theirs", "updated_at": LATER})
    meddled = Intervening(store)
    meddled.before("transact", lambda: store.transact(Update(LEADS, key, set={"lead_phone": "mine"})), LEADS)
    answer = Adopter(meddled)(old)

    assert "mine" == (store.get(LEADS, key) or {})["lead_phone"]
    assert 1 == kinds(answer)["changed-here"]


@pytest.mark.parametrize("guard", ["mark", "new message", "known message", "time of a known message"])
def test_each_part_of_a_change_is_guarded(adopt: Adopter, store: Store, old: OldBackend, guard: str) -> None:
    """Where another adopter, or somebody who reads, comes in between with any part of a change, all of it waits."""
    first = send(old, "user", NOW - 50)
    adopt(old)
    name = conversation_of(old)["conversation_id"]
    second = send(old, "user", LATER)
    conversation_of(old)["unread_admin"] = 0
    meddlings: dict[str, Write] = {
        "mark": Update(OPS, {"pk": f"adopted#conversation#{name}", "sk": "-"}, set={"source": "other"}),
        "new message": Put(MESSAGES, {"conversation_id": name, "message_id": second, "message_text": "mine"}),
        "known message": Update(MESSAGES, {"conversation_id": name, "message_id": first}, set={"is_read": True}),
        "time of a known message": Update(
            MESSAGES, {"conversation_id": name, "message_id": first}, set={"created_at": NOW - 40}
        ),
    }
    before, _ = thread_in(store, old)
    meddled = Intervening(store)
    meddled.before("transact", lambda: store.transact(meddlings[guard]), CONVERSATIONS)
    answer = Adopter(meddled)(old)
    after, messages = thread_in(store, old)

    assert 1 == kinds(answer)["changed-here"]
    assert before == after
    assert ("mine" if guard == "new message" else None) == messages.get(second, {}).get("message_text")


def test_a_change_of_messages_alone_heeds_who_changes_their_conversation(
    adopt: Adopter, store: Store, old: OldBackend
) -> None:
    """The time of an answered question changes there, and nothing else: it comes, unless somebody writes here now."""
    asked = send(old, "user", NOW - 50)
    send(old, "admin", NOW - 20)
    adopt(old)
    before, _ = thread_in(store, old)
    old.one("chat_messages", message_id=asked)["created_at"] = NOW - 40
    adopt(old)
    after, messages = thread_in(store, old)
    assert (before, NOW - 40) == (after, messages[asked]["created_at"])

    old.one("chat_messages", message_id=asked)["created_at"] = NOW - 30
    meddled = Intervening(store)
    mine = Update(CONVERSATIONS, CONVERSATIONS.key_of(before), set={"store_url": "mine"})
    meddled.before("transact", lambda: store.transact(mine), CONVERSATIONS)
    answer = Adopter(meddled)(old)
    after, messages = thread_in(store, old)

    assert 1 == kinds(answer)["changed-here"]
    assert ("mine", NOW - 40) == (after["store_url"], messages[asked]["created_at"])


def test_a_message_that_comes_meanwhile_is_not_replaced(adopt: Adopter, store: Store, old: OldBackend) -> None:
    """Into a conversation that was changed here, only messages are brought that nobody else brings."""
    adopt(old)
    conversation, _ = thread_in(store, old)
    store.transact(Update(CONVERSATIONS, CONVERSATIONS.key_of(conversation), set={"store_url": "mine"}))
    message = {"conversation_id": conversation["conversation_id"], "message_id": send(old, "user", LATER)}
    meddled = Intervening(store)
    meddled.before("transact", lambda: store.batch_put(MESSAGES, [{**message, "message_text": "mine"}]), MESSAGES)
    answer = Adopter(meddled)(old)

    assert 1 == kinds(answer)["changed-here"]
    assert "mine" == (store.get(MESSAGES, message) or {})["message_text"]


@pytest.mark.parametrize("what", ["conversation", "lead", "code", "mark", "audit row"])
def test_each_part_of_a_first_run_is_guarded(store: Store, old: OldBackend, what: str) -> None:
    """Whoever takes a place in the moment in which an adoption would, keeps it; everything else arrives."""
    name, lead = conversation_of(old)["conversation_id"], old.one("leads", lead_id="LEAD-1")
    created = conversation_of(old)["created_at"]
    row = new_row("lead", "LEAD-1", lead["updated_at"])
    taken: dict[str, tuple[Table, Item]] = {
        "conversation": (CONVERSATIONS, {"conversation_id": name, "created_at": created, "user_id": "mine"}),
        "lead": (LEADS, {"lead_id": "LEAD-1", "created_at": lead["created_at"], "lead_name": "mine"}),
        "code": (OPS, {"pk": f"link#{CODE}", "sk": "claim", "affiliate_id": "AFF-MINE", "link_id": CODE}),
        "mark": (OPS, {"pk": "adopted#lead#LEAD-2", "sk": "-", "source": "other", "written": "", "place": 1}),
        "audit row": (OPS, {"pk": row.item["pk"], "sk": row.item["sk"], "event": "mine"}),
    }
    table, item = taken[what]
    meddled = Intervening(store)
    meddled.before("transact", lambda: store.batch_put(table, [item]), CONVERSATIONS)
    answer = Adopter(meddled)(old)

    assert item == store.get(table, table.key_of(item))
    assert 1 == kinds(answer)["here-already"]
    assert ["LEAD-1", "LEAD-2"] == sorted({lead["lead_id"] for lead in rows(store, LEADS)} | LEFT.get(what, set()))
    assert [] == unbalanced(answer)


LEFT = {"mark": {"LEAD-2"}, "audit row": {"LEAD-1"}}


def new_row(kind: str, subject: str, at: int) -> Put:
    """Return the audit row that an adoption writes of a subject."""
    return state_row(kind, subject, "ops", {}, {}, at)


def test_what_nothing_explains_does_not_balance(adopt: Adopter, store: Store, old: OldBackend) -> None:
    """A message that is gone from a conversation which nobody changed is found by the comparison."""
    adopt(old)
    [*_, message] = rows(store, MESSAGES)
    store.transact(Delete(MESSAGES, MESSAGES.key_of(message)))

    assert ["messages of open conversations"] == unbalanced(adopt(old))


def test_a_damaged_mark_is_none(adopt: Adopter, store: Store, old: OldBackend) -> None:
    """What it was about is taken for something that no adoption brought: it stays, and is named."""
    adopt(old)
    store.transact(Update(OPS, {"pk": "adopted#lead#LEAD-1", "sk": "-"}, remove=("written",)))
    before = everything(store)
    answer = adopt(old)

    assert before == everything(store)
    assert 1 == kinds(answer)["here-already"]


def test_long_threads_change_in_steps_that_go_on(adopt: Adopter, store: Store, old: OldBackend) -> None:
    """Hundreds of new messages come in several transactions; counters are exact between any two of them."""
    adopt(old)
    for number in range(250):
        send(old, "user" if number % 3 else "admin", NOW - 5_000 + number)
    observed: list[list[str]] = []
    meddled = Intervening(store)
    look: Callable[[], Any] = lambda: observed.append([e for e in errors_in(store) if "unread" in e])  # noqa: E731
    for _ in range(5):
        meddled.before("transact", look, CONVERSATIONS)
    answer = Adopter(meddled)(old)

    assert [[], [], []] == observed
    assert sound(store, answer)


def test_partners_keep_their_codes(either: Store, old: OldBackend) -> None:
    """Old codes and the ids of affiliates credit the affiliate here, and the link that is shown is the old one."""
    Adopter(either)(old)
    affiliates = AffiliateService(either)
    links = [link for link in old.tables_by_name["affiliate_links"] if "affiliate_id" in link]

    for link in links:
        code = affiliates.resolve_link(link["link_id"]).affiliate_link
        own = affiliates.resolve_link(link["affiliate_id"]).affiliate_link
        shown = affiliates.get_link(link["affiliate_id"]).affiliate_link
        assert code is not None
        assert own is not None
        assert shown is not None
        assert [link["affiliate_id"]] * 2 == [code.affiliate_id, own.affiliate_id]
        assert (link["link_id"], link["form_url"]) == (shown.link_id, shown.affiliate_url)


@pytest.mark.parametrize(
    "damage",
    [
        Update(MESSAGES, {}, remove=("created_at",)),
        Update(CONVERSATIONS, {}, set={"unread_admin": "many"}),
        Update(CONVERSATIONS, {}, remove=("updated_at",)),
        Update(CONVERSATIONS, {}, set={"status": "closed"}),
    ],
    ids=["a message's time", "a counter", "no time", "no close"],
)
def test_a_damaged_conversation_here_hides_nothing(
    adopt: Adopter, store: Store, old: OldBackend, damage: Update
) -> None:
    """New messages of a conversation that was damaged here wait until it is mended; all else is brought."""
    adopt(old)
    conversation = CONVERSATIONS.key_of(rows(store, CONVERSATIONS)[0])
    store.transact(Update(CONVERSATIONS, conversation, set={"store_url": "mine.example"}))
    store.transact(replace(damage, key=damage.table.key_of(rows(store, damage.table)[0])))
    send(old, "user", LATER)
    old.tables_by_name["leads"].append(dict(old.one("leads", lead_id="LEAD-2")) | {"lead_id": "LEAD-3"})
    before = rows(store, CONVERSATIONS), rows(store, MESSAGES)
    answer = adopt(old)

    assert before == (rows(store, CONVERSATIONS), rows(store, MESSAGES))
    assert "not brought: it is damaged here; see `tables audit`" in str(answer.problems)
    assert "LEAD-3" in {lead["lead_id"] for lead in rows(store, LEADS)}


@pytest.mark.parametrize("place", ["soon", 2**70, ""])
@pytest.mark.parametrize("kind", ["conversation", "lead", "link"])
def test_a_mark_with_no_place_of_its_kind_is_none(either: Store, old: OldBackend, kind: str, place: object) -> None:
    """Whatever somebody wrote into a mark, its item stays as it is, and the run goes on to its end."""
    adopt = Adopter(either)
    adopt(old)
    subject = {"conversation": conversation_of(old)["conversation_id"], "lead": "LEAD-1", "link": CODE}[kind]
    either.transact(
        Update(OPS, {"pk": f"adopted#{kind}#{subject}", "sk": "-"}, set={"place": place, "source": "another"})
    )
    before = everything(either)
    adopt(old)

    assert before == everything(either)


def test_emptied_tables_are_no_new_ones(either: Store, old: OldBackend) -> None:
    """What was deleted here does not come again in part, also where nothing is left: the marks tell of it."""
    adopt = Adopter(either)
    adopt(old)
    for table in (each for each in TABLES if each is not OPS):
        for item in rows(either, table):
            either.transact(Delete(table, table.key_of(item)))
    before = everything(either)
    answer = adopt(old)

    assert before == everything(either)
    assert {"unchanged": 1, "read": 1} == fates(answer)["chat_conversations"]
