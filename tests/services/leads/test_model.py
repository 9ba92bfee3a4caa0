"""Leads and stats against a model: any sequence of submissions and decisions, to the cent."""

import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from commercive_cli.domain.errors import Conflict
from commercive_cli.domain.models import AffiliateStats
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.leads.service import LeadService
from tests.e2e.embedded import make_file
from tests.services.fakes import Codes, ManualClock
from tests.services.raw_data import errors_in

AFFILIATES = ("aff-a", "aff-b")
CODES = ("AAAA0000", "BBBB0000")
AMOUNTS = st.sampled_from(["0", "0.01", "0.1", "0.2", "33.33", "999999.99", "1000000"])
FORM = {"name": "Jane", "email": "jane@example.com"}


@dataclass
class Expected:
    affiliate: str
    status: str = "pending"
    commission: Decimal | None = None
    changes: int = 0


class LeadsMachine(RuleBasedStateMachine):
    """Runs operations of admins and visitors in any order, and compares the results with a model."""

    leads_bundle: Bundle[str] = Bundle("leads_bundle")

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        make_file(path := Path(self.directory.name) / "store.db")
        self.store = SQLiteStore(path, clock=self.clock)
        self.service = LeadService(self.store, self.clock)
        self.affiliates = AffiliateService(self.store, self.clock, Codes(*CODES))
        for affiliate in AFFILIATES:
            self.affiliates.create_link(affiliate, "a@example.com")
        self.expected: dict[str, Expected] = {}

    def teardown(self) -> None:
        try:
            assert [] == errors_in(self.store)
            assert [] == RecomputeService(self.store, self.clock).all("root").changed
        finally:
            self.store.close()
            self.directory.cleanup()

    @rule(target=leads_bundle, number=st.integers(0, 1), key=st.none() | st.sampled_from(["k1", "k2"]))
    def submit(self, number: int, key: str | None) -> str:
        lead_id = self.service.submit(CODES[number], FORM, key=key).lead_id
        self.expected.setdefault(lead_id, Expected(AFFILIATES[number]))
        return lead_id

    @rule(step=st.integers(-3, 3))
    def time_goes_by(self, step: int) -> None:
        self.clock.advance(step)

    @rule(lead_id=leads_bundle, amount=AMOUNTS, amend=st.booleans())
    def approve(self, lead_id: str, amount: str, amend: bool) -> None:
        self._decide(lead_id, "approved", Decimal(amount), amend=amend)

    @rule(lead_id=leads_bundle, amend=st.booleans())
    def reject(self, lead_id: str, amend: bool) -> None:
        self._decide(lead_id, "rejected", None, amend=amend)

    @rule(lead_id=leads_bundle)
    def reset(self, lead_id: str) -> None:
        expected = self.expected[lead_id]
        changed = self.service.reset(lead_id, "admin").changed

        assert (expected.status != "pending") == changed
        self._becomes(expected, "pending", None)

    @invariant()
    def stats_are_exact(self) -> None:
        for affiliate in AFFILIATES:
            own = [lead for lead in self.expected.values() if lead.affiliate == affiliate]
            statuses = [lead.status for lead in own]
            stats: AffiliateStats = self.affiliates.stats(affiliate).stats

            assert (
                len(own),
                statuses.count("approved"),
                statuses.count("pending"),
                statuses.count("rejected"),
                sum((lead.commission or Decimal(0) for lead in own), Decimal(0)),
            ) == stats.counts()

    def _decide(self, lead_id: str, status: str, commission: Decimal | None, *, amend: bool) -> None:
        expected = self.expected[lead_id]
        same = (expected.status, expected.commission) == (status, commission)
        try:
            changed = self.service.decide(
                lead_id, "approved" if status == "approved" else "rejected", "admin", commission=commission, amend=amend
            ).changed
        except Conflict:
            assert expected.status != "pending"
            assert not same
            assert not amend
            return

        assert same or amend or expected.status == "pending"
        assert same != changed
        self._becomes(expected, status, commission)
        stored = self.service.lead(lead_id)
        assert (status, commission) == (stored.status, stored.commission_amount)

    def _becomes(self, expected: Expected, status: str, commission: Decimal | None) -> None:
        expected.changes += (expected.status, expected.commission) != (status, commission)
        expected.status, expected.commission = status, commission

    @rule(lead_id=leads_bundle)
    def history_tells_every_change(self, lead_id: str) -> None:
        history = self.service.history(lead_id).history

        assert self.expected[lead_id].changes == len(history)
        assert not history or history[-1].after["status"] == self.expected[lead_id].status


def test_leads_follow_the_model() -> None:
    """Whatever is submitted, approved, rejected, reset and amended: counts, sums and histories are exact."""
    run_state_machine_as_test(LeadsMachine, settings=settings(max_examples=25, stateful_step_count=30, deadline=None))
