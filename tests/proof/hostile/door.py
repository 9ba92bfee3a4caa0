"""A door through which input comes from outside, and how as many inputs as there is time for are sent through it."""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning
from hypothesis.strategies import SearchStrategy

from tests.proof.hostile.bounds import bounded, size_of
from tests.proof.parts import Findings, Row

_SHOWN = 1_500
"""Characters of an input that a violation shows."""


@dataclass(frozen=True)
class Room:
    """What is behind an open door: which inputs there are, and what is done with one; a broken promise is an error."""

    inputs: SearchStrategy[Any]
    attempt: Callable[[Any], object]


@dataclass(frozen=True)
class Door:
    """A kind of input by name, what is promised of it in words, and what is behind it.

    `batch` inputs follow from one seed. The tests make `few` of them.
    """

    name: str
    claim: str
    opened: Callable[[], AbstractContextManager[Room]]
    batch: int = 50
    few: int = 20


@dataclass
class Tally:
    """The inputs that were sent through a door, by seed, and what was broken."""

    door: Door
    seeds: list[int] = field(default_factory=list)
    inputs: int = 0
    broken: list[str] = field(default_factory=list)

    def row(self) -> Row:
        """Return the row of the table; every input is hostile, so it counts as a fault as well."""
        seeds = f"{self.seeds[0]}-{self.seeds[-1]}" if self.seeds else "none"
        return Row(f"{self.door.name}: {self.door.claim}", self.inputs, self.inputs, len(self.broken), seeds)


def batch(tally: Tally, number: int, examples: int | None = None) -> None:
    """Send the inputs of one seed through a door; what breaks is made as small as it gets, and noted."""
    tally.seeds.append(number)
    try:
        with tally.door.opened() as room, warnings.catch_warnings():
            warnings.simplefilter("ignore", HypothesisWarning)  # of strategies whose words would be long
            _send(tally, number, room, examples or tally.door.batch)
    except Exception as error:  # noqa: BLE001 - whatever a door lets through is a violation
        tally.broken.extend(_told(tally.door, number, error))


def _send(tally: Tally, number: int, room: Room, examples: int) -> None:
    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        print_blob=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[*HealthCheck],
    )
    @given(room.inputs)
    def holds(hostile: Any) -> None:
        tally.inputs += 1
        with bounded(size_of(hostile)):
            room.attempt(hostile)

    holds()


def _told(door: Door, number: int, error: BaseException) -> Iterator[str]:
    """Return each broken promise in words, with the least input that breaks it and the command that shows it again."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _told(door, number, each)
        return
    notes = "\n".join(getattr(error, "__notes__", ()))
    command = f"python -m tests.proof.hostile {door.name} --seed {number}"
    yield f"{door.name}: {type(error).__name__}: {str(error)[:_SHOWN]}\nreplay: {command}\n{notes[:_SHOWN]}"


def for_minutes(doors: Sequence[Door], minutes: float, first: int) -> list[Tally]:
    """Send batches through all doors in turn until the time is over; a door that broke is left alone from then on."""
    tallies, end = [Tally(door) for door in doors], time.monotonic() + minutes * 60
    for number in count(first):
        for tally in tallies:
            if time.monotonic() >= end:
                return tallies
            if not tally.broken:
                batch(tally, number)
    return tallies


def findings(tallies: Sequence[Tally]) -> Findings:
    """Return what was found as rows and violations."""
    return Findings([each.row() for each in tallies], [words for each in tallies for words in each.broken])
