"""Nobody approves a lead of their own or above the ceiling, whatever happens at the same moment; on both engines."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.domain.commissions import Least, Most
from commercive_cli.domain.errors import Damaged, Forbidden, Invalid
from commercive_cli.domain.money import Ceiling
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.audit.mend import Changes, MendService
from commercive_cli.services.leads.approval import Approver
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.dry_run import DryRun
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, LEADS, Table
from commercive_cli.store.writes import Delete, Put, Update
from tests.e2e.stores import ENGINES, engine_store
from tests.services.fakes import Codes, Intervening, ManualClock
from tests.services.raw_data import errors_in, everything, rows

FORM = {"name": "Jane", "email": "Jane@Example.com"}
UUID = "0b7d6f0e-5c3a-4a55-9a0b-7f1d2c3e4f5a"
BOSS = Approver("boss", "boss@example.com")


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with engine_store(request.param, request, tmp_path) as store:
        yield store


@pytest.fixture
def lead_id(store: Store, clock: ManualClock) -> str:
    """Return a lead of jane@example.com through the link of aff-1, whose address is aff@example.com."""
    code = AffiliateService(store, clock, Codes("ABC10XYZ")).create_link("aff-1", "aff@example.com").link_id
    return LeadService(store, clock).submit(code, FORM).lead_id


def approve(leads: LeadService, lead_id: str, approver: Approver, amount: str = "5", **more: Any) -> bool:
    return leads.decide(lead_id, "approved", approver.id, commission=amount, approver=approver, **more).changed


def change(store: Store, table: Table, *remove: str, **values: Any) -> None:
    """Change the one item of a table as another program may: without touching its times."""
    [item] = rows(store, table)
    store.transact(Update(table, table.key_of(item), set=values, remove=remove))


OWN: Mapping[str, tuple[Approver, str]] = {
    "by sub": (Approver("aff-1"), "credits you"),
    "by affiliate id": (Approver("u-1", None, lambda: {"aff-0", "aff-1"}), "credits you as an affiliate"),
    "by the lead's e-mail": (Approver("u-1", "jANE@example.COM"), "its e-mail address is yours"),
    "by the link's e-mail": (Approver("u-1", " AFF@example.com"), "of its affiliate is yours"),
    "by an id that is an e-mail": (Approver("aff@Example.com"), "of its affiliate is yours"),
}


@pytest.mark.parametrize("rehearsed", [False, True], ids=["written", "rehearsed"])
@pytest.mark.parametrize("how", OWN)
def test_nobody_approves_a_lead_of_their_own(
    store: Store, clock: ManualClock, lead_id: str, how: str, rehearsed: bool
) -> None:
    """It is refused with the way out, in a dry run as well, and nothing is written."""
    approver, why = OWN[how]
    leads = LeadService(DryRun(store) if rehearsed else store, clock)
    before = everything(store)

    with pytest.raises(Forbidden, match=f"{why}.*let another admin decide"):
        approve(leads, lead_id, approver)
    assert before == everything(store)


@pytest.mark.parametrize("approver", [Approver(UUID), Approver("u-1", None, lambda: {UUID})], ids=["sub", "affiliate"])
def test_a_lead_is_ones_own_in_every_spelling_of_a_uuid(store: Store, clock: ManualClock, approver: Approver) -> None:
    """A link that another program stored under capitals is that of the same affiliate."""
    affiliates = AffiliateService(store, clock, Codes("ABC10XYZ"))
    code = affiliates.create_link(UUID, "aff@example.com").link_id
    lead_id = LeadService(store, clock).submit(code, FORM).lead_id
    change(store, LEADS, affiliate_id=UUID.upper())

    with pytest.raises(Forbidden, match="credits you"):
        approve(LeadService(store, clock), lead_id, approver)


def test_who_has_nothing_to_do_with_a_lead_approves_it(store: Store, clock: ManualClock, lead_id: str) -> None:
    """Other ids and addresses stand in nobody's way, and the books are right."""
    boss = Approver("boss", "boss@example.com", lambda: {"aff-2"})

    assert approve(LeadService(store, clock), lead_id, boss)
    assert [] == errors_in(store)


