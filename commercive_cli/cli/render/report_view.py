"""The report on support: its screen with bars and sparklines, its rows for machines, and its picture as SVG."""

import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from commercive_cli.cli.render.columns import NEVER_DROPPED, Column
from commercive_cli.cli.render.display import Display, console_on
from commercive_cli.cli.render.moments import Moments
from commercive_cli.cli.render.roles import Role
from commercive_cli.cli.render.screens import DRAWN
from commercive_cli.cli.render.terminal import print_table
from commercive_cli.cli.render.views import VIEWS, View
from commercive_cli.domain.answers.report import ChatReport, DayFigures, HourFigures
from commercive_cli.domain.business_hours import WEEKDAYS
from commercive_cli.domain.models import Sparse
from commercive_cli.services.transfer.durable_files import write_durably, write_error

SVG_WIDTH = 80
_BAR = 20
"""Cells of the longest bar."""
_MARKS = "▁▂▃▄▅▆▇█"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SECOND, _MINUTE = 1_000, 60_000
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


def duration(milliseconds: int | None) -> str | None:
    """Return a duration in hours and minutes, and never in days, since a day of business hours is no day: `17h 05m`."""
    if milliseconds is None:
        return None
    if milliseconds < _MINUTE:
        return f"{milliseconds // _SECOND}s"
    hours, minutes = divmod(milliseconds // _MINUTE, 60)
    return f"{hours:,}h {minutes:02d}m" if hours else f"{minutes}m"


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
        _draw_line(display, report.hours, "messages by hour, 00 to 23", "at", lambda each: f"{each.hour:02d}:00")
        if len(report.days) > 1:
            year = report.days[0].day[:4] != report.days[-1].day[:4]
            _draw_line(display, report.days, "messages by day", "on", lambda each: _weekday(each.day, year=year))
    display.gap()
    if report.damaged:
        display.sentence((f"! {_counted(report.damaged, 'damaged item')} not counted: commercive tables audit", "bad"))
    automatic = f"{_counted(report.automatic, 'automatic answer')} not counted" if report.automatic else "definitions"
    display.line((f"{automatic}: commercive chat report -h", "quiet"))


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
    first, last = date.fromisoformat(report.days[0].day), date.fromisoformat(report.days[-1].day)
    year = "" if first.year == last.year else f" {first.year}"
    span = f"{last.day} {_MONTHS[last.month - 1]} {last.year}"
    if first != last:
        span = f"{first.day} {_MONTHS[first.month - 1]}{year} to {span}"
    display.sentence(
        f"{span}: {_plural(report.messages, 'message')} by users in {_plural(report.conversations, 'conversation')}."
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
    longest = max(min(_BAR, display.width - margin - room - 6), 1)
    for place, each in enumerate(report.backlog if any(waiting) else ()):
        late: Role = "attention" if each.waiting and place == len(waiting) - 1 else ""
        bar = "█" * math.ceil(each.waiting * longest / max(waiting))
        display.line("  ", (f"{each.age:<{margin}}  {each.waiting:>{room},}  {bar}".rstrip(), late))
    if report.put_off:
        display.line("  ", (f"{'put off':<{margin}}  {report.put_off:>{room},}", "quiet"))


def _draw_line(
    display: Display,
    figures: Sequence[HourFigures | DayFigures],
    title: str,
    preposition: str,
    named: Callable[..., str],
) -> None:
    """Write where most and fewest messages were, and the sparkline; its marks are several days where room is short."""
    most, fewest = max(figures, key=lambda each: each.messages), min(figures, key=lambda each: each.messages)
    together = math.ceil(len(figures) / max(display.width - 2, 1))
    counts = [
        sum(each.messages for each in figures[place : place + together]) for place in range(0, len(figures), together)
    ]
    display.gap()
    scale = f", a mark is {together} days" if together > 1 else ""
    display.sentence(
        f"{title}{scale}: most {preposition} {named(most)} ({most.messages:,}), "
        f"fewest {preposition} {named(fewest)} ({fewest.messages:,})"
    )
    display.line("  ", "".join(_MARKS[math.ceil(count * (len(_MARKS) - 1) / max(counts))] for count in counts))


def _weekday(day: str, *, year: bool) -> str:
    when = date.fromisoformat(day)
    return f"{WEEKDAYS[when.weekday()]} {when.day} {_MONTHS[when.month - 1]}{f' {when.year}' if year else ''}"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _counted(count: int, noun: str) -> str:
    return f"{_plural(count, noun)} {'is' if count == 1 else 'are'}"


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
