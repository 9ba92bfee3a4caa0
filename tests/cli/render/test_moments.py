"""Times as people have them: distances in lists, the local clock in threads, and what `--time` asks for."""

from zoneinfo import ZoneInfo

import pytest

from commercive_cli.cli.render.formats import TimeStyle
from commercive_cli.cli.render.moments import Moments, distance, distance_in_words

NOW = 1_795_768_260_000
"""Fri 27 Nov 2026, 09:31 in Berlin."""
BERLIN = ZoneInfo("Europe/Berlin")
DAY = 86_400_000


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (NOW, "0s"),
        (NOW - 59_999, "59s"),
        (NOW - 180_000, "3m"),
        (NOW - 7_200_000, "2h"),
        (NOW - DAY * 59, "59d"),
        (NOW - DAY * 60, "28 Sep"),
        (NOW - DAY * 400, "23 Oct 2025"),
        (NOW + 180_000, "in 3m"),
        (10**20, "100000000000000000000"),
    ],
)
def test_lists_show_distances(at: int, shown: str) -> None:
    """Recent times are distances without "ago", older ones dates; a number beyond all dates is shown as a number."""
    assert shown == Moments(NOW, zone=BERLIN).in_list(at)


def test_threads_show_the_local_clock() -> None:
    """A turn stands under its day and has the time on the wall; a day of another year says so."""
    moments = Moments(NOW, zone=BERLIN)

    assert ("09:31", "Fri 27 Nov") == (moments.in_thread(NOW), moments.day(NOW))
    assert ("Fri 27 Nov 09:31", "Thu 27 Nov 2025") == (moments.exact(NOW), moments.day(NOW - DAY * 365))


@pytest.mark.parametrize(
    ("style", "in_list", "in_thread"),
    [
        ("relative", "2h", "2h ago"),
        ("local", "Fri 27 Nov 07:31", "07:31"),
        ("utc", "Fri 27 Nov 06:31Z", "06:31Z"),
        ("iso", "2026-11-27T06:31:00.000Z", "2026-11-27T06:31:00.000Z"),
    ],
)
def test_each_style_holds_everywhere(style: TimeStyle, in_list: str, in_thread: str) -> None:
    """What `--time` asks for is shown in lists and in threads."""
    moments, at = Moments(NOW, style, BERLIN), NOW - 7_200_000

    assert (in_list, in_thread) == (moments.in_list(at), moments.in_thread(at))


@pytest.mark.parametrize(
    ("milliseconds", "short", "words"),
    [
        (-1, "0s", "0 seconds"),
        (0, "0s", "0 seconds"),
        (1_000, "1s", "1 second"),
        (119_000, "1m", "1 minute"),
        (3_600_000, "1h", "1 hour"),
        (DAY * 2, "2d", "2 days"),
    ],
)
def test_distances_are_whole_units(milliseconds: int, short: str, words: str) -> None:
    """A distance is rounded down to its largest unit; a negative one, behind a clock that is ahead, is none."""
    assert (short, words) == (distance(milliseconds), distance_in_words(milliseconds))
