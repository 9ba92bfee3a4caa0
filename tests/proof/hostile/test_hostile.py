"""Every door holds against the inputs of a fixed seed, and what a door lets through is found and made small."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.proof.hostile.bounds import Exceeded, bounded
from tests.proof.hostile.door import Door, Room, Tally, batch, findings
from tests.proof.hostile.part import DOORS

SEED = 20


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_a_door_holds(door: Door) -> None:
    """Whatever comes in, the answer is a documented one and inert, and what is refused was not written."""
    tally = Tally(door)
    batch(tally, SEED, door.few)

    assert [] == tally.broken
    assert tally.inputs >= door.few


def door_that(attempt: Callable[[str], object]) -> Door:
    @contextmanager
    def opened() -> Iterator[Room]:
        yield Room(st.text(), attempt)

    return Door("planted", "holds", opened)


def refuse_long(text: str) -> None:
    assert len(text) < 5


def test_what_a_door_lets_through_is_told_with_the_least_input() -> None:
    """With the command that shows it again; the same seed finds the same."""
    told = []
    for _ in range(2):
        tally = Tally(door_that(refuse_long))
        batch(tally, 1)
        told += findings([tally]).violations

    assert 2 == len(told)
    assert told[0] == told[1]
    assert "python -m tests.proof.hostile planted --seed 1" in told[0]
    assert "hostile='00000'" in told[0]


def take_long() -> Any:
    return sum(range(20_000_000))


def take_much() -> Any:
    return bytearray(200_000_000)


@pytest.mark.parametrize(
    ("work", "seconds", "what"), [(take_long, 0.05, "s of processor time"), (take_much, 60, "MB of memory")]
)
def test_what_costs_more_than_its_size_allows_is_told(work: Callable[[], Any], seconds: float, what: str) -> None:
    """As an answer that takes the square of what came in, of time or of memory."""
    with pytest.raises(Exceeded, match=what), bounded(10, seconds):
        work()


def test_what_costs_as_much_as_its_size_allows_passes() -> None:
    """The bounds grow with the input."""
    with bounded(10_000_000):
        bytearray(200_000_000)
