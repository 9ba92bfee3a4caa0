"""The lines that an import refuses: all are counted by table and kind, and the first hundred are named."""

from collections import Counter

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.transfer.source import SourceFile

MOST_NAMED = 100


class RefusedLines(Invalid):
    """Files of an import hold lines that cannot be stored; nothing was written.

    `reasons` tells of each of the first hundred where it is and why it is refused.
    """

    def __init__(self, message: str, reasons: tuple[str, ...]) -> None:
        super().__init__(message)
        self.reasons = reasons


class Refusals:
    """Collects what is wrong with the files of one import, in constant memory."""

    def __init__(self) -> None:
        self._reasons: list[str] = []
        self._kinds: Counter[tuple[str, str]] = Counter()

    def __len__(self) -> int:
        """Return how many refusals there are."""
        return self._kinds.total()

    def add_line(self, file: SourceFile, number: int, reason: str, kind: str) -> None:
        """Add a line that is refused; `kind` is the attribute or the rule that is broken."""
        self._add(file, f"{file.path}, line {number}: {reason}", kind)

    def add_file(self, file: SourceFile, reason: str) -> None:
        """Add a file that is refused although each of its lines could be stored."""
        self._add(file, reason, "the whole file")

    def check(self) -> None:
        """Raise RefusedLines when there are any."""
        if len(self) == 1:
            raise RefusedLines(self._reasons[0], tuple(self._reasons))
        if self._kinds:
            counts = sorted((table, -count, kind) for (table, kind), count in self._kinds.items())
            kinds = ", ".join(f"{-count:,} of {table} for {kind}" for table, count, kind in counts)
            named = "" if len(self) == len(self._reasons) else f", the first {len(self._reasons)} are named"
            told = f"{len(self):,} lines are refused{named}: {kinds}; nothing was written"
            remedy = "correct the files, or choose tables with --only"
            raise RefusedLines(f"{told}; {remedy}; the first is {self._reasons[0]}", tuple(self._reasons))

    def _add(self, file: SourceFile, reason: str, kind: str) -> None:
        self._kinds[file.table.name, kind] += 1
        if len(self._reasons) < MOST_NAMED:
            self._reasons.append(reason)
