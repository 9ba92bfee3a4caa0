"""Which tests are asked whether a guard is missed: those that run its line, and those of its subject."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.proof.guards.sources import PACKAGE, Guard
from tests.proof.guards.tries import SIMULATOR

ROOMS = ("domain", "store", "contract", "engines", "services", "settings", "api")
"""The rooms of the tests that are asked. Those of the command line start the program, and say little of its inside."""
_RECORDED_SECONDS = 12.0


@dataclass
class Probes:
    """What a run of all tests has shown: who runs which line, how long each takes, and who has missed guards since."""

    lines: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    _missed: Counter[str] = field(default_factory=Counter)

    def add(self, found: Mapping[str, Any]) -> None:
        """Take in what the run of a group of tests has shown."""
        self.seconds.update(found["seconds"])
        self.failed.update(found["failed"])
        for test, places in found["ran"].items():
            for path, line in places:
                self.lines.setdefault((path, line), set()).add(test)

    def of(self, guard: Guard) -> list[str]:
        """Return the tests that run a guard's line as many as have time, the most promising ones first."""
        names = {name for place in guard.places for name in self.lines.get(place, ())} - self.failed
        ordered = sorted(names, key=lambda name: (-self._missed[name], not _is_near(name, guard), self._cost(name)))
        first = [SIMULATOR] if SIMULATOR in names else []
        return [*first, *self._within([each for each in ordered if each != SIMULATOR])]

    def others(self, guard: Guard, but: Sequence[str]) -> list[str]:
        """Return tests of a guard's subject that are not among those, as they may run its line in another process."""
        near = [each for each in self.seconds if _is_near(each, guard) and each not in self.failed]
        return list(self._within(sorted({*near} - {*but}, key=self._cost)))

    def missed(self, test: str) -> None:
        """Note that a test has missed a guard: it may miss the next one, too."""
        self._missed[test] += 1

    def write(self, path: Path) -> None:
        """Keep what the run has shown."""
        lines = [[*place, sorted(names)] for place, names in self.lines.items()]
        path.write_text(json.dumps({"lines": lines, "seconds": self.seconds, "failed": sorted(self.failed)}))

    @classmethod
    def read(cls, path: Path) -> "Probes":
        """Return what an earlier run has shown."""
        found = json.loads(path.read_text())
        lines = {(file, line): set(names) for file, line, names in found["lines"]}
        return cls(lines, found["seconds"], set(found["failed"]))

    def _within(self, tests: Sequence[str]) -> Iterator[str]:
        left = _RECORDED_SECONDS
        for each in tests:
            left -= self._cost(each)
            if left >= 0:
                yield each

    def _cost(self, test: str) -> float:
        return self.seconds.get(test, 1.0) + 0.005


def groups(root: Path) -> list[str]:
    """Return what is run together to learn who runs what: the simulator, and directories of tests in the project."""
    files = (path for room in ROOMS for path in (root / "tests" / room).rglob("test_*.py"))
    return [SIMULATOR, *sorted({path.parent.relative_to(root).as_posix() for path in files})]


def _is_near(test: str, guard: Guard) -> bool:
    """Return whether a test is of a guard's subject, by the names of directories."""
    subject = [part for part in Path(guard.path).parent.parts if part != PACKAGE]
    rooms = test.split("::")[0].split("/")[1:-1]
    return rooms[: len(subject)] == subject or (subject[0] in ("store", "engines") and rooms[:1] == ["contract"])
