"""The report on leads: what became of those that were submitted in some time, by affiliate and week.

One pass. All affiliates: a scan of the leads, in which nothing moves; in an index by status a lead takes another place
when it is decided. One affiliate: the part of an index that holds its leads of that time, where nothing moves either.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, tzinfo
from decimal import Decimal

from commercive_cli.domain.answers.lead_report import Funnel, LeadReport
from commercive_cli.domain.business_hours import local_time, zone_name
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.figures import average, percent, percentiles
from commercive_cli.domain.money import CENT, counted_commission
from commercive_cli.services.access.reported_span import reported_span
from commercive_cli.services.access.scan import OnItems, ignore_items, scan_pages
from commercive_cli.services.access.stored_ids import StoredIds
from commercive_cli.services.records.countable import is_countable
from commercive_cli.store.items import Item
from commercive_cli.store.pages import query_pages
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import LEADS

_Cell = tuple[str, int]
"""An affiliate, and the number of a week."""


@dataclass(frozen=True)
class LeadReportService:
    """Makes reports, with the weeks of a `zone`, None for that of this machine."""

    store: Store
    clock: Clock = system_clock
    zone: tzinfo | None = None

    def report(
        self,
        since: int,
        until: int | None = None,
        *,
        affiliate_id: str | None = None,
        on_items: OnItems = ignore_items,
    ) -> LeadReport:
        """Return what became of the leads submitted from `since` to `until` (ms, inclusive; None for now).

        `on_items` is called with the number of leads just read. Raises NotFound for an unknown affiliate, and Invalid
        when the time ends before it begins, or after more than 3,660 days.
        """
        now = self.clock()
        figures = _Figures(*reported_span(since, until, now), self.zone)
        affiliate = None if affiliate_id is None else StoredIds(self.store).known_affiliate(affiliate_id)
        if affiliate is None:
            scan_pages(self.store, LEADS, figures.add, on_items)
        else:
            self._read_one(affiliate, figures, on_items)
        return figures.report(now, affiliate)

    def _read_one(self, affiliate: str, figures: "_Figures", on_items: OnItems) -> None:
        span = Query(LEADS, affiliate, "AffiliateLeadsIndex", since=figures.since - 1, until=figures.until)
        for page in query_pages(self.store, span):
            figures.add(page.items)
            on_items(len(page.items))


@dataclass
class _Counts:
    """What became of some leads; the times that decisions took, in ms, have 8 bytes each."""

    by_status: dict[str, int] = field(default_factory=lambda: {"pending": 0, "approved": 0, "rejected": 0})
    commission: Decimal = Decimal(0)
    undated: int = 0
    took: "array[int]" = field(default_factory=lambda: array("q"))

    def add_lead(self, lead: Item) -> None:
        status, decided_at = lead["status"], lead.get("reviewed_at")
        self.by_status[status] += 1
        self.commission += counted_commission(status, lead.get("commission_amount"))
        if status == "pending":
            return
        if type(decided_at) is int and decided_at >= lead["created_at"]:
            self.took.append(decided_at - lead["created_at"])
        else:
            self.undated += 1

    def add(self, other: "_Counts") -> None:
        for status, count in other.by_status.items():
            self.by_status[status] += count
        self.commission += other.commission
        self.undated += other.undated
        self.took.extend(other.took)

    def funnel(self, affiliate_id: str | None = None, monday: date | None = None) -> Funnel:
        decided = self.by_status["approved"] + self.by_status["rejected"]
        p50, p90 = percentiles(self.took, 50, 90)
        return Funnel(
            affiliate_id=affiliate_id,
            week=f"{monday:%G-W%V}" if monday else None,
            monday=str(monday) if monday else None,
            submitted=sum(self.by_status.values()),
            **self.by_status,
            decided_percent=percent(decided, sum(self.by_status.values())),
            approved_percent=percent(self.by_status["approved"], decided),
            commission=self.commission.quantize(CENT),
            average_commission=average(self.commission, self.by_status["approved"]),
            undated=self.undated,
            decision_p50_ms=p50,
            decision_p90_ms=p90,
        )


@dataclass
class _Figures:
    """What has been counted so far: memory grows with affiliates that have leads, weeks, and by decisions' times."""

    since: int
    until: int
    zone: tzinfo | None
    damaged: int = 0
    cells: defaultdict[_Cell, _Counts] = field(default_factory=lambda: defaultdict(_Counts))

    def add(self, leads: Iterable[Item]) -> None:
        """Count the leads that were submitted in the time reported on."""
        for lead in leads:
            at = lead.get("created_at")
            if type(at) is not int or (self.since <= at <= self.until and not is_countable(lead)):
                self.damaged += 1
            elif self.since <= at <= self.until:
                self.cells[lead["affiliate_id"], self._week(at)].add_lead(lead)

    def _week(self, at: int) -> int:
        return (local_time(at, self.zone).toordinal() - 1) // 7

    def _is_cut(self, week: int) -> bool:
        return week in (self._week(self.since - 1), self._week(self.until + 1))

    def _together(self, cells: Iterable[_Cell]) -> _Counts:
        counts = _Counts()
        for cell in cells:
            counts.add(self.cells[cell])
        return counts

    def report(self, at: int, affiliate_id: str | None) -> LeadReport:
        """Return the figures."""
        by_affiliate, by_week = defaultdict[str, list[_Cell]](list), defaultdict[int, list[_Cell]](list)
        for affiliate, week in self.cells:
            by_affiliate[affiliate].append((affiliate, week))
            by_week[week].append((affiliate, week))
        weeks = range(self._week(self.since), self._week(self.until) + 1)
        affiliates = [self._together(cells).funnel(each) for each, cells in by_affiliate.items()]
        return LeadReport(
            since=self.since,
            until=self.until,
            at=at,
            zone=zone_name(self.zone, self.until),
            first_day=str(local_time(self.since, self.zone).date()),
            last_day=str(local_time(self.until, self.zone).date()),
            affiliate_id=affiliate_id,
            damaged=self.damaged,
            total=self._together(self.cells).funnel(),
            weeks=[self._together(by_week[week]).funnel(monday=_monday(week)) for week in weeks],
            cut_weeks=[f"{_monday(week):%G-W%V}" for week in weeks if self._is_cut(week)],
            affiliates=sorted(affiliates, key=lambda each: (-each.submitted, each.affiliate_id)),
            affiliate_weeks=[self.cells[each, week].funnel(each, _monday(week)) for each, week in sorted(self.cells)],
        )


def _monday(week: int) -> date:
    return date.fromordinal(7 * week + 1)
