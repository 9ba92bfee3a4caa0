"""The clock of a machine: set right by the store's, and refused where it is not set at all."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.clock import EARLIEST, LATEST, StoreTime, sensible
from commercive_cli.domain.errors import Misconfigured

NOW = 1_795_768_267_000
DAY = 86_400_000


class Clocks:
    """A machine's clock and its store's, the first so many milliseconds ahead."""

    def __init__(self, ahead: int) -> None:
        self.right, self.ahead, self.remarks = NOW, ahead, list[str]()
        self.time = StoreTime(lambda: self.right + self.ahead, self.remarks.append)

    def hears(self, *, there: int = 0, back: int = 0) -> None:
        """Ask the store, which takes so long there and so long back, in milliseconds."""
        asked = self.time.local()
        self.right += there
        told = self.right // 1000 * 1000
        self.right += back
        self.time.told(told, asked)

    @property
    def off(self) -> int:
        return abs(self.time() - self.right)


@given(
    ahead=st.integers(-400 * DAY, 400 * DAY),
    trips=st.lists(st.tuples(st.integers(0, 18_000), st.integers(0, 18_000), st.integers(0, 3_000)), min_size=1),
)
def test_the_time_is_right_but_for_what_a_reply_takes(ahead: int, trips: list[tuple[int, int, int]]) -> None:
    """However slow replies are: off by what the quickest one took, and a second; by a minute more while unnamed."""
    clocks, quickest = Clocks(ahead), 1 << 60
    for there, back, between in trips:
        clocks.hears(there=there, back=back)
        clocks.right += between
        quickest = min(quickest, there + back)
        assert clocks.off <= (quickest + 1_000 if clocks.remarks else 60_000 + quickest + 1_000)

    assert len(clocks.remarks) <= 1
    assert clocks.remarks or abs(ahead) <= 97_000


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (10 * DAY, "10 days ahead of"),
        (-3 * DAY, "3 days behind"),
        (DAY, "24 hours ahead of"),
        (7_300_000, "2 hours ahead of"),
        (140_000, "2 minutes ahead of"),
        (-70_000, "70 seconds behind"),
    ],
)
def test_a_wrong_clock_is_named_once(ahead: int, words: str) -> None:
    """With how far it is off, and what that means."""
    clocks = Clocks(ahead)
    for _ in range(3):
        clocks.hears()

    assert [f"this machine's clock is {words} the store's, whose time is taken instead"] == clocks.remarks


def test_a_clock_that_is_set_meanwhile_is_followed() -> None:
    """Whoever sets it right, or wrong, while the program runs does not set its times wrong for longer than a reply."""
    clocks = Clocks(5 * DAY)
    for ahead in (5 * DAY, 0, -3 * DAY, 100):
        clocks.ahead = ahead
        clocks.hears()
        assert clocks.off <= 1_000


def test_a_store_that_tells_no_sensible_time_is_not_believed() -> None:
    """Nobody's times become those of 1970 because a proxy says so."""
    clocks = Clocks(0)
    for told in (0, EARLIEST - 1, LATEST + 1):
        clocks.time.told(told, clocks.time.local())

    assert (0, []) == (clocks.off, clocks.remarks)


@pytest.mark.parametrize("now", [-1, 0, EARLIEST - 1, LATEST + 1, 1 << 47, -(1 << 45)])
def test_a_clock_that_is_not_set_is_refused(now: int) -> None:
    """Its times would stand before or behind all others for ever."""
    with pytest.raises(
        Misconfigured, match=r"^the clock of this machine says \d{4}-\d\d-\d\d, which cannot be; set it"
    ):
        sensible(now)
    with pytest.raises(Misconfigured):
        StoreTime(lambda: now)()


@pytest.mark.parametrize("year", [2020, 2026, 2099])
def test_any_time_that_can_be_is_taken(year: int) -> None:
    """From 2020 to 2099."""
    now = int(datetime(year, 7, 1, tzinfo=UTC).timestamp()) * 1000

    assert now == sensible(now)