@pytest.mark.parametrize("how", OWN)
def test_nobody_raises_what_they_are_given(store: Store, clock: ManualClock, lead_id: str, how: str) -> None:
    """Another amount for one's own lead is refused; rejecting it, taking back and noting give no money, and are not."""
    leads, (own, _) = LeadService(store, clock), OWN[how]
    approve(leads, lead_id, BOSS)

    with pytest.raises(Forbidden):
        approve(leads, lead_id, own, "6", amend=True)
    assert Decimal(5) == leads.lead(lead_id).commission_amount
    assert not approve(leads, lead_id, own)
    assert approve(leads, lead_id, own, notes="mine")
    assert ("boss", "mine") == (leads.lead(lead_id).reviewed_by, leads.lead(lead_id).admin_notes)
    assert leads.reset(lead_id, own.id).changed
    assert leads.decide(lead_id, "rejected", own.id, approver=own).changed


def moved(store: Store, link: Item) -> None:
    store.transact(Put(AFFILIATE_LINKS, link))


MEANWHILE: Mapping[str, Callable[[Store], None]] = {
    "the lead credits another": lambda store: change(store, LEADS, affiliate_id="u-1"),
    "the lead has another address": lambda store: change(store, LEADS, lead_email="me@example.com"),
    "the lead came through another link": lambda store: change(store, LEADS, link_id="MINE0000"),
    "the link has another address": lambda store: change(store, AFFILIATE_LINKS, affiliate_email="me@example.com"),
}


def meddling(store: Store, what: str) -> Intervening:
    """Return the store, with that done right before the next transaction."""
    meddled, [link] = Intervening(store), rows(store, AFFILIATE_LINKS)
    if what == "the lead came through another link":
        moved(store, {**link, "link_id": "MINE0000", "affiliate_email": "me@example.com"})
    meddled.before("transact", lambda: MEANWHILE[what](store))
    return meddled


@pytest.mark.parametrize("what", MEANWHILE)
def test_what_becomes_ones_own_meanwhile_is_not_approved(
    store: Store, clock: ManualClock, lead_id: str, what: str
) -> None:
    """All that the permission depends on is still so when the approval is written; each of these alone counts."""
    meddled = meddling(store, what)

    with pytest.raises(Forbidden):
        approve(LeadService(meddled, clock), lead_id, Approver("u-1", "me@example.com"))
    assert ["pending"] == [lead["status"] for lead in rows(store, LEADS)]


def test_a_lead_that_is_credited_to_oneself_meanwhile_is_not_approved(
    store: Store, clock: ManualClock, lead_id: str
) -> None:
    """Also by somebody whose address nobody knows, so that neither link nor address is looked at."""
    with pytest.raises(Forbidden, match="credits you"):
        approve(LeadService(meddling(store, "the lead credits another"), clock), lead_id, Approver("u-1"))
    assert ["pending"] == [lead["status"] for lead in rows(store, LEADS)]


def test_a_link_that_comes_or_goes_meanwhile_is_looked_at(store: Store, clock: ManualClock, lead_id: str) -> None:
    """A lead without its link is approved while it has none; when its link comes back, that counts."""
    meddled, [link] = Intervening(store), rows(store, AFFILIATE_LINKS)
    me, gone = Approver("u-1", "aff@example.com"), Delete(AFFILIATE_LINKS, AFFILIATE_LINKS.key_of(link))
    store.transact(gone)
    meddled.before("transact", lambda: moved(store, link))
    with pytest.raises(Forbidden):
        approve(LeadService(meddled, clock), lead_id, me)

    meddled.before("transact", lambda: store.transact(gone))
    assert approve(LeadService(meddled, clock), lead_id, BOSS)
    assert approve(LeadService(store, clock), lead_id, me, "6", amend=True)


def test_what_cannot_be_compared_is_not_approved(store: Store, clock: ManualClock, lead_id: str) -> None:
    """A damaged address is named; one that is missing is nobody's."""
    leads = LeadService(store, clock)
    change(store, LEADS, lead_email=7)
    with pytest.raises(Damaged, match="lead_email"):
        approve(leads, lead_id, BOSS)
    change(store, LEADS, "lead_email")
    change(store, AFFILIATE_LINKS, affiliate_email=[])
    with pytest.raises(Damaged, match="affiliate_email"):
        approve(leads, lead_id, BOSS)
    change(store, AFFILIATE_LINKS, "affiliate_email")

    assert approve(leads, lead_id, BOSS)


@pytest.mark.parametrize("stored", [{}, {"lead_email": None}, {"lead_email": ""}], ids=["missing", "none", "empty"])
def test_an_address_that_a_lead_gets_meanwhile_is_looked_at(
    store: Store, clock: ManualClock, lead_id: str, stored: dict[str, Any]
) -> None:
    """A lead without an address is nobody's, however that is stored; one that comes in the very moment counts."""
    change(store, LEADS, *(() if stored else ("lead_email",)), **stored, odd="x")
    meddled, me = Intervening(store), Approver("u-1", "me@example.com")
    meddled.before("transact", lambda: change(store, LEADS, lead_email="me@example.com"))
    with pytest.raises(Forbidden):
        approve(LeadService(meddled, clock), lead_id, me)
    change(store, LEADS, *(() if stored else ("lead_email",)), **stored, odd="y")

    assert approve(LeadService(store, clock), lead_id, me)


