"""The report on leads: its figures equal those that were computed by hand, over both engines."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from commercive_cli.domain.answers.lead_report import Funnel, LeadReport
from commercive_cli.domain.errors import Invalid, NotFound
from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.leads.report import LeadReportService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS
from tests.services.fakes import DAY, START, Intervening, ManualClock
from tests.services.leads import november
from tests.services.leads.november import BERLIN, NOW, SINCE, UNTIL, H

FORM = {"name": "Jane", "email": "jane@example.com"}
W46: dict[str, Any] = {"week": "2026-W46", "monday": "2026-11-09"}
W47: dict[str, Any] = {"week": "2026-W47", "monday": "2026-11-16"}


def service(store: Store) -> LeadReportService:
    return LeadReportService(store, lambda: NOW, BERLIN)


def funnel(
    counts: tuple[int, int, int],
    rates: tuple[str | None, str | None],
    money: tuple[str, str | None],
    took: tuple[Any, Any],
    undated: int = 0,
    **of: Any,
) -> Funnel:
    pending, approved, rejected = counts
    figures = (None if text is None else Decimal(text) for text in (*rates, *money))
    decided_percent, approved_percent, commission, average = figures
    return Funnel(
        submitted=sum(counts),
        pending=pending,
        approved=approved,
        rejected=rejected,
        decided_percent=decided_percent,
        approved_percent=approved_percent,
        commission=commission or Decimal(0),
        average_commission=average,
        undated=undated,
        decision_p50_ms=took[0],
        decision_p90_ms=took[1],
        **of,
    )


NORD = funnel((1, 3, 1), ("80.0", "75.0"), ("36.00", "12.00"), (4 * H, 30 * H), affiliate_id="nord")
TINTA = funnel((0, 1, 3), ("100.0", "25.0"), ("5.00", "5.00"), (0, 8 * H), 2, affiliate_id="tinta")
NORD_WEEKS = (
    funnel((0, 2, 1), ("100.0", "66.7"), ("35.00", "17.50"), (4 * H, 30 * H), affiliate_id="nord", **W46),
    funnel((1, 1, 0), ("50.0", "100.0"), ("1.00", "1.00"), (6 * H, 6 * H), affiliate_id="nord", **W47),
)
TINTA_WEEKS = (
    funnel((0, 1, 2), ("100.0", "33.3"), ("5.00", "5.00"), (0, 0), 2, affiliate_id="tinta", **W46),
    funnel((0, 0, 1), ("100.0", "0.0"), ("0.00", None), (8 * H, 8 * H), affiliate_id="tinta", **W47),
)


@pytest.fixture
def report(either: Store) -> LeadReport:
    november.fill(either)
    return service(either).report(SINCE, UNTIL)


def test_the_figures_are_those_computed_by_hand(report: LeadReport) -> None:
    """Counts, rates, money to the cent and times to the decision, of all together."""
    assert funnel((1, 4, 4), ("88.9", "50.0"), ("41.00", "10.25"), (4 * H, 30 * H), 2) == report.total
    assert (2, None, "Europe/Berlin") == (report.damaged, report.affiliate_id, report.zone)


def test_weeks_are_those_of_the_zone(report: LeadReport) -> None:
    """A lead of Sunday 23:59 is in the week before that of Monday 00:00, on the clocks of the zone."""
    assert [
        funnel((0, 3, 3), ("100.0", "50.0"), ("40.00", "13.33"), (2 * H, 30 * H), 2, **W46),
        funnel((1, 1, 1), ("66.7", "50.0"), ("1.00", "1.00"), (6 * H, 8 * H), **W47),
    ] == report.weeks


@pytest.mark.parametrize(
    ("since", "until", "cut"),
    [
        (0, 0, []),
        (1, 0, ["2026-W46"]),
        (0, -1, ["2026-W47"]),
        (2 * H, -30 * H, ["2026-W46", "2026-W47"]),
        (-1, 1, ["2026-W45", "2026-W48"]),
    ],
)
def test_weeks_that_are_not_whole_are_named(either: Store, since: int, until: int, cut: list[str]) -> None:
    """Also where a moment is missing: a report made on Monday evening, or for the last 7 days, has parts of weeks."""
    assert cut == service(either).report(SINCE + since, UNTIL + until).cut_weeks


def test_affiliates_come_with_most_leads_first(report: LeadReport) -> None:
    """Each with all leads of that time, and week by week."""
    assert [NORD, TINTA] == report.affiliates
    assert [*NORD_WEEKS, *TINTA_WEEKS] == report.affiliate_weeks


def test_one_affiliate_has_the_same_figures_alone(either: Store) -> None:
    """What the index holds of one affiliate gives what the scan of all gives of it."""
    november.fill(either)
    alone = service(either).report(SINCE, UNTIL, affiliate_id="nord")

    assert ("nord", [NORD], [*NORD_WEEKS]) == (alone.affiliate_id, alone.affiliates, alone.affiliate_weeks)
    assert NORD.model_copy(update={"affiliate_id": None}) == alone.total


def test_one_affiliate_costs_the_leads_of_that_time(store: Store) -> None:
    """Whoever asks about one affiliate reads no other's leads, and none of another time."""
    november.fill(store)
    asked, read = Intervening(store), list[int]()
    service(asked).report(SINCE, UNTIL, affiliate_id="tinta", on_items=read.append)

    assert [5] == read
    assert "scan" not in asked.calls


def test_a_week_without_leads_has_a_row(store: Store) -> None:
    """Nothing was submitted then: zeros, and no rates, averages or percentiles of nothing."""
    report = service(store).report(SINCE - 7 * DAY, UNTIL)

    assert ["2026-W45", "2026-W46", "2026-W47"] == [each.week for each in report.weeks]
    assert {"submitted": 0, "pending": 0, "approved": 0, "rejected": 0, "undated": 0, "commission": 0} == (
        report.total.model_dump()
    )
    assert [] == [*report.affiliates, *report.affiliate_weeks]


