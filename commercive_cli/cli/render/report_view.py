"""The report on support: its screen with bars and sparklines, its rows for machines, and its picture as SVG."""

import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from commercive_cli.cli.render.charts import (
    LONGEST_BAR,
    bar,
    counted,
    day_in_words,
    days_in_words,
    draw_sparkline,
    duration,
    plural,
)
from commercive_cli.cli.render.columns import NEVER_DROPPED, Column
from commercive_cli.cli.render.display import Display, console_on
from commercive_cli.cli.render.moments import Moments
from commercive_cli.cli.render.roles import Role
from commercive_cli.cli.render.screens import DRAWN
from commercive_cli.cli.render.terminal import print_table
from commercive_cli.cli.render.views import VIEWS, View
from commercive_cli.domain.answers.report import ChatReport
from commercive_cli.domain.business_hours import WEEKDAYS
from commercive_cli.domain.models import Sparse
from commercive_cli.services.transfer.durable_files import write_durably, write_error

SVG_WIDTH = 80
_WEB_FONTS = re.compile(r"@font-face \{\{.*?\}\}", re.DOTALL)


class _Row(Sparse):
    section: str
    name: str
    messages: int | None = None
    conversations: int | None = None
    automatic: int | None = None
    damaged: int | None = None
    answers: int | None = None
    first_answers: int | None = None
    first_answer_p50_ms: int | None = None
    first_answer_p90_ms: int | None = None
    resolved: int | None = None
    resolved_p50_ms: int | None = None
    resolved_p90_ms: int | None = None
    waiting: int | None = None
    put_off: int | None = None


_AGENTS = (
    Column("agent", names=True),
    Column("answers", "count", weight=NEVER_DROPPED),
    Column("first_answer_p50_ms", "count", title="first answer p50", words=duration, weight=8),
    Column("first_answer_p90_ms", "count", title="p90", words=duration, weight=6),
    Column("resolved_p50_ms", "count", title="resolved p50", words=duration, weight=7),
    Column("resolved_p90_ms", "count", title="p90", words=duration, weight=5),
)


def draw_report(display: Display, report: ChatReport) -> None:
    """Write the report; what bars and sparklines show, the figures beside them say."""
    _draw_sentences(display, report)
    if report.agents:
        display.gap()
        print_table(display, _AGENTS, [*report.agents, report.total] if len(report.agents) > 1 else report.agents)
    _draw_backlog(display, report)
    if report.messages:
        hours = [(f"{each.hour:02d}:00", each.messages) for each in report.hours]
        draw_sparkline(display, hours, "messages by hour, 00 to 23", "at")
        if len(report.days) > 1:
            year = report.days[0].day[:4] != report.days[-1].day[:4]
            days = [(_weekday(each.day, year=year), each.messages) for each in report.days]
            draw_sparkline(display, days, "messages by day", "on")
    display.gap()
    if report.damaged:
        display.sentence((f"! {counted(report.damaged, 'damaged item')} not counted: commercive tables audit", "bad"))
    automatic = f"{counted(report.automatic, 'automatic answer')} not counted" if report.automatic else "definitions"
    display.sentence((f"{automatic}: commercive chat report -h", "quiet"))


def report_svg(report: ChatReport) -> str:
    """Return the screen as an SVG picture, which needs nothing from the network."""
    from rich._export_format import CONSOLE_SVG_FORMAT
    from rich.console import Console

    console: Console = console_on(io.StringIO(), colour=True, width=SVG_WIDTH)
    console.record = True
    draw_report(Display(console, Moments(report.at)), report)
    return console.export_svg(title="commercive chat report", code_format=_WEB_FONTS.sub("", CONSOLE_SVG_FORMAT))


def write_svg(report: ChatReport, file: str) -> None:
    """Write the picture to a file, which is replaced; raise Invalid, or Unavailable, when it cannot be written."""
    try:
        write_durably(Path(file), [report_svg(report).encode()])
    except OSError as error:
        raise write_error(error, file, "no picture was written") from None


def _draw_sentences(display: Display, report: ChatReport) -> None:
    span = days_in_words(report.days[0].day, report.days[-1].day)
    display.sentence(
        f"{span}: {plural(report.messages, 'message')} by users in {plural(report.conversations, 'conversation')}."
    )
    hours = (
        f"are business hours, {report.business_hours}"
        if report.business_hours
        else f"go by the clock, days are those of {report.zone}; no [business_hours] are configured"
    )
    display.sentence(f"Durations {hours}.")


def _draw_backlog(display: Display, report: ChatReport) -> None:
    display.gap()
    waiting = [each.waiting for each in report.backlog]
    display.line("waiting now, by age" if any(waiting) else "nobody waits now")
    margin = max(len(each.age) for each in report.backlog)
    room = max(len(f"{count:,}") for count in (*waiting, report.put_off))
    longest = max(min(LONGEST_BAR, display.width - margin - room - 6), 1)
    for place, each in enumerate(report.backlog if any(waiting) else ()):
        late: Role = "attention" if each.waiting and place == len(waiting) - 1 else ""
        drawn = bar(each.waiting, max(waiting), longest)
        display.line("  ", (f"{each.age:<{margin}}  {each.waiting:>{room},}  {drawn}".rstrip(), late))
    if report.put_off:
        display.line("  ", (f"{'put off':<{margin}}  {report.put_off:>{room},}", "quiet"))


def _weekday(day: str, *, year: bool) -> str:
    when = date.fromisoformat(day)
    return f"{WEEKDAYS[when.weekday()]} {day_in_words(when)}{f' {when.year}' if year else ''}"


def _rows(report: ChatReport) -> Iterator[_Row]:
    whole = report.model_dump(include={"messages", "conversations", "automatic", "damaged", "put_off"})
    yield _Row(section="total", name="all", **whole, **report.total.model_dump(exclude={"agent"}))
    for agent in report.agents:
        yield _Row(section="agent", name=agent.agent, **agent.model_dump(exclude={"agent"}))
    for each in report.backlog:
        yield _Row(section="waiting", name=each.age, waiting=each.waiting)
    for day in report.days:
        yield _Row(section="day", name=day.day, messages=day.messages, answers=day.answers)
    for hour in report.hours:
        yield _Row(section="hour", name=str(hour.hour), messages=hour.messages, answers=hour.answers)


VIEWS[ChatReport] = View(
    _rows,
    tuple(Column(name, "id" if name == "name" else "count") for name in _Row.model_fields),
    named=lambda report: [row for row in _rows(report) if row.section == "agent"],
)
DRAWN[ChatReport] = lambda display, report, _: draw_report(display, report)
