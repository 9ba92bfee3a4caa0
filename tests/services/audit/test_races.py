"""Somebody changes what the audit is about to repair: it looks again, and repairs what is wrong by then, or nothing."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.ids import new_id
from commercive_cli.domain.models import SNOOZED
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.audit.check import Repairs
from commercive_cli.services.audit.links import LinkCheck
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.privacy.service import PrivacyService
from commercive_cli.services.records.link_claims import code_claim_key, primary_claim_key
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Put, Update
from tests.services.audit.world import World
from tests.services.fakes import DAY, START, Codes, Intervening, ManualClock
from tests.services.raw_data import errors_in, rows

LATER = START * 2
SHOP = primary_claim_key("aff-1", "a.example")


class Repairer:
    """The audit as it repairs, with somebody else getting in front of its first write to a table."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store, self.clock = store, clock

    def run(self, table: Table, action: Callable[[], object]) -> list[Finding]:
        meddled = Intervening(self.store)
        meddled.before("transact", action, table)
        return AuditService(meddled, self.clock).run("root", fix=True).findings

    def found(self, table: Table, action: Callable[[], object]) -> list[str]:
        """Return the invariants that were found broken."""
        return sorted(finding.invariant for finding in self.run(table, action))


@pytest.fixture
def repairer(store: Store, clock: ManualClock) -> Repairer:
    return Repairer(store, clock)


def history(world: World, lead_id: str) -> list[tuple[str, str]]:
    return [(row.event, row.actor) for row in LeadService(world.store).history(lead_id).history]


def test_two_audits_at_once_account_for_a_state_once(world: World, clock: ManualClock, repairer: Repairer) -> None:
    """Of two that find the same lead without an audit row one writes the row; the other finds it there."""
    world.change(LEADS, world.pending, status="rejected")
    found = repairer.found(LEADS, lambda: AuditService(world.store, clock).run("maria", fix=True))

    assert [] == found
    assert [("audit", "maria")] == history(world, world.pending)
    assert [] == errors_in(world.store)


def test_a_status_that_was_put_right_meanwhile_is_not_accounted_for(world: World, repairer: Repairer) -> None:
    """No row tells of a state in which the lead is no more."""
    world.change(LEADS, world.pending, status="rejected")
    found = repairer.found(LEADS, lambda: world.change(LEADS, world.pending, status="pending"))

    assert [] == found
    assert [] == history(world, world.pending)


def test_a_commission_that_was_put_right_meanwhile_is_not_accounted_for(world: World, repairer: Repairer) -> None:
    """Nor of an amount that the lead is not worth any more."""
    before = history(world, world.approved)
    world.change(LEADS, world.approved, commission_amount=Decimal(99))
    found = repairer.found(LEADS, lambda: world.change(LEADS, world.approved, commission_amount=Decimal("12.34")))

    assert [] == found
    assert before == history(world, world.approved)


def test_a_state_that_came_back_meanwhile_is_accounted_for_already(
    world: World, clock: ManualClock, repairer: Repairer
) -> None:
    """Who takes a decision back and makes it again leaves rows; another one would tell of a change that was none."""
    leads = LeadService(world.store, clock)
    world.change(LEADS, world.pending, status="rejected")

    def decide_again() -> None:
        leads.reset(world.pending, "maria")
        leads.decide(world.pending, "rejected", "maria")

    found = repairer.found(LEADS, decide_again)

    assert "audit-row" not in found
    assert [("reset", "maria"), ("reject", "maria")] == history(world, world.pending)


def test_the_row_of_a_repair_is_behind_the_last_change(world: World, repairer: Repairer) -> None:
    """Whatever moved a lead's time while it was repaired, its history ends with what it is."""
    world.change(LEADS, world.approved, remove=("commission_amount",))
    later = world.row(LEADS, world.approved)["updated_at"] + 30_000
    repairer.run(LEADS, lambda: world.change(LEADS, world.approved, updated_at=later))
    rows_of_it = LeadService(world.store).history(world.approved).history

    assert Decimal("12.34") == world.row(LEADS, world.approved)["commission_amount"]
    assert later <= max(row.at for row in rows_of_it)


def test_two_audits_at_once_take_a_time_back_once(world: World, clock: ManualClock, repairer: Repairer) -> None:
    """Of two that find the same time still to come, one says so."""
    before = world.row(CONVERSATIONS, world.open)["updated_at"]
    world.change(CONVERSATIONS, world.open, updated_at=clock.now + DAY)
    found = repairer.found(CONVERSATIONS, lambda: AuditService(world.store, clock).run("maria", fix=True))

    assert [] == found
    assert before == world.row(CONVERSATIONS, world.open)["updated_at"]