def test_weeks_are_counted_as_iso_counts_them(store: Store) -> None:
    """The first of January 2027 is a Friday of the last week of 2026."""
    at = november.at(1, "12:00") + 61 * DAY
    report = LeadReportService(store, lambda: at, BERLIN).report(at - 7 * DAY)

    assert ["2026-W52", "2026-W53"] == [each.week for each in report.weeks]
    assert ["2026-12-21", "2026-12-28"] == [each.monday for each in report.weeks]


@pytest.fixture
def decided(leads: LeadService, code: str, clock: ManualClock) -> str:
    """Return a lead that was approved an hour after it was submitted."""
    clock.step, clock.now = 0, START
    one = leads.submit(code, FORM).lead_id
    clock.advance(H)
    leads.decide(one, "approved", "jonas", commission="12.34")
    clock.advance(H)
    return one


def total(store: Store, clock: ManualClock) -> Funnel:
    return LeadReportService(store, clock).report(START - DAY).total


def test_a_decision_is_dated_by_itself(store: Store, clock: ManualClock, decided: str) -> None:
    """From the submission to the moment in which the status was written, to the millisecond."""
    del decided
    found = total(store, clock)

    assert (1, Decimal("12.34"), H, H, 0) == (
        found.approved,
        found.commission,
        found.decision_p50_ms,
        found.decision_p90_ms,
        found.undated,
    )


def test_a_reset_lead_is_pending_again(store: Store, leads: LeadService, clock: ManualClock, decided: str) -> None:
    """The decision that was taken back counts nowhere, and neither does its time."""
    leads.reset(decided, "mira")
    found = total(store, clock)

    assert (1, 0, Decimal(0), None) == (found.pending, found.approved, found.commission, found.decision_p50_ms)


def test_an_amended_decision_counts_as_it_is_now(
    store: Store, leads: LeadService, clock: ManualClock, decided: str
) -> None:
    """The decision that stands, with its own time; new words for it move nothing."""
    leads.decide(decided, "rejected", "mira", amend=True)
    clock.advance(H)
    leads.decide(decided, "rejected", "jonas", notes="Not a shop.")
    found = total(store, clock)

    assert (0, 1, Decimal(0), 2 * H) == (found.approved, found.rejected, found.commission, found.decision_p50_ms)


def test_a_lead_that_is_decided_meanwhile_is_counted_once(store: Store, clock: ManualClock, leads: LeadService) -> None:
    """A decision moves it to another place in the index by status; the report reads none, so it sees it once."""
    codes = AffiliateService(store, clock)
    links = [codes.create_link(f"aff-{n}", "a@example.com").link_id for n in range(8)]
    ids = [leads.submit(each, FORM).lead_id for each in links]
    asked = Intervening(store)
    for call in ("scan", "query"):
        for one in ids[2:6]:
            asked.before(call, partial(leads.decide, one, "approved", "late", commission=1))
    found = LeadReportService(asked, clock).report(START - DAY).total

    assert 8 == found.submitted


def test_the_report_and_the_stats_agree(store: Store, clock: ManualClock) -> None:
    """Over all time, an affiliate's counts and commission are those of the stats, to the cent."""
    store.batch_put(LEADS, november.MONTH[:11])
    clock.now = NOW
    report = LeadReportService(store, clock).report(SINCE - DAY)
    recount = RecomputeService(store, clock)
    recount.all("jonas")
    stats = {each.affiliate_id: each.counts() for each in AffiliateService(store, clock).list_affiliates().affiliates}

    assert stats == {
        each.affiliate_id: (each.submitted, each.approved, each.pending, each.rejected, each.commission)
        for each in report.affiliates
    }


def test_cents_are_added_exactly(store: Store) -> None:
    """A thousand times ten cents is a hundred dollars, and the average of two leads is a whole cent, halves up."""
    first = november.MONTH[0]
    many = [{**first, "lead_id": f"lead-{n}", "commission_amount": Decimal("0.10")} for n in range(1_000)]
    store.batch_put(LEADS, many)
    assert Decimal("100.00") == service(store).report(SINCE, UNTIL).total.commission
    odd = {**many[0], "commission_amount": Decimal("0.11")}
    store.batch_put(LEADS, [odd, *({**each, "status": "pending"} for each in many[2:])])
    found = service(store).report(SINCE, UNTIL).total

    assert (Decimal("0.21"), Decimal("0.11")) == (found.commission, found.average_commission)


def test_progress_tells_every_lead(store: Store) -> None:
    """Whoever waits for a long report sees how far it is."""
    november.fill(store)
    read: list[int] = []
    service(store).report(SINCE, UNTIL, on_items=read.append)

    assert len(november.MONTH) == sum(read)


def test_an_unknown_affiliate_is_not_found(store: Store) -> None:
    """A typing error is no report full of zeros; an affiliate who only has a link is known."""
    november.fill(store)
    with pytest.raises(NotFound, match="nrod"):
        service(store).report(SINCE, affiliate_id="nrod")
    AffiliateService(store, lambda: NOW).create_link("new", "new@example.com")

    assert 0 == service(store).report(SINCE, affiliate_id="new").total.submitted


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [(UNTIL, SINCE, "until comes before since"), (NOW + 1, None, "future"), (NOW - 3_661 * DAY, NOW, "3,660 days")],
)
def test_a_time_that_cannot_be_reported_on_is_refused(store: Store, since: int, until: int | None, told: str) -> None:
    """One that ends before it begins, lies in the future, or is longer than ten years."""
    with pytest.raises(Invalid, match=told):
        service(store).report(since, until)
