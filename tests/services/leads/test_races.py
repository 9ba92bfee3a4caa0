"""Somebody else is faster by a moment, or another program wrote without telling: the money stays right."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.domain.errors import Conflict, NotTaken
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.records.link_claims import code_claim_key
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS, OPS
from commercive_cli.store.writes import Update
from tests.services.fakes import Intervening, ManualClock, a_week_passes
from tests.services.raw_data import errors_in, everything, rows

FORM = {"name": "Jane", "email": "jane@example.com"}


@pytest.fixture
def ours(meddled: Intervening, clock: ManualClock) -> LeadService:
    """What an admin does that others get in front of."""
    return LeadService(meddled, clock)


def written_elsewhere(store: Store, lead: Mapping[str, Any], stats: Mapping[str, Any]) -> None:
    """Change the one lead and the stats as another program may: at once, and without touching `updated_at`."""
    [item] = rows(store, LEADS)
    store.transact(
        Update(LEADS, LEADS.key_of(item), set=lead), Update(AFFILIATE_STATS, {"affiliate_id": "aff-1"}, add=stats)
    )


def test_a_status_that_another_program_changed_counts(
    ours: LeadService, code: str, meddled: Intervening, store: Store
) -> None:
    """A lead that was rejected elsewhere meanwhile is not approved over that; the counts stay what they are."""
    lead_id = ours.submit(code, FORM).lead_id
    counted = {"pending_leads": -1, "rejected_leads": 1}
    meddled.before("transact", lambda: written_elsewhere(store, {"status": "rejected"}, counted))

    with pytest.raises(Conflict, match="is rejected already"):
        ours.decide(lead_id, "approved", "admin-1", commission="5")
    assert (1, 0, 0, 1, Decimal("0.00")) == ours.show(lead_id).stats.counts()


def test_a_commission_that_another_program_changed_counts(
    ours: LeadService, code: str, meddled: Intervening, store: Store
) -> None:
    """The sum goes from what the lead is worth by now to what it shall be worth, to the cent."""
    lead_id = ours.submit(code, FORM).lead_id
    ours.decide(lead_id, "approved", "admin-1", commission="5")
    more, counted = {"commission_amount": Decimal("6.50")}, {"total_commission": Decimal("1.50")}
    meddled.before("transact", lambda: written_elsewhere(store, more, counted))
    ours.decide(lead_id, "approved", "admin-1", commission="7", amend=True)

    assert (1, 1, 0, 0, Decimal("7.00")) == ours.show(lead_id).stats.counts()
    assert Decimal("6.50") == ours.history(lead_id).history[-1].before["commission_amount"]


def test_a_commission_that_another_program_added_counts(
    ours: LeadService, code: str, meddled: Intervening, store: Store
) -> None:
    """Likewise where the lead had no commission when it was read: what came meanwhile goes, and never counted."""
    lead_id = ours.submit(code, FORM).lead_id
    ours.decide(lead_id, "rejected", "admin-1")
    more = {"commission_amount": Decimal("6.50")}
    meddled.before("transact", lambda: written_elsewhere(store, more, {"total_commission": Decimal("0.00")}))
    ours.reset(lead_id, "admin-1")

    assert (1, 0, 1, 0, Decimal("0.00")) == ours.show(lead_id).stats.counts()
    assert Decimal("6.50") == ours.history(lead_id).history[-1].before["commission_amount"]


def test_a_commission_that_is_stored_as_nothing_is_none(ours: LeadService, code: str, store: Store) -> None:
    """As another program may write it; the lead is decided as one that has none."""
    lead_id = ours.submit(code, FORM).lead_id
    written_elsewhere(store, {"commission_amount": None}, {"total_leads": 0})
    ours.decide(lead_id, "approved", "admin-1", commission="5")

    assert (1, 1, 0, 0, Decimal("5.00")) == ours.show(lead_id).stats.counts()


@pytest.mark.parametrize("changed", [{"affiliate_id": "aff-9"}, {"link_id": "OTHER"}])
def test_a_lead_credits_whom_its_code_names_when_it_is_stored(
    ours: LeadService, code: str, meddled: Intervening, store: Store, changed: dict[str, str]
) -> None:
    """A code that is handed on in the very moment counts for whoever has it then."""
    handed = Update(OPS, code_claim_key(code), set=changed)
    meddled.before("transact", lambda: store.transact(handed), LEADS)
    ours.submit(code, FORM)
    [lead] = rows(store, LEADS)

    assert changed.items() <= lead.items()


def test_a_decision_that_was_taken_back_meanwhile_stays_in_order(
    leads: LeadService, ours: LeadService, code: str, meddled: Intervening, store: Store
) -> None:
    """The lead is again as it was read, but for its time; the next decision comes behind those two in its history."""

    def approve_and_reset() -> None:
        leads.decide(lead_id, "approved", "admin-1", commission="5")
        leads.reset(lead_id, "admin-1")

    lead_id = ours.submit(code, FORM).lead_id
    meddled.before("transact", approve_and_reset)
    ours.decide(lead_id, "rejected", "admin-2")

    assert ["approve", "reset", "reject"] == [row.event for row in ours.history(lead_id).history]
    assert [] == errors_in(store)


def test_an_expired_key_answers_for_no_lead_whose_id_repeats(code: str, store: Store, clock: ManualClock) -> None:
    """Should chance hand out an id twice, a key that was used a week ago does not pass that for the first answer."""
    LeadService(store, clock).submit(code, FORM, key="k")
    a_week_passes(store, clock)
    clock.step = 0
    leads = LeadService(store, clock, lambda _at: "the-same")
    leads.submit(code, FORM)
    before = {name: found for name, found in everything(store).items() if name != OPS.name}

    with pytest.raises(NotTaken, match="not stored"):
        leads.submit(code, FORM, key="k")
    assert before == {name: found for name, found in everything(store).items() if name != OPS.name}
    assert not any(row["pk"].startswith("request#") for row in rows(store, OPS))
