"""The lines that an import refuses: all are counted by table and kind, and the first hundred are named."""

from collections import Counter

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.transfer.source import SourceFile

MOST_NAMED = 100


class RefusedLines(Invalid):
    """Files of an import hold what cannot be stored; nothing was written. `places` are files and lines with reasons."""

    def __init__(self, message: str, places: tuple[str, ...]) -> None:
        super().__init__(message)
        self.places = places


class Refusals:
    """What is wrong with the files of one import, in constant memory: as many kinds as there are attributes of ours."""

    def __init__(self) -> None:
        self._places: list[str] = []
        self._kinds: Counter[tuple[str, str]] = Counter()

    def __len__(self) -> int:
        """Return how many there are."""
        return self._kinds.total()

    def line(self, file: SourceFile, number: int, reason: str, kind: str) -> None:
        """Note why a line is refused."""
        self._add(file, f"{file.path}, line {number}: {reason}", kind)

    def file(self, file: SourceFile, reason: str) -> None:
        """Note why a file is refused, each of whose lines could be taken."""
        self._add(file, reason, "the whole file")

    def check(self) -> None:
        """Raise RefusedLines, naming the first, when there is anything."""
        if len(self) == 1:
            raise RefusedLines(self._places[0], tuple(self._places))
        if self._kinds:
            counts = sorted((table, -count, kind) for (table, kind), count in self._kinds.items())
            kinds = ", ".join(f"{-count:,} of {table} for {kind}" for table, count, kind in counts)
            named = "" if len(self) == len(self._places) else f", the first {len(self._places)} are named"
            told = f"{len(self):,} lines are refused{named}: {kinds}; nothing was written"
            way_out = "mend the files, or choose tables with --only"
            raise RefusedLines(f"{told}; {way_out}; the first is {self._places[0]}", tuple(self._places))

    def _add(self, file: SourceFile, place: str, kind: str) -> None:
        self._kinds[file.table.name, kind] += 1
        if len(self._places) < MOST_NAMED:
            self._places.append(place)