def test_a_time_that_something_bears_out_by_now_stays(world: World, clock: ManualClock, repairer: Repairer) -> None:
    """A lead that says by now that it was reviewed at that time was changed then, whatever the clock says."""
    later = clock.now + DAY
    world.change(LEADS, world.approved, updated_at=later)
    found = repairer.found(LEADS, lambda: world.change(LEADS, world.approved, reviewed_at=later))

    assert "updated-at" not in found
    assert later == world.row(LEADS, world.approved)["updated_at"]


def test_what_was_answered_meanwhile_does_not_wait_again(world: World, clock: ManualClock, repairer: Repairer) -> None:
    """A conversation that is put off for ever, and answered at the same moment, is not put back into the queue."""
    world.change(CONVERSATIONS, world.open, waiting_for=SNOOZED)
    chat = ChatService(world.store, clock)
    found = repairer.found(CONVERSATIONS, lambda: chat.reply(world.open, "admin-1", "Hi"))

    assert "snooze" not in found
    assert "waiting_for" not in world.row(CONVERSATIONS, world.open)


def test_a_lead_whose_status_was_put_right_keeps_its_money(world: World, repairer: Repairer) -> None:
    """A pending lead with a commission, which is approved at the same moment, does not lose it."""
    leads = LeadService(world.store)
    leads.decide(world.pending, "approved", "admin-1", commission=5)
    leads.reset(world.pending, "admin-1")
    world.change(LEADS, world.pending, commission_amount=Decimal(5))
    found = repairer.found(LEADS, lambda: world.change(LEADS, world.pending, status="approved"))
    lead = world.row(LEADS, world.pending)

    assert "lead-state" not in found
    assert ("approved", 5) == (lead["status"], lead["commission_amount"])


def test_a_lead_whose_commission_was_put_right_is_left_alone(world: World, repairer: Repairer) -> None:
    """An approved lead that gets its commission back at the same moment needs no repair."""
    before = history(world, world.approved)
    world.change(LEADS, world.approved, remove=("commission_amount",))
    found = repairer.found(LEADS, lambda: world.change(LEADS, world.approved, commission_amount=Decimal(7)))
    lead = world.row(LEADS, world.approved)

    assert "lead-state" not in found
    assert before == history(world, world.approved)
    assert ("approved", 7) == (lead["status"], lead["commission_amount"])


def test_a_message_that_is_gone_is_not_made_again(world: World, repairer: Repairer) -> None:
    """Where a message with a wrong time is deleted meanwhile, nothing of it comes back."""
    world.change(MESSAGES, world.keyed_message, created_at=START - 1)
    found = repairer.found(MESSAGES, lambda: world.drop(MESSAGES, world.keyed_message))

    assert "message-order" not in found
    assert world.keyed_message not in [row["message_id"] for row in rows(world.store, MESSAGES)]


def test_a_key_that_was_used_again_meanwhile_stays_taken(world: World, clock: ManualClock, repairer: Repairer) -> None:
    """A claim whose message was lost is dropped, but not the one that took its place for a message that is there."""
    [key] = [{"pk": row["pk"], "sk": row["sk"]} for row in rows(world.store, OPS) if row["sk"] == "message-key"]
    chat = ChatService(world.store, clock)

    def use_again() -> None:
        world.drop_at(OPS, key)
        chat.send("user-1", "again", conversation_id=world.open, key="message-key")

    world.drop(MESSAGES, world.keyed_message)
    found = repairer.found(OPS, use_again)

    assert "request-claim" not in found
    assert world.store.get(OPS, key) is not None


CHANGES = [
    ("unread_admin", 7, "unread-admin", "unread_admin is 7"),
    ("unread_user", 8, "unread-user", "unread_user is 8"),
    ("updated_at", 5, "updated-at", "updated_at is 5"),
    ("last_message_id", "other", "last-message", "not other"),
    ("last_message_at", START - 5, "last-message", f"last_message_at is {START - 5}"),
    ("waiting_since", 5, "waiting-since", "waiting_since is 5"),
    ("closed_at", LATER, "closed-conversation", f"closed since {LATER}"),
]


@pytest.mark.parametrize(
    ("attribute", "value", "invariant", "words"), CHANGES, ids=[attribute for attribute, *_ in CHANGES]
)
def test_whatever_changes_in_a_conversation_meanwhile_is_looked_at(
    world: World, clock: ManualClock, repairer: Repairer, attribute: str, value: Any, invariant: str, words: str
) -> None:
    """A repair is made for the conversation as it is, and says all that was wrong with it then."""
    world.change(CONVERSATIONS, world.open, unread_user=9)
    findings = repairer.run(CONVERSATIONS, lambda: world.change(CONVERSATIONS, world.open, **{attribute: value}))

    assert {"unread-user", invariant} == {finding.invariant for finding in findings} - {"waiting-for"}
    assert any(words in finding.problem for finding in findings)
    assert [] == AuditService(world.store, clock).run("root").findings


