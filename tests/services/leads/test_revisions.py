"""A revision is one state of a lead: who decides by it decides about what was seen, or not at all; on both engines."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.domain.errors import Conflict
from commercive_cli.domain.models import Lead
from commercive_cli.domain.revisions import REVISION, revision_of
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS
from commercive_cli.store.writes import Update
from tests.e2e.stores import ENGINES, engine_store
from tests.services.fakes import Codes, Intervening, ManualClock
from tests.services.raw_data import errors_in, everything, rows

FORM = {"name": "Jane", "email": "jane@example.com", "phone": "+44 20 7946 0000"}
OTHER: dict[str, Any] = {
    "affiliate_id": "aff-2",
    "link_id": "OTHER000",
    "lead_name": "Janet",
    "lead_email": "other@example.com",
    "lead_phone": "007",
    "product_link": "x.example",
    "order_volume": "1-5",
    "pending_orders": "9",
    "admin_notes": "odd",
    "rejection_reason": "odd",
    "reviewed_by": "somebody",
    "reviewed_at": 5,
}
"""Another value for everything that other programs, or `tables mend`, change without touching `updated_at`."""


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with engine_store(request.param, request, tmp_path) as store:
        yield store


@pytest.fixture
def lead_id(store: Store, clock: ManualClock) -> str:
    code = AffiliateService(store, clock, Codes("ABC10XYZ")).create_link("aff-1", "aff@example.com").link_id
    return LeadService(store, clock).submit(code, FORM).lead_id


def change(store: Store, **values: Any) -> None:
    [item] = rows(store, LEADS)
    store.transact(Update(LEADS, LEADS.key_of(item), set=values))


def test_a_revision_is_a_word_that_no_spreadsheet_rewrites(store: Store, clock: ManualClock, lead_id: str) -> None:
    """It is letters alone, the same in lists and for the lead, and another one after every change."""
    leads = LeadService(store, clock)
    seen = {revision_of(leads.lead(lead_id))}
    assert seen == {revision_of(lead) for lead in leads.list_leads(LeadFilter()).leads}
    for name, value in OTHER.items():
        change(store, **{name: value})
        seen.add(revision_of(leads.lead(lead_id)))
    leads.decide(lead_id, "approved", "boss", commission="25.50")
    seen |= {revision_of(lead) for lead in leads.list_leads(LeadFilter("approved")).leads}

    assert len(OTHER) + 2 == len(seen)
    assert seen == {each for each in seen if REVISION.fullmatch(each) and re.fullmatch("r[b-z]{15}", each)}


def test_equal_leads_have_equal_revisions() -> None:
    """However an engine writes an amount, and whether what is empty is stored or not."""
    item = {"lead_id": "l", "affiliate_id": "a", "link_id": "x", "status": "approved", "created_at": 1, "updated_at": 1}
    revisions = {
        revision_of(Lead.of(item | {"commission_amount": amount, **more}))
        for amount in (25, Decimal("25"), Decimal("25.00"))
        for more in ({}, {"admin_notes": None}, {"lead_name": ""})
    }

    assert 1 == len(revisions)


def test_what_changed_since_is_not_decided(store: Store, clock: ManualClock, lead_id: str) -> None:
    """Nothing is written for a lead that is not as it was seen; as it was seen, it is decided."""
    leads = LeadService(store, clock)
    revision = revision_of(leads.lead(lead_id))
    change(store, lead_email="other@example.com")
    before = everything(store)
    with pytest.raises(Conflict, match="changed since you looked at it: it is pending"):
        leads.decide(lead_id, "approved", "boss", commission="5", revision=revision)
    assert before == everything(store)
    now = revision_of(leads.lead(lead_id))

    assert leads.decide(lead_id, "approved", "boss", commission="5", revision=now).changed
    assert [] == errors_in(store)


def test_the_decision_that_it_has_is_no_conflict(store: Store, clock: ManualClock, lead_id: str) -> None:
    """The same file again changes nothing; other words for a lead that changed since are refused."""
    leads = LeadService(store, clock)
    seen: dict[str, Any] = {"commission": "5", "revision": revision_of(leads.lead(lead_id))}
    assert leads.decide(lead_id, "approved", "boss", notes="fine", **seen).changed
    before = everything(store)

    assert not leads.decide(lead_id, "approved", "boss", notes="fine", **seen).changed
    assert not leads.decide(lead_id, "approved", "boss", **seen).changed
    with pytest.raises(Conflict, match="changed since"):
        leads.decide(lead_id, "approved", "boss", notes="other", **seen)
    assert before == everything(store)


@pytest.mark.parametrize("name", [*OTHER, "updated_at"])
def test_a_revision_holds_against_a_change_in_flight(store: Store, clock: ManualClock, lead_id: str, name: str) -> None:
    """What changes between the look and the write counts, each attribute alone."""
    revision, meddled = revision_of(LeadService(store, clock).lead(lead_id)), Intervening(store)
    meddled.before("transact", lambda: change(store, **{name: OTHER.get(name, 5)}))

    with pytest.raises(Conflict, match="changed since"):
        LeadService(meddled, clock).decide(lead_id, "approved", "boss", commission="5", revision=revision)
    assert ["pending"] == [lead["status"] for lead in rows(store, LEADS)]


@pytest.mark.parametrize("given", [True, False], ids=["set", "emptied"])
def test_it_does_for_what_is_there(store: Store, clock: ManualClock, lead_id: str, given: bool) -> None:
    """Words that are replaced or emptied in flight count, too."""
    change(store, admin_notes="as seen")
    revision, meddled = revision_of(LeadService(store, clock).lead(lead_id)), Intervening(store)
    meddled.before("transact", lambda: change(store, admin_notes="other" if given else ""))

    with pytest.raises(Conflict, match="changed since"):
        LeadService(meddled, clock).decide(lead_id, "rejected", "boss", revision=revision)


def test_a_damaged_lead_is_decided_by_what_can_be_read(store: Store, clock: ManualClock, lead_id: str) -> None:
    """Damage that the decision does not depend on stands in nobody's way."""
    change(store, lead_phone=7, lead_name=None)
    leads = LeadService(store, clock)

    assert leads.decide(lead_id, "rejected", "boss", revision=revision_of(leads.lead(lead_id))).changed


