"""What was found to be wrong with the data there, by kind: all of it is counted, examples are kept."""

from bisect import insort
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from commercive_cli.domain.answers.adoption import AdoptionProblem
from commercive_cli.domain.quoting import shortened
from commercive_cli.services.adopt.mapping import DONE, EACH_NAMED

EXAMPLES = 5
MOST_NAMED = 10_000
"""How many are named of a kind of which each is to be told; their audit rows tell the rest."""

Note = Callable[[str, str], None]
"""Notes that there is a problem of a kind with the item at hand, and in words which one."""


@dataclass
class Problems:
    """Counts of problems by kind and table, with examples, in memory that does not grow with the items.

    The examples are the first ones in their own order, the same whichever item was read first.
    """

    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _examples: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def of(self, table: str, identifier: str) -> Note:
        """Return what notes problems of one item."""
        return lambda kind, words: self.add(kind, table, shortened(identifier), words)

    def add(self, kind: str, table: str, identifier: str, words: str) -> None:
        """Note one problem."""
        self._counts[kind, table] += 1
        named = self._examples.setdefault((kind, table), [])
        insort(named, f"{identifier}: {words}")
        del named[MOST_NAMED if kind in EACH_NAMED else EXAMPLES :]

    def answers(self) -> list[AdoptionProblem]:
        """Return all kinds, in the order in which they are declared."""
        order = list(DONE)
        kinds = sorted(self._counts, key=lambda each: (order.index(each[0]), each[1]))
        return [
            AdoptionProblem(kind=k, table=t, count=self._counts[k, t], done=DONE[k], examples=self._examples[k, t])
            for k, t in kinds
        ]
