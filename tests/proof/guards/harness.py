"""Drops every guard of the package in turn, and looks for a test that misses it."""

import os
import queue
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.conftest import NO_SERVER, server_binary
from tests.proof.guards.copies import ROOT, Copy
from tests.proof.guards.explained import EXPLAINED
from tests.proof.guards.probes import Probes, groups
from tests.proof.guards.rules import RULES
from tests.proof.guards.sources import Guard, Package
from tests.proof.parts import Findings, Part, Row

MOST_SECONDS = 60
"""Within which a test has to miss a guard."""

SEEDS = 250
_GROUP_SECONDS = 900
_MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of its own in it
Found = TypeVar("Found")
Asked = TypeVar("Asked")


@dataclass(frozen=True)
class Verdict:
    """What became of a guard that was dropped: who missed it, if anybody, after how many seconds."""

    guard: Guard
    missed_by: str | None
    seconds: float

    def __str__(self) -> str:
        """Return it as a line of the table."""
        return f"{self.seconds:5.1f} s  {self.guard}  {self.missed_by or 'SURVIVES'}"


class Harness:
    """Copies of the project, as many as shall work at once."""

    def __init__(self, copies: Sequence[Copy]) -> None:
        self._idle: queue.SimpleQueue[Copy] = queue.SimpleQueue()
        for copy in copies:
            self._idle.put(copy)
        self._count = len(copies)

    def probes(self, tests: Iterable[str], guards: Iterable[Guard]) -> Probes:
        """Run groups of tests, and note which guards each test comes by."""
        found, wanted = Probes(), _lines(guards)
        for each in self._each(tests, lambda copy, one: copy.run([one], _GROUP_SECONDS, seeds=SEEDS, wanted=wanted)):
            if each is not None:
                found.add(each)
        return found

    def verdicts(self, guards: Iterable[Guard], probes: Probes) -> Iterator[Verdict]:
        """Yield what becomes of each guard, as it is known."""
        for verdict in self._each(guards, lambda copy, guard: _tried(copy, guard, probes)):
            if verdict.missed_by is not None:
                probes.missed(verdict.missed_by)
            yield verdict

    def fail_anyway(self, tests: Iterable[str]) -> set[str]:
        """Return which of the tests fail where no guard is missing."""
        asked = sorted(set(tests))
        parts = [asked[at :: self._count] for at in range(self._count)]
        runs = self._each(parts, lambda copy, part: _all(copy, part))
        return {name for each in runs if each for name in each["failed"]}

    def _each(self, asked: Iterable[Asked], work: Callable[[Copy, Asked], Found]) -> Iterator[Found]:
        def lent(one: Asked) -> Found:
            copy = self._idle.get()
            try:
                return work(copy, one)
            finally:
                self._idle.put(copy)

        with ThreadPoolExecutor(self._count) as threads:
            for done in as_completed([threads.submit(lent, one) for one in asked]):
                yield done.result()


@contextmanager
def harness(count: int | None = None) -> Iterator[Harness]:
    """Lend copies of the project, by default one for each processor."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as place:
        copies = [Copy(Path(place) / str(at)) for at in range(count or os.cpu_count() or 1)]
        try:
            yield Harness(copies)
        finally:
            for copy in copies:
                copy.close()


def _lines(guards: Iterable[Guard]) -> dict[str, list[int]]:
    lines: dict[str, set[int]] = {}
    for guard in guards:
        for path, line in guard.places:
            lines.setdefault(path, set()).add(line)
    return {path: sorted(found) for path, found in lines.items()}


def _all(copy: Copy, tests: Sequence[str]) -> Any:
    return copy.run(tests, _GROUP_SECONDS, seeds=0, wanted={}) if tests else None


def _tried(copy: Copy, guard: Guard, probes: Probes) -> Verdict:
    start = time.monotonic()
    with copy.without(guard):
        tests = probes.of(guard)
        missed = _failing(copy, tests, MOST_SECONDS) or _failing(copy, probes.others(guard, tests), MOST_SECONDS)
    return Verdict(guard, missed, time.monotonic() - start)


def _failing(copy: Copy, tests: Sequence[str], seconds: float) -> str | None:
    found = copy.run(tests, seconds, seeds=SEEDS) if tests else None
    return found["failed"] if found else None


def prove(minutes: float, seed: int) -> Findings:  # noqa: ARG001 - the same whatever they are
    """Drop every guard, whatever the minutes, and print what becomes of each."""
    if server_binary() is None:
        return Findings(skipped=NO_SERVER)
    found = guards()
    with harness() as lent:
        return findings(lent, lent.probes(groups(ROOT), every(found)), found)


def guards(words: Sequence[str] = ()) -> dict[str, list[Guard]]:
    """Return the guards whose line in the table has all of these words, by what they are there to show."""
    package = Package.at(ROOT)
    return {
        claim: [guard for guard in package.guards([rule]) if all(word in str(guard) for word in words)]
        for claim, rule in RULES.items()
    }


def every(found: Mapping[str, Sequence[Guard]]) -> list[Guard]:
    """Return all of these guards."""
    return [guard for each in found.values() for guard in each]


def findings(lent: Harness, probes: Probes, found: Mapping[str, Sequence[Guard]]) -> Findings:
    """Drop each of these guards, and print what becomes of it."""
    verdicts = []
    for verdict in lent.verdicts(every(found), probes):
        print(verdict, flush=True)  # noqa: T201 - the table, which takes long to be whole
        verdicts.append(verdict)
    unsound = lent.fail_anyway(each.missed_by for each in verdicts if each.missed_by and "::" in each.missed_by)
    survivors = {each.guard for each in verdicts if each.missed_by is None or each.missed_by in unsound}
    wrong = {each for each in survivors if each.name not in EXPLAINED}
    rows = [Row(claim, len(each), len(each), len(wrong.intersection(each)), "-") for claim, each in found.items()]
    return Findings(rows, [f"nothing misses {each.guard}" for each in verdicts if each.guard in wrong])


PART = Part("guards", "each guard of the code is dropped in turn, and a test misses it", prove, least_minutes=30)