def test_an_objection_stops_what_would_change(store: Store, clock: ManualClock, lead_id: str) -> None:
    """It is the message, and nothing is written; the decision that the lead has needs no leave."""
    leads, before = LeadService(store, clock), everything(store)
    with pytest.raises(Conflict, match="flagged: same phone"):
        leads.decide(lead_id, "approved", "boss", commission="5", objection="flagged: same phone")
    assert before == everything(store)
    assert leads.decide(lead_id, "approved", "boss", commission="5").changed

    assert not leads.decide(lead_id, "approved", "boss", commission="5", objection="flagged: same phone").changed


def test_a_key_is_for_one_revision(store: Store, lead_id: str) -> None:
    """A repeated request gets its first answer; one about another state of the lead is another request."""
    leads = LeadService(store)
    seen = revision_of(leads.lead(lead_id))
    first = leads.decide(lead_id, "approved", "boss", commission="5", revision=seen, key="k")
    leads.reset(lead_id, "boss")

    assert first == leads.decide(lead_id, "approved", "boss", commission="5", revision=seen, key="k")
    with pytest.raises(Conflict, match="another request"):
        leads.decide(lead_id, "approved", "boss", commission="5", revision=revision_of(leads.lead(lead_id)), key="k")


@pytest.mark.parametrize("stored", ["two\r\nlines", "\r\ncall back\n", "  spaced "])
def test_words_that_came_back_as_they_were_are_not_written(
    store: Store, clock: ManualClock, lead_id: str, stored: str
) -> None:
    """Line ends and space around them, which a file does not keep, make a note of another program no new one."""
    leads = LeadService(store, clock)
    change(store, admin_notes=stored)
    decide: Any = {"commission": "5", "notes": stored.replace("\r\n", "\n").strip()}
    first = leads.decide(lead_id, "approved", "mira", **decide, revision=revision_of(leads.lead(lead_id)))
    again = leads.decide(lead_id, "approved", "mira", **decide)

    assert (True, False) == (first.changed, again.changed)
    assert stored == leads.lead(lead_id).admin_notes == first.lead.admin_notes
    assert [] == errors_in(store)
