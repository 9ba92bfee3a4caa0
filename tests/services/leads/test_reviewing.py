"""What a review of leads stands on: the oldest first, a note, and a way back to what was decided; on both engines."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.domain.errors import Conflict, Invalid, NotFound
from commercive_cli.domain.revisions import revision_of
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS
from commercive_cli.store.writes import Update
from tests.e2e.stores import ENGINES, engine_store
from tests.services.fakes import Codes, Intervening, ManualClock
from tests.services.raw_data import errors_in, everything, rows

FORM = {"name": "Jane", "email": "jane@example.com"}
Act = Callable[[LeadService, str], object]


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with engine_store(request.param, request, tmp_path) as store:
        yield store


@pytest.fixture
def code(store: Store, clock: ManualClock) -> str:
    return AffiliateService(store, clock, Codes("ABC10XYZ")).create_link("aff-1", "aff@example.com").link_id


@pytest.fixture
def leads(store: Store, clock: ManualClock) -> LeadService:
    return LeadService(store, clock)


@pytest.fixture
def lead_id(leads: LeadService, code: str) -> str:
    return leads.submit(code, FORM).lead_id


def test_pending_leads_come_oldest_first(leads: LeadService, code: str) -> None:
    """Whatever filter is given, and without those that are decided."""
    ids = [leads.submit(code, FORM).lead_id for _ in range(4)]
    leads.decide(ids[1], "rejected", "boss")
    since = leads.lead(ids[2]).created_at
    filters = (LeadFilter(), LeadFilter(affiliate_id="aff-1"), LeadFilter(link_id=code), LeadFilter(since=since))
    found = [[each.lead_id for each in leads.oldest_pending(each)] for each in filters]

    assert [[ids[0], *ids[2:]]] * 3 + [ids[2:]] == found
    assert [] == list(leads.oldest_pending(LeadFilter(affiliate_id="aff-2")))


def test_pending_leads_are_read_as_they_are_needed(store: Store, clock: ManualClock, code: str) -> None:
    """The first of many costs one page; the second page is read when somebody comes there."""
    meddled = Intervening(store)
    leads, read = LeadService(meddled, clock), list[str]()
    ids = [leads.submit(code, FORM).lead_id for _ in range(501)]
    meddled.before("query", lambda: read.append("first"))
    found = leads.oldest_pending(LeadFilter())
    first = [each.lead_id for each in islice(found, 500)]
    meddled.before("query", lambda: read.append("second"))

    assert ["first"] == read
    assert (ids[:500], [ids[500]], ["first", "second"]) == (first, [each.lead_id for each in found], read)


def test_a_note_leaves_a_lead_pending(leads: LeadService, store: Store, lead_id: str) -> None:
    """It stands in place of an earlier one; the history tells of it, no count changes, and again changes nothing."""
    before = leads.show(lead_id).stats
    noted = [leads.note(lead_id, words, "boss").changed for words in ("asked", "asked", "answered")]
    lead = leads.lead(lead_id)

    assert ([True, False, True], "pending", "answered", None) == (
        noted,
        lead.status,
        lead.admin_notes,
        lead.reviewed_by,
    )
    assert before == leads.show(lead_id).stats
    assert [("note", "boss")] * 2 == [(row.event, row.actor) for row in leads.history(lead_id).history]
    assert [] == errors_in(store)


def test_a_repeated_note_is_stored_once(store: Store, lead_id: str) -> None:
    """With its key it gets the first answer, whatever was noted since."""
    leads = LeadService(store)
    first = leads.note(lead_id, "asked", "boss", key="k")
    leads.note(lead_id, "answered", "boss")

    assert first == leads.note(lead_id, "asked", "boss", key="k")
    assert "answered" == leads.lead(lead_id).admin_notes


@pytest.mark.parametrize("decided", [True, False])
def test_a_note_is_for_the_pending_lead_that_was_seen(
    leads: LeadService, store: Store, lead_id: str, decided: bool
) -> None:
    """One that was decided or changed since is left as it is, and a decided one also without a revision."""
    revision = revision_of(leads.lead(lead_id))
    if decided:
        leads.decide(lead_id, "approved", "jonas", commission="5")
    else:
        leads.note(lead_id, "of jonas", "jonas")
    before = everything(store)
    with pytest.raises(Conflict, match="changed since you looked"):
        leads.note(lead_id, "mine", "mira", revision=revision)
    if decided:
        with pytest.raises(Conflict, match="is approved"):
            leads.note(lead_id, "mine", "mira")

    assert before == everything(store)


def test_a_note_has_limits(leads: LeadService, store: Store, lead_id: str) -> None:
    """At most 2,000 characters, about a lead that there is."""
    before = everything(store)
    with pytest.raises(Invalid, match="admin_notes"):
        leads.note(lead_id, "x" * 2_001, "boss")
    with pytest.raises(NotFound):
        leads.note("nobody", "x", "boss")

    assert before == everything(store)


@pytest.mark.parametrize("status", ["approved", "rejected"])
def test_a_decision_is_taken_back_as_it_stands(leads: LeadService, store: Store, lead_id: str, status: Any) -> None:
    """The answer of a decision has the revision that is stored; the books are as before it."""
    commission = "25.50" if status == "approved" else None
    decided = leads.decide(lead_id, status, "mira", commission=commission).lead
    assert leads.reset(lead_id, "mira", revision=revision_of(decided)).changed

    assert (1, 0, 1, 0, Decimal("0.00")) == leads.show(lead_id).stats.counts()
    assert ("pending", None) == (leads.lead(lead_id).status, leads.lead(lead_id).commission_amount)
    assert [] == errors_in(store)


LATER: dict[str, Act] = {
    "amended": lambda leads, one: leads.decide(one, "approved", "jonas", commission="30", amend=True),
    "rejected": lambda leads, one: leads.decide(one, "rejected", "jonas", amend=True),
    "noted": lambda leads, one: leads.decide(one, "approved", "jonas", commission="25.50", notes="fine"),
    "again": lambda leads, one: (leads.reset(one, "jonas"), leads.decide(one, "approved", "jonas", commission="25.50")),
}


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("in_flight", [False, True])
def test_what_came_after_a_decision_is_not_taken_back(
    store: Store, clock: ManualClock, lead_id: str, later: str, in_flight: bool
) -> None:
    """Another decision, the same one anew, and words for it, also between the look and the write."""
    leads, meddled = LeadService(store, clock), Intervening(store)
    revision = revision_of(leads.decide(lead_id, "approved", "mira", commission="25.50").lead)
    if in_flight:
        meddled.before("transact", lambda: LATER[later](leads, lead_id))
    else:
        LATER[later](leads, lead_id)
    with pytest.raises(Conflict, match="changed since you looked at it"):
        LeadService(meddled, clock).reset(lead_id, "mira", revision=revision)

    assert ("rejected" if later == "rejected" else "approved") == leads.lead(lead_id).status
    assert [] == errors_in(store)


def test_words_of_another_program_in_flight_count_too(store: Store, clock: ManualClock, lead_id: str) -> None:
    """It changes notes without touching `updated_at`: only the revision holds against that."""
    leads, meddled = LeadService(store, clock), Intervening(store)
    revision = revision_of(leads.decide(lead_id, "approved", "mira", commission="25.50").lead)
    key = LEADS.key_of(rows(store, LEADS)[0])
    meddled.before("transact", lambda: store.transact(Update(LEADS, key, set={"admin_notes": "odd"})))
    with pytest.raises(Conflict, match="changed since you looked at it"):
        LeadService(meddled, clock).reset(lead_id, "mira", revision=revision)

    assert "approved" == leads.lead(lead_id).status


def test_what_is_pending_already_needs_no_way_back(leads: LeadService, store: Store, lead_id: str) -> None:
    """Somebody else took the decision back: that is no conflict, and nothing is written."""
    revision = revision_of(leads.decide(lead_id, "rejected", "mira").lead)
    leads.reset(lead_id, "jonas")
    before = everything(store)

    assert not leads.reset(lead_id, "mira", revision=revision).changed
    assert before == everything(store)
