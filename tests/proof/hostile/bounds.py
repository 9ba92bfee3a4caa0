"""What one input may cost: processor time and memory by its size, and the time after which it counts as hanging.

Processor time is that of this process, so that a busy machine does not break a bound; memory is by how much the most
that was resident grew, as Linux counts it, so that nothing is slowed down by measuring. Both bounds are ten times what
inputs of the same size take, or more: they find what grows with the square of the input, not what is slow.
"""

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

SECONDS, SECONDS_A_MEGABYTE = 3.0, 20.0
MEGABYTES, MEGABYTES_A_MEGABYTE = 96, 60
PATIENCE = 90
"""Seconds by the clock."""

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Exceeded(AssertionError):
    """An input took more than one of its size may."""


def size_of(given: object) -> int:
    """Return about how many bytes an input has."""
    match given:
        case str() | bytes():
            return len(given)
        case Mapping():
            return sum(size_of(name) + size_of(value) + 4 for name, value in given.items())
        case list() | tuple():
            return sum(size_of(each) + 2 for each in given)
        case _:
            return 8


@contextmanager
def bounded(size: int, seconds: float = SECONDS) -> Iterator[None]:
    """Raise Exceeded when the block takes more time or memory than an input of so many bytes may.

    An empty input may take so many `seconds`.
    """
    most, began = _forgotten_peak(), time.process_time()
    with _hanging_told():
        yield
    taken, grown = time.process_time() - began, (_resident("VmHWM") - most) / 1024
    may_take, may_hold = seconds + SECONDS_A_MEGABYTE * size / 1e6, MEGABYTES + MEGABYTES_A_MEGABYTE * size / 1e6
    if taken > may_take:
        raise Exceeded(f"{size:,} bytes took {taken:.1f} s of processor time; {may_take:.1f} s are the bound")
    if most and grown > may_hold:
        raise Exceeded(f"{size:,} bytes took {grown:.0f} MB of memory; {may_hold:.0f} MB are the bound")


@contextmanager
def _hanging_told() -> Iterator[None]:
    former = signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)


def _hangs(_number: int, _frame: FrameType | None) -> NoReturn:
    message = f"it hung for {PATIENCE} s"
    raise Exceeded(message)


def _forgotten_peak() -> int:
    """Let Linux forget the most that was resident; return what is resident now in KB, 0 where nobody counts it."""
    with suppress(OSError):
        _RESET.write_text("5")
        return _resident("VmHWM")
    return 0


def _resident(name: str) -> int:
    lines = _STATUS.read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])
