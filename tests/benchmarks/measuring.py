"""What a row of the table is: ours and its floor in turns, the medians of both, and how they compare."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.benchmarks.places import Places

ROOT = Path(__file__).parents[2]


class Skipped(Exception):
    """A row cannot be measured here; says why."""


@dataclass(frozen=True)
class Sample:
    """One run: seconds by the clock, and seconds of CPU (user and system) of whoever did the work."""

    wall: float
    cpu: float


Run = Callable[[], Sample]


@dataclass(frozen=True)
class Measured:
    """The runs of ours and of the floor, made in turns; `note` is what else a row tells."""

    ours: Sequence[Sample]
    floor: Sequence[Sample]
    note: str = ""

    @property
    def cpu(self) -> tuple[float, float]:
        """Return the median CPU seconds of ours and of the floor."""
        return median(each.cpu for each in self.ours), median(each.cpu for each in self.floor)

    @property
    def wall(self) -> tuple[float, float]:
        """Return the median seconds by the clock of ours and of the floor."""
        return median(each.wall for each in self.ours), median(each.wall for each in self.floor)


@dataclass(frozen=True)
class Row:
    """Something that people wait for or pay for, its floor in words, and the most that its share of CPU may be.

    CPU counts, since other work on a machine changes it least; waiting for a store is counted exactly elsewhere, in
    round trips. Only what is done by others or at once shows in wall time, so the table has both.
    """

    name: str
    floor: str
    target: float
    measure: Callable[["Places"], Measured] = field(repr=False)


def in_turns(ours: Run, floor: Run, turns: int, note: str = "", *, warm: bool = True) -> Measured:
    """Run ours and the floor after one another so many times, once more before that to warm what can be warm."""
    if warm:
        ours(), floor()
    pairs = [(ours(), floor()) for _ in range(turns)]
    return Measured([each for each, _ in pairs], [each for _, each in pairs], note)


def in_process(work: Callable[[], object]) -> Sample:
    """Measure a call in this process, whatever its threads."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Sample(time.perf_counter() - wall, time.process_time() - cpu)


def python(code: str, *arguments: str) -> list[str]:
    """Return a command line that runs code in a Python of its own, which finds these sources."""
    return [sys.executable, "-c", code, *arguments]


def child(command: Sequence[str], environment: Mapping[str, str], out: Path, stdin: Path | None = None) -> Sample:
    """Measure a process from its start to its end; its output goes to a file. Raises when it fails."""
    told = out.with_suffix(".err")
    with out.open("wb") as sink, told.open("wb") as errors, (stdin or Path(os.devnull)).open("rb") as source:
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - commands of these benchmarks
            command, stdin=source, stdout=sink, stderr=errors, env=dict(environment), cwd=ROOT
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[-1]} ended with {process.returncode}: {told.read_text()[-2000:]}")
    return Sample(wall, used.ru_utime + used.ru_stime)
