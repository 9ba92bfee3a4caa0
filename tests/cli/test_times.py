"""Times as people type them."""

from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from commercive_cli.cli.times import parse_duration, parse_time, parse_time_ahead
from commercive_cli.domain.errors import Invalid

NOW = 1_800_000_000_000
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("7d", NOW - 604_800_000),
        ("12h", NOW - 43_200_000),
        ("30m", NOW - 1_800_000),
        ("45s", NOW - 45_000),
        ("2w", NOW - 1_209_600_000),
        ("999999999w", 0),
        ("2026-11-01", 1_793_487_600_000),
        ("2026-11-01 09:30", 1_793_521_800_000),
        ("2026-11-01T09:30:00.5", 1_793_521_800_500),
        ("today", 1_799_967_600_000),
        ("Yesterday", 1_799_881_200_000),
        ("2026-11-01T09:30:00Z", 1_793_525_400_000),
        ("2026-11-01t09:30:00.250+01:00", 1_793_521_800_250),
        ("2026-11-01 09:30:00Z", 1_793_525_400_000),
        ("1793525400000", 1_793_525_400_000),
    ],
)
def test_every_form_is_read(text: str, at: int) -> None:
    """Distances, days and times here, RFC 3339 and epoch milliseconds all mean a millisecond."""
    assert at == parse_time(text, "--since", NOW, zone=BERLIN)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-01", 1_793_573_999_999),
        ("2026-10-25", 1_792_969_199_999),
        ("today", NOW + 54_000_000 - 1),
        ("2026-11-01T09:30:00Z", 1_793_525_400_000),
    ],
)
def test_a_day_that_ends_a_span_is_in_it(text: str, at: int) -> None:
    """`--until 2026-11-01` takes that day to its last millisecond, also where the clock is set back on it."""
    assert at == parse_time(text, "--until", NOW, whole_day=True, zone=BERLIN)


def test_a_day_is_one_here() -> None:
    """East of Greenwich it begins earlier, west of it later."""
    zones = {timezone(timedelta(hours=5)): -5, timezone(-timedelta(hours=3)): 3}

    assert [1_793_491_200_000 + hours * 3_600_000 for hours in zones.values()] == [
        parse_time("2026-11-01", "--since", NOW, zone=zone) for zone in zones
    ]


def test_nothing_typed_is_no_bound() -> None:
    """Without the option there is no bound."""
    assert parse_time(None, "--since", NOW) is None


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "7", "7y", "-7d", "2026-13-01", "2026-11-01T9:30", "0001-01-01", "\u0667d", "1e12"]
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    """The error names the option and valid forms; so are days that no machine knows."""
    with pytest.raises(Invalid, match=r"--since .* is not a time; write 7d, 12h"):
        parse_time(text, "--since", NOW)


def test_durations() -> None:
    """--idle takes a distance only."""
    assert parse_duration("7d", "--idle") == 604_800_000
    with pytest.raises(Invalid, match="--idle 'week' is not a duration"):
        parse_duration("week", "--idle")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("3d", NOW + 259_200_000),
        ("45s", NOW + 45_000),
        ("tomorrow", 1_800_054_000_000),
        ("2027-01-31", 1_801_350_000_000),
        ("2027-01-31 09:30", 1_801_384_200_000),
        ("1800000000001", NOW + 1),
    ],
)
def test_a_time_ahead_counts_forward(text: str, at: int) -> None:
    """Spans go on from now, and a day means its start, here."""
    assert at == parse_time_ahead(text, "--until", NOW, zone=BERLIN)


@pytest.mark.parametrize("text", ["today", "yesterday", "2026-11-01", "0s", "1800000000000", "soon"])
def test_no_time_ahead_is_refused(text: str) -> None:
    """What has passed, and what is no time, with the option's name."""
    with pytest.raises(Invalid, match="--until"):
        parse_time_ahead(text, "--until", NOW, zone=BERLIN)


def test_a_time_that_may_have_passed_is_taken() -> None:
    """A line that is repeated with its key is told what it did, though its time is over; what is no time is refused."""
    assert NOW - 1 == parse_time_ahead(str(NOW - 1), "--until", NOW, may_have_passed=True)
    with pytest.raises(Invalid, match="is not a time"):
        parse_time_ahead("soon", "--until", NOW, may_have_passed=True)
