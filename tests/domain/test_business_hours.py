"""Business hours: how much of a span of time lies in them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from commercive_cli.domain.business_hours import BusinessHours

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = BusinessHours(frozenset(range(5)), 9 * 60, 17 * 60, BERLIN)
ALWAYS = BusinessHours(frozenset(range(7)), 0, 24 * 60, BERLIN)
HOUR = 3_600_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        ("2026-11-16 10:00", "2026-11-16 12:30", 2.5),
        ("2026-11-16 07:00", "2026-11-16 08:00", 0),
        ("2026-11-16 07:00", "2026-11-16 22:00", 8),
        ("2026-11-16 16:00", "2026-11-17 10:00", 2),
        ("2026-11-20 16:00", "2026-11-23 09:30", 1.5),  # over a weekend
        ("2026-11-21 10:00", "2026-11-22 15:00", 0),  # on one
        ("2026-11-02 09:00", "2026-11-30 17:00", 21 * 8),
        ("2026-11-16 12:00", "2026-11-16 11:00", 0),  # the end comes first
        ("2026-11-18 12:00", "2026-11-16 11:00", 0),
    ],
)
def test_business_hours_between_two_times(begin: str, end: str, hours: float) -> None:
    """Evenings, nights and weekends do not count."""
    assert hours * HOUR == OFFICE.between(ms(begin), ms(end))


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-16", 24)])
def test_a_day_on_which_the_clocks_change_has_its_real_length(day: str, hours: int) -> None:
    """Who works around the clock works 23 hours on one Sunday and 25 on another."""
    assert hours * HOUR == ALWAYS.between(ms(f"{day} 00:00"), ms(f"{day} 00:00") + hours * HOUR)
    assert hours * HOUR == ALWAYS.between(ms(f"{day} 00:00") - 0, ms(f"{day} 23:59") + 60_000)


def test_days_are_those_of_the_zone() -> None:
    """Half past midnight on Monday in Berlin is Sunday in UTC, and counts for a zone's early Monday alone."""
    early = BusinessHours(frozenset({0}), 0, 60, BERLIN)
    begin = int(datetime(2026, 11, 15, 23, 0, tzinfo=UTC).timestamp() * 1000)

    assert HOUR == early.between(begin, begin + 3 * HOUR)
    assert 0 == BusinessHours(frozenset({0}), 0, 60, ZoneInfo("UTC")).between(begin - HOUR, begin)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ({0, 1, 2, 3, 4}, "Mon to Fri"),
        ({0, 2}, "Mon, Wed"),
        ({5, 6}, "Sat, Sun"),
        ({6}, "Sun"),
        ({0, 1, 3}, "Mon, Tue, Thu"),
    ],
)
def test_hours_in_words(days: set[int], words: str) -> None:
    """Screens name the days in a row by the first and the last."""
    assert f"{words} 09:00 to 17:00 Europe/Berlin" == str(BusinessHours(frozenset(days), 540, 1_020, BERLIN))
