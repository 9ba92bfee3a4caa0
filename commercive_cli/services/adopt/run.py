"""What one run of an adoption works with, and what it counts."""

from collections.abc import Callable
from dataclasses import dataclass, field

from commercive_cli.domain.answers.adoption import AdoptedTable
from commercive_cli.services.access.scan import OnItems
from commercive_cli.services.adopt import mapping as m
from commercive_cli.services.adopt.conversion import Times
from commercive_cli.services.adopt.lease import Lease
from commercive_cli.services.adopt.problems import Note, Problems
from commercive_cli.services.adopt.reconciliation import Ledger
from commercive_cli.services.adopt.spool import Spool
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import Table
from commercive_cli.store.writes import Write


@dataclass(frozen=True)
class Writer:
    """Writes to a store, while `lease` is this adoption's; without one it is a rehearsal, which only pretends to."""

    store: Store
    lease: Lease | None

    def transact(self, *writes: Write) -> None:
        """Apply the writes, all or none; raise ConditionFailed when a condition does not hold."""
        if self.lease is not None:
            self.lease.check()
            self.store.transact(*writes)

    def batch_put(self, table: Table, items: list[Item]) -> None:
        """Store items that nothing else knows of yet."""
        if items and self.lease is not None:
            self.lease.check()
            self.store.batch_put(table, items)


@dataclass
class Counts:
    """What became of the items of each table, by the former backend's names."""

    _by_table: dict[m.Legacy, dict[str, int]] = field(default_factory=lambda: {each: {} for each in m.LEGACY})

    def add(self, legacy: m.Legacy, fate: str, items: int = 1) -> None:
        """Count items of one fate."""
        fates = self._by_table[legacy]
        fates[fate] = fates.get(fate, 0) + items

    def written(self) -> int:
        """Return how many items were written."""
        return sum(fates.get(each, 0) for fates in self._by_table.values() for each in ("brought", "changed", "made"))

    def answers(self, prefix: str) -> list[AdoptedTable]:
        """Return the counts of each table."""
        return [AdoptedTable(table=prefix + each.name, **fates) for each, fates in self._by_table.items()]


@dataclass
class Run:
    """One run: where from and where to, who acts, and what it finds.

    `fresh` says that the tables held nothing when it began, so that nothing need be read before it is written.
    """

    store: Store
    writer: Writer
    spool: Spool
    actor: str
    times: Times
    fresh: bool
    prefix: str
    problems: Problems
    counts: Counts
    ledger: Ledger
    form_of: Callable[[str], str]
    on_brought: OnItems

    def note(self, legacy: m.Legacy, identifier: str) -> Note:
        """Return what notes problems of one item."""
        return self.problems.of(self.prefix + legacy.name, identifier)