def test_a_preview_that_is_erased_before_its_message_stays_so(
    world: World, clock: ManualClock, meddled: Intervening
) -> None:
    """A conversation that is repaired in the middle of an erasure does not get the person back from the message."""
    text = "x" * 190 + " ana@example.com"
    ChatService(world.store, clock).send("user-1", text, conversation_id=world.open)
    world.change(CONVERSATIONS, world.open, unread_user=9)
    meddled.before("transact", lambda: AuditService(world.store, clock).run("root", fix=True), MESSAGES)
    PrivacyService(meddled, clock).erase("ana@example.com", "dpo")
    conversation = world.row(CONVERSATIONS, world.open)

    assert ("x" * 190 + " [erased]", 0) == (conversation["last_message"], conversation["unread_user"])


def test_a_conversation_that_came_back_meanwhile_is_not_replaced(world: World, repairer: Repairer) -> None:
    """Messages without a conversation get one, unless theirs comes back at the same moment."""
    item = world.row(CONVERSATIONS, world.answered)
    world.drop(CONVERSATIONS, world.answered)
    found = repairer.found(CONVERSATIONS, lambda: world.store.transact(Put(CONVERSATIONS, item)))

    assert [] == found
    assert item == world.row(CONVERSATIONS, world.answered)


def link(affiliate: str, code: str, **more: object) -> Item:
    made = {"created_at": START + 1_000, "updated_at": START, "affiliate_email": "c@example.com"}
    return {"affiliate_id": affiliate, "link_id": code, "affiliate_url": f"https://x/?ref={code}", **made, **more}


def new_link(world: World, clock: ManualClock, affiliate: str, shop: str, code: str) -> Callable[[], object]:
    """Return what makes a link of an affiliate with a code."""
    service = AffiliateService(world.store, clock, Codes(code))
    return lambda: service.create_link(affiliate, "n@example.com", shop)


def test_a_code_that_was_claimed_meanwhile_stays_claimed(world: World, clock: ManualClock, repairer: Repairer) -> None:
    """Whoever claims a code first has it, and the audit does not take it away for a link that has no claim."""
    code = world.codes[0]
    world.drop_at(OPS, code_claim_key(code))
    found = repairer.found(OPS, new_link(world, clock, "aff-9", "z.example", code))

    assert [] == found
    assert "aff-9" == (world.store.get(OPS, code_claim_key(code)) or {})["affiliate_id"]


def test_a_shop_that_was_claimed_meanwhile_stays_claimed(world: World, clock: ManualClock, repairer: Repairer) -> None:
    """Whoever asks for the link of that shop again gets the one they were given before."""
    world.drop_at(OPS, SHOP)
    found = repairer.found(OPS, new_link(world, clock, "aff-1", "a.example", "DDDD0000"))

    assert [] == found
    assert "DDDD0000" == (world.store.get(OPS, SHOP) or {})["link_id"]


@pytest.mark.parametrize("place", [lambda world: code_claim_key(world.codes[0]), lambda _: SHOP], ids=["code", "shop"])
def test_nothing_is_claimed_for_an_affiliate_who_was_erased_meanwhile(
    world: World, clock: ManualClock, repairer: Repairer, place: Callable[[World], dict[str, str]]
) -> None:
    """A claim that lacks is made for a link that is there; an erasure moves links, and then the id is nowhere."""
    world.drop_at(OPS, place(world))
    repairer.run(OPS, lambda: PrivacyService(world.store, clock).erase("aff-1", "dpo"))

    assert not any("aff-1" in str(row) for row in rows(world.store, OPS))


def test_a_claim_that_was_handed_to_another_affiliate_stays(world: World, repairer: Repairer) -> None:
    """A code whose link is lost, and which somebody else gets at the same moment, is theirs."""
    code = world.codes[0]
    theirs = Put(OPS, {**code_claim_key(code), "affiliate_id": "aff-9", "link_id": code})
    world.drop_link_but_no_lead(code)
    found = repairer.found(OPS, lambda: world.store.transact(theirs, Put(AFFILIATE_LINKS, link("aff-9", code))))

    assert ["link-claim"] == found
    assert theirs.item == world.store.get(OPS, code_claim_key(code))
    assert world.store.get(OPS, SHOP) is None