def test_the_ceiling_is_the_most_that_is_given(store: Store, clock: ManualClock, lead_id: str) -> None:
    """A cent above it is refused with the way out, as an approval, an amendment and in a dry run; no other limit is."""
    ceiling = Ceiling(Decimal("500.00"), "ceiling of profile prod")
    leads = LeadService(store, clock, bounds=[ceiling])
    says = r"500\.01 USD is above .* 500\.00 USD for one lead.*approve 500\.00 USD or less.*\(ceiling of profile prod\)"
    before = everything(store)
    for each in (leads, LeadService(DryRun(store), clock, bounds=[ceiling])):
        with pytest.raises(Forbidden, match=says):
            approve(each, lead_id, BOSS, "500.01")
    assert before == everything(store)
    assert approve(leads, lead_id, BOSS, "500")
    with pytest.raises(Forbidden, match=says):
        approve(leads, lead_id, BOSS, "500.01", amend=True)

    assert approve(LeadService(store, clock), lead_id, BOSS, "900", amend=True)
    assert not approve(leads, lead_id, BOSS, "900")
    assert approve(leads, lead_id, BOSS, "900", notes="agreed with the board")
    assert [] == errors_in(store)


@pytest.mark.parametrize(
    ("bound", "slip"), [(Least(Decimal("5.00"), "file:2"), "4.99"), (Most(Decimal("50.00"), "file:3"), "50.01")]
)
def test_a_slip_is_caught_at_every_door(
    store: Store, clock: ManualClock, lead_id: str, bound: Least | Most, slip: str
) -> None:
    """A cent beyond a limit is refused as an approval, an amendment, in a dry run and by mending; the limit is given.

    What was approved before there was a limit stands, and may be noted upon.
    """
    leads, before = LeadService(store, clock, bounds=[bound]), everything(store)
    rehearsed = LeadService(DryRun(store), clock, bounds=[bound])
    mended = Changes({"status": "approved", "commission_amount": Decimal(slip)})
    for refused in (
        lambda: approve(leads, lead_id, BOSS, slip),
        lambda: approve(rehearsed, lead_id, BOSS, slip),
        lambda: MendService(store, clock, bounds=[bound]).mend("leads", lead_id, "boss", mended),
    ):
        with pytest.raises(Invalid, match=r"commission\.m.*USD \(file:.\); nothing was written"):
            refused()
    assert before == everything(store)
    assert approve(leads, lead_id, BOSS, str(bound.amount))
    with pytest.raises(Invalid, match=r"commission\.m"):
        approve(leads, lead_id, BOSS, slip, amend=True)

    assert approve(LeadService(store, clock), lead_id, BOSS, slip, amend=True)
    assert not approve(leads, lead_id, BOSS, slip)
    assert approve(leads, lead_id, BOSS, slip, notes="agreed")
    assert [] == errors_in(store)


def test_mending_is_no_way_around(store: Store, clock: ManualClock, lead_id: str) -> None:
    """What sets money by hand keeps to the same rules; other attributes of a lead are free."""
    mending = MendService(store, clock, bounds=[Ceiling(Decimal(5), "here")])

    def mend(actor: str, **values: Any) -> bool:
        return mending.mend("leads", lead_id, actor, Changes(values)).changed

    for actor, amount in (("boss", 6), ("aff-1", 5), ("aff@example.com", 5)):
        with pytest.raises(Forbidden):
            mend(actor, status="approved", commission_amount=amount)
    assert mend("aff-1", lead_name="Janet")
    assert mend("boss", status="approved", commission_amount=5)
    assert mend("aff-1", lead_name="Jane")


@pytest.mark.parametrize("what", [what for what in MEANWHILE if what != "the lead credits another"])
def test_mending_looks_again_too(store: Store, clock: ManualClock, lead_id: str, what: str) -> None:
    """What changed while somebody mends counts for whose the lead is."""
    with pytest.raises(Forbidden):
        MendService(meddling(store, what), clock).mend(
            "leads", lead_id, "me@example.com", Changes({"status": "approved", "commission_amount": 5})
        )
    assert ["pending"] == [lead["status"] for lead in rows(store, LEADS)]
