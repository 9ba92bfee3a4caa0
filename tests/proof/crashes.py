"""Cuts everything that writes off at each of its calls of the store, does it once more, and compares with one success.

Whoever is cut off dies before the call or behind it, or the reply is lost and they go on as they do then. What they
left behind is then found by another process, which asks for the same again.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from random import Random
from shutil import copytree, rmtree
from tempfile import TemporaryDirectory

from commercive_cli.services.audit.service import AuditService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import TABLES
from tests.proof.alike import Likeness, files_of, items_of
from tests.proof.crash_cases import Case, Process, Told, actions, commands
from tests.proof.memory import MemoryStore
from tests.proof.mortal import KINDS, Cut, Died, Files, Mortal
from tests.proof.parts import Findings, Part, Row
from tests.proof.scene import Scene, scene
from tests.services.fakes import ManualClock
from tests.services.raw_data import errors_in


@dataclass(frozen=True)
class End:
    """What is there in the end: items, files, what was told, and what is wrong with all of it."""

    items: Sequence[str]
    files: Sequence[str]
    told: Told
    wrong: Sequence[str]
    calls: Sequence[str] = ()
    """The calls of the store that were made for it."""


Seen = Callable[[Store], Store]
"""What processes see in place of the store: itself, or one that has a fault planted."""


def _as_it_is(store: Store) -> Store:
    return store


@dataclass
class Trial:
    """One case, with what is there before, and what one success without any fault comes to."""

    case: Case
    scene: Scene
    directory: Path
    seen: Seen = _as_it_is

    def __post_init__(self) -> None:
        self._template, self._place = self.directory / "before", self.directory / "place"
        self._template.mkdir(parents=True)
        self._before = self.scene.store.twin()
        self.case.prepare(self.scene, self._before, self._template)
        everything = [*items_of(self._before), *self.scene.names.values(), *files_of(self._template)]
        self._likeness = Likeness("\n".join(everything))

    @cached_property
    def success(self) -> End:
        """Return what one success comes to."""
        store, clock, place = self._begin()
        process = self._process(store, clock, place)
        told = self.case.run(process)
        assert told.code == self.case.code, f"{self.case.name}: {told}"
        return replace(self._end(store, clock, place, told), calls=tuple(process.store.made))

    def cuts(self) -> Iterator[Cut]:
        """Yield everything that can happen, once at each call of a success."""
        calls = len(self.success.calls)
        yield from (Cut(at, kind) for at, kind in product(range(1, calls + 1), KINDS))

    def violation(self, cut: Cut) -> str | None:
        """Cut a process off, let another one ask again, and return in words what is not as after one success."""
        store, clock, place = self._begin()
        files = Files(place)
        process = self._process(store, clock, place, cut, files)
        try:
            self.case.run(process)
        except Died:
            files.bring_back()
        clock.advance(self.case.rests)
        told = self.case.run(self._process(store, clock, place))
        difference = self._difference(self._end(store, clock, place, told))
        if difference is None:
            return None
        return f"{self.case.name}, {cut.kind} at call {cut.at} ({self.success.calls[cut.at - 1]}): {difference}"

    def _begin(self) -> tuple[MemoryStore, ManualClock, Path]:
        if self._place.exists():
            rmtree(self._place)
        copytree(self._template, self._place)
        clock = ManualClock(self.scene.now)
        return self._before.twin(clock), clock, self._place

    def _process(
        self, store: MemoryStore, clock: ManualClock, place: Path, cut: Cut | None = None, files: Files | None = None
    ) -> Process:
        mortal = Mortal(self.seen(store), cut, files.keep if files else lambda: None)
        return Process(mortal, clock, place, self.scene.names)

    def _end(self, store: MemoryStore, clock: ManualClock, place: Path, told: Told) -> End:
        items = self._likeness.of_lines(map(self._without, items_of(store)))
        files = self._likeness.of_lines(map(self._without, files_of(place)))
        return End(items, files, Told(told.code, self._likeness.of(told.answer)), self._wrong(store, clock))

    def _without(self, line: str) -> str:
        for pattern in self.case.forgets:
            line = re.sub(pattern, "", line)
        return line

    def _wrong(self, store: MemoryStore, clock: ManualClock) -> list[str]:
        """Return what the audit finds, and what is found without it."""
        if None in map(store.describe_table, TABLES):
            return []
        findings = AuditService(store, clock).run("auditor").findings
        return self._likeness.of_lines(iter([*map(str, findings), *errors_in(store)]))

    def _difference(self, found: End) -> str | None:
        wanted = self.success
        if found.wrong != wanted.wrong:
            return f"the audit finds {found.wrong}, after a success {wanted.wrong}"
        for name in ("items", "files"):
            left, right = getattr(wanted, name), getattr(found, name)
            if left != right:
                return f"{name} differ: {_more(left, right)} are missing, {_more(right, left)} are too much"
        if self.case.same_answer and found.told != wanted.told:
            return f"{found.told} was told, and not {wanted.told}"
        if found.told.code not in (wanted.told.code, *self.case.further_codes):
            return f"the second process ended with {found.told}"
        return None


def _more(left: Sequence[str], right: Sequence[str]) -> list[str]:
    """Return what the left side has more of."""
    return list((Counter(left) - Counter(right)).elements())


def trials(directory: Path, cases: Iterable[Case] | None = None, seen: Seen = _as_it_is) -> Iterator[Trial]:
    """Yield a trial for each case, by default for everything that writes."""
    set_up = scene()
    for number, case in enumerate((*actions(), *commands()) if cases is None else cases):
        yield Trial(case, set_up, directory / str(number), seen)


CLAIMS = {
    "actions": "an action that dies anywhere and is repeated is carried out once",
    "commands": "a command of one or many that dies anywhere and is repeated is carried out once",
    "tables": "a job over whole tables that dies anywhere goes on to the same end",
}
"""What is claimed of each kind of case, in words."""


@dataclass
class Tally:
    """How many ways to write of a kind were cut off how often, and what was not as after one success."""

    cases: int = 0
    cuts: int = 0
    violations: list[str] = field(default_factory=list)

    def add(self, trial: Trial, cuts: Sequence[Cut]) -> None:
        """Cut a case off in these ways."""
        self.cases, self.cuts = self.cases + 1, self.cuts + len(cuts)
        self.violations += [found for cut in cuts if (found := trial.violation(cut))]

    def row(self, claim: str) -> Row:
        """Return the row of the table: how many processes ran, and how many of them were cut off."""
        return Row(claim, self.cases + 2 * self.cuts, self.cuts, len(self.violations), "all")


def cut_off(found: Iterable[Trial], chosen: Callable[[Sequence[Cut]], Sequence[Cut]]) -> dict[str, Tally]:
    """Cut each case off at the chosen ones of its calls; return a tally of each kind."""
    tallies = {kind: Tally() for kind in CLAIMS}
    for trial in found:
        tallies[_kind(trial.case)].add(trial, chosen(list(trial.cuts())))
    return tallies


def _kind(case: Case) -> str:
    return "actions" if "/" in case.of else "tables" if case.of.startswith("tables ") else "commands"


def violations(tallies: Mapping[str, Tally]) -> list[str]:
    """Return what was not as after one success, in words."""
    return [each for tally in tallies.values() for each in tally.violations]


def some(count: int, seed: int) -> Callable[[Sequence[Cut]], Sequence[Cut]]:
    """Return what chooses so many cuts of each case, by a seed."""
    random = Random(seed)
    return lambda cuts: random.sample(cuts, min(count, len(cuts)))


def prove(minutes: float, seed: int) -> Findings:
    """Cut everything off everywhere, whatever time that takes."""
    del minutes, seed  # nothing here is chance
    with TemporaryDirectory() as directory:
        tallies = cut_off(trials(Path(directory)), lambda cuts: cuts)
    return Findings([tallies[kind].row(claim) for kind, claim in CLAIMS.items()], violations(tallies))


PART = Part("crashes", "everything that writes, cut off at each of its calls of the store, and done once more", prove)