def test_a_claim_that_was_handed_to_another_link_stays(world: World, repairer: Repairer) -> None:
    """A shop whose link is lost, and which gets another one at the same moment, keeps that one."""
    code = world.codes[0]
    world.drop_link_but_no_lead(code)
    world.drop_at(OPS, code_claim_key(code))
    other = link("aff-1", "DDDD0000", store_url="a.example")
    handed = Update(OPS, SHOP, set={"link_id": "DDDD0000"})
    found = repairer.found(OPS, lambda: world.store.transact(handed, Put(AFFILIATE_LINKS, other)))

    assert [] == found
    assert "DDDD0000" == (world.store.get(OPS, SHOP) or {})["link_id"]


def test_a_claim_whose_link_came_back_meanwhile_stays(world: World, repairer: Repairer) -> None:
    """An import may bring the link behind its claim; then the claim is as it should be."""
    item = world.row(AFFILIATE_LINKS, world.codes[0])
    world.drop_link_but_no_lead(world.codes[0])
    repairer.run(OPS, lambda: world.store.transact(Put(AFFILIATE_LINKS, item)))

    assert world.codes[0] == (world.store.get(OPS, code_claim_key(world.codes[0])) or {})["link_id"]


def test_a_link_that_changed_meanwhile_is_not_replaced_by_an_older_copy(world: World, repairer: Repairer) -> None:
    """A link gets a code of its own as a copy; what was erased from it at the same moment does not come back so."""
    code = world.codes[0]
    world.store.transact(Put(AFFILIATE_LINKS, link("aff-3", code)))
    key = {"affiliate_id": "aff-3", "link_id": code}
    erased = Update(AFFILIATE_LINKS, key, set={"affiliate_email": "erased@erased.invalid"})
    repairer.run(AFFILIATE_LINKS, lambda: world.store.transact(erased))
    addresses = [row["affiliate_email"] for row in rows(world.store, AFFILIATE_LINKS) if row["affiliate_id"] == "aff-3"]

    assert ["erased@erased.invalid"] == addresses


def recoded(world: World, clock: ManualClock, store: Store, *codes: str) -> list[str]:
    """Look at the links alone, handing out these codes; return what was wrong with which."""
    check = LinkCheck(Codes(*codes))
    for table in (OPS, AFFILIATE_LINKS):
        check.visit(table, rows(world.store, table))
    return [finding.id for finding in check.findings(Repairs(store, clock, new_id, "root", fix=True))]


def test_a_link_takes_its_shop_with_it_to_a_code_of_its_own(world: World, clock: ManualClock) -> None:
    """Whoever asks for the link of that shop gets the one that it became."""
    code, place = world.codes[0], primary_claim_key("aff-3", "c.example")
    mine = link("aff-3", code, store_url="c.example")
    world.store.transact(
        Put(AFFILIATE_LINKS, mine), Put(OPS, {**place, "affiliate_id": "aff-3", "link_id": code, "created_at": START})
    )

    assert [f"aff-3/{code}"] == recoded(world, clock, world.store, "DDDD0000")
    assert "DDDD0000" == (world.store.get(OPS, place) or {})["link_id"]
    assert [] == AuditService(world.store, clock).run("root").findings


def test_a_shop_that_got_a_link_meanwhile_keeps_it(world: World, clock: ManualClock, meddled: Intervening) -> None:
    """A link that gets a code of its own takes no shop away from another link of its affiliate."""
    code, place = world.codes[0], primary_claim_key("aff-3", "c.example")
    world.store.transact(Put(AFFILIATE_LINKS, link("aff-3", code, store_url="c.example")))
    meddled.before("transact", new_link(world, clock, "aff-3", "c.example", "EEEE0000"))

    assert [] == recoded(world, clock, meddled, "DDDD0000")
    assert "EEEE0000" == (world.store.get(OPS, place) or {})["link_id"]


@pytest.mark.parametrize("taken", ["claim", "link"])
def test_a_code_of_its_own_is_nobody_else_s(world: World, clock: ManualClock, taken: str) -> None:
    """Should chance hand out a code that is taken, nothing is replaced; the next audit draws another one."""
    code, other = world.codes[0], link("aff-3", "DDDD0000", created_at=START + 5_000)
    world.store.transact(Put(AFFILIATE_LINKS, link("aff-3", code, store_url="c.example")))
    if taken == "link":
        world.store.transact(Put(AFFILIATE_LINKS, other))
    drawn = "DDDD0000" if taken == "link" else world.codes[2]
    found = recoded(world, clock, world.store, drawn)

    assert f"aff-3/{code}" not in found
    assert "aff-2" == (world.store.get(OPS, code_claim_key(world.codes[2])) or {})["affiliate_id"]
    assert (taken == "link") == (other in rows(world.store, AFFILIATE_LINKS))
