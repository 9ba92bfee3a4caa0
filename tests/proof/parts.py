"""What a part of the proof is: something that can be run for a time from a seed, and rows of the table it gives."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Row:
    """What one claim was held to: how many operations under how many faults, and how often it was broken."""

    claim: str
    operations: int
    faults: int
    violations: int
    seeds: str

    def cells(self) -> tuple[str, ...]:
        """Return what the table shows."""
        return self.claim, f"{self.operations:,}", f"{self.faults:,}", f"{self.violations:,}", self.seeds


@dataclass
class Findings:
    """The rows of a part, and each violation in words, with the command that shows it again."""

    rows: list[Row] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    skipped: str | None = None
    """Why the part could not be run here, as one that needs a server."""

    @property
    def hold(self) -> bool:
        """Whether every claim held."""
        return not self.violations and not any(row.violations for row in self.rows)


class Prove(Protocol):
    """Runs a part for about so many minutes, with all chance drawn from `seed`.

    A part that counts cases in place of time runs all of them, whatever the minutes.
    """

    def __call__(self, minutes: float, seed: int) -> Findings:
        """Run it."""
        ...


@dataclass(frozen=True)
class Part:
    """A part of the proof by name, with what it does in a line.

    One that takes long by itself runs only when it is named, or when there are `least_minutes`.
    """

    name: str
    words: str
    prove: Prove
    least_minutes: float = 0


def table(rows: Sequence[Row]) -> list[str]:
    """Return the lines of the table: words to the left, numbers to the right."""
    cells = [("claim", "operations", "faults", "violations", "seeds"), *(row.cells() for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return [
        "  ".join([first.ljust(widths[0]), *(each.rjust(width) for each, width in zip(rest, widths[1:], strict=True))])
        for first, *rest in cells
    ]
