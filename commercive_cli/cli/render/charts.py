"""What the reports are drawn with: bars and sparklines beside their figures, durations, days, and counts in words."""

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from commercive_cli.cli.render.columns import SPARE, Column
from commercive_cli.cli.render.display import Display

LONGEST_BAR = 20
"""Cells of the longest bar."""
_MARKS = "▁▂▃▄▅▆▇█"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SECOND, _MINUTE, _DAY = 1_000, 60_000, 86_400_000


def bar(count: Any, most: Any, cells: int = LONGEST_BAR) -> str:
    """Return a bar, as long as a count is among those up to `most`; whatever there is has a cell at least."""
    return "█" * math.ceil(count * cells / most) if most > 0 else ""


def bars(figure: Callable[[Any], Any], most: Any, cells: int = LONGEST_BAR) -> Column:
    """Return the column of a table that shows a figure of each record as a bar, where there is room for it."""
    return Column("bar", "bar", "*", title=" ", weight=SPARE, words=lambda record: bar(figure(record), most, cells))


def draw_sparkline(
    display: Display, counts: Sequence[tuple[str, int]], title: str, preposition: str, of_days: str = "days"
) -> None:
    """Write where most and fewest were, and the sparkline; its marks are several counts where room is short."""
    (most, highest), (fewest, lowest) = max(counts, key=lambda each: each[1]), min(counts, key=lambda each: each[1])
    together = math.ceil(len(counts) / max(display.width - 2, 1))
    marks = [sum(each for _, each in counts[at : at + together]) for at in range(0, len(counts), together)]
    display.gap()
    scale = f", a mark is {together} {of_days}" if together > 1 else ""
    display.sentence(
        f"{title}{scale}: most {preposition} {most} ({highest:,}), fewest {preposition} {fewest} ({lowest:,})"
    )
    display.line("  ", "".join(_MARKS[math.ceil(mark * (len(_MARKS) - 1) / max(marks))] for mark in marks))


def duration(milliseconds: int | None) -> str | None:
    """Return a duration in hours and minutes, and never in days, since a day of business hours is no day: `17h 05m`."""
    if milliseconds is None:
        return None
    if milliseconds < _MINUTE:
        return f"{milliseconds // _SECOND}s"
    hours, minutes = divmod(milliseconds // _MINUTE, 60)
    return f"{hours:,}h {minutes:02d}m" if hours else f"{minutes}m"


def duration_by_the_clock(milliseconds: int | None) -> str | None:
    """Return a duration of all hours, from two days on in days and hours: `12d 05h`."""
    if milliseconds is None or milliseconds < 2 * _DAY:
        return duration(milliseconds)
    days, rest = divmod(milliseconds, _DAY)
    return f"{days:,}d {rest // (60 * _MINUTE):02d}h"


def days_in_words(first_day: str, last_day: str) -> str:
    """Return a span of ISO days: `28 Oct to 27 Nov 2026`, or the day where it is one."""
    first, last = date.fromisoformat(first_day), date.fromisoformat(last_day)
    year = "" if first.year == last.year else f" {first.year}"
    begin = f"{day_in_words(first)}{year} to " if first != last else ""
    return f"{begin}{day_in_words(last)} {last.year}"


def day_in_words(day: date) -> str:
    """Return a day and its month: `28 Oct`."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def plural(count: int, noun: str) -> str:
    """Return a count of things in words: `1 lead`, `2,000 leads`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def counted(count: int, noun: str) -> str:
    """Return the beginning of a sentence about so many things: `1 lead is`."""
    return f"{plural(count, noun)} {'is' if count == 1 else 'are'}"
