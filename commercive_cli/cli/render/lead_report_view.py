"""The report on leads: its screen, with bars or a sparkline for the weeks, and its rows for machines."""

from collections.abc import Iterator

from commercive_cli.cli.render.charts import (
    LONGEST_BAR,
    bars,
    counted,
    days_in_words,
    draw_sparkline,
    duration_by_the_clock,
    plural,
)
from commercive_cli.cli.render.columns import NEVER_DROPPED, Column
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.screens import DRAWN, PAGED
from commercive_cli.cli.render.terminal import print_table
from commercive_cli.cli.render.views import VIEWS, View
from commercive_cli.domain.answers.lead_report import Funnel, LeadReport

ROWS = 20
"""Affiliates on the screen; csv and json have all of them."""
WEEKS_IN_ROWS = 27
"""Weeks that have a row each, about half a year; more are a sparkline."""


class _Row(Funnel):
    section: str


_FUNNEL = (
    Column("submitted", "count", title="leads", weight=NEVER_DROPPED),
    Column("pending", "count", weight=6),
    Column("approved", "count", weight=8),
    Column("rejected", "count", weight=5),
    Column("approved_percent", "count", title="rate", weight=7),
    Column("commission", "money", title="USD", weight=NEVER_DROPPED),
)
_WEEKS = (Column("week", names=True), *_FUNNEL)
_AFFILIATES = (
    Column("affiliate_id", "id", title="id", names=True),
    *_FUNNEL,
    Column("decision_p50_ms", "count", title="p50", words=duration_by_the_clock, weight=7),
    Column("decision_p90_ms", "count", title="p90", words=duration_by_the_clock, weight=6),
)


def draw_lead_report(display: Display, report: LeadReport) -> None:
    """Write the report; what bars and the sparkline show, the figures beside them say."""
    if report.affiliate_id:
        display.meet("affiliate", report.affiliate_id)
    _draw_sentences(display, report)
    if report.total.submitted:
        _draw_weeks(display, report)
    if report.affiliates and report.affiliate_id is None:
        display.gap()
        print_table(display, _AFFILIATES, report.affiliates[:ROWS])
        if len(report.affiliates) > ROWS:
            display.sentence((f"{plural(len(report.affiliates) - ROWS, 'affiliate')} more: -o csv", "quiet"))
    display.gap()
    if report.damaged:
        display.sentence((f"! {counted(report.damaged, 'damaged lead')} not counted: commercive tables audit", "bad"))
    display.sentence(("definitions: commercive leads report -h", "quiet"))


def _draw_sentences(display: Display, report: LeadReport) -> None:
    total = report.total
    span = f"{days_in_words(report.first_day, report.last_day)}, {report.zone}"
    of = f"affiliate {display.id(report.affiliate_id)}" if report.affiliate_id else ""
    if not total.submitted:
        display.sentence(f"{span}: no lead{' of ' * bool(of)}{of} was submitted.")
        return
    whose = of or plural(len(report.affiliates), "affiliate")
    display.sentence(f"{span}: {plural(total.submitted, 'lead')} of {whose}.")
    average = "" if total.average_commission is None else f", {total.average_commission:,.2f} on average"
    rate = "" if total.approved_percent is None else f" ({total.approved_percent} % of the decided)"
    display.sentence(
        f"{total.approved:,} approved for {total.commission:,.2f} USD{average}{rate}; {total.rejected:,} rejected, "
        f"{total.pending:,} pending."
    )
    if said := list(_time_to_decision(total)):
        display.sentence(" ".join(said))


def _time_to_decision(total: Funnel) -> Iterator[str]:
    if total.decision_p50_ms is not None:
        half, most = duration_by_the_clock(total.decision_p50_ms), duration_by_the_clock(total.decision_p90_ms)
        yield f"Half of the decisions took {half} or less, nine in ten {most} or less."
    if total.undated:
        yield f"Of {plural(total.undated, 'decided lead')} it is unknown when."


def _draw_weeks(display: Display, report: LeadReport) -> None:
    if len(report.weeks) > WEEKS_IN_ROWS:
        weeks = [(str(each.week), each.submitted) for each in report.weeks]
        draw_sparkline(display, weeks, "leads by week", "in", "weeks")
        return
    display.gap()
    most = max(each.submitted for each in report.weeks)
    cells = LONGEST_BAR if display.width >= 100 else 12
    print_table(display, (*_WEEKS, bars(lambda each: each.submitted, most, cells)), report.weeks)
    if report.cut_weeks:
        display.sentence((f"not whole: {', '.join(report.cut_weeks)}", "quiet"))


def _rows(report: LeadReport) -> Iterator[_Row]:
    sections = (
        ("total", [report.total]),
        ("week", report.weeks),
        ("affiliate", report.affiliates),
        ("affiliate-week", report.affiliate_weeks),
    )
    for section, funnels in sections:
        yield from (_Row(section=section, **dict(each)) for each in funnels)


VIEWS[LeadReport] = View(
    _rows,
    (
        Column("section", "status"),
        Column("affiliate_id", "id", names=True),
        Column("week", "status"),
        Column("monday"),
        *(
            Column(name, "money" if "commission" in name else "count")
            for name in Funnel.model_fields
            if name not in ("affiliate_id", "week", "monday")
        ),
    ),
    named=lambda report: report.affiliates,
)
DRAWN[LeadReport] = lambda display, report, _: draw_lead_report(display, report)
PAGED[LeadReport] = "at the beginning"
