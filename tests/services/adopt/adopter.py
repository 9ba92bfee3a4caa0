"""Who adopts in tests, and what its answers say in short."""

from dataclasses import dataclass, field
from pathlib import Path

from commercive_cli.domain.answers.adoption import Adopted
from commercive_cli.domain.clock import Sleep
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.adopt.lease import Holder
from commercive_cli.services.adopt.service import AdoptionService, Steps, Wish
from commercive_cli.store.legacy_source import LegacySource
from commercive_cli.store.port import Store
from tests.e2e.embedded import make_file
from tests.services.fakes import DAY, START, ManualClock

HERE, ELSEWHERE = Holder("here", 1), Holder("elsewhere", 1)
NOW = START + DAY
REAL, REHEARSED = Wish(), Wish(dry_run=True)


@dataclass
class Adopter:
    """Adopts into one store, by a clock of its own and from a machine that nobody knows."""

    store: Store
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    holder: Holder = ELSEWHERE
    sleep: Sleep = field(default=lambda _: None)

    def __call__(self, source: LegacySource, wish: Wish = REAL) -> Adopted:
        service = AdoptionService(self.store, self.clock, holder=lambda: self.holder, sleep=self.sleep)
        return service.run(source, "ops", wish, Steps())


def kinds(answer: Adopted) -> dict[str, int]:
    """Return how many problems of each kind there are."""
    counts: dict[str, int] = {}
    for each in answer.problems:
        counts[each.kind] = counts.get(each.kind, 0) + each.count
    return counts


def fates(answer: Adopted) -> dict[str, dict[str, int]]:
    """Return what became of the items of each table, without what happened to none."""
    return {
        each.table.removeprefix("commercive_"): {
            name: count for name, count in each.model_dump(exclude={"table"}).items() if count
        }
        for each in answer.tables
    }


def unbalanced(answer: Adopted) -> list[str]:
    """Return the figures that differ between the sides."""
    return [each.figure for each in answer.reconciliation if not each.balanced]


def made(path: Path) -> SQLiteStore:
    """Return a new store with empty tables."""
    make_file(path)
    return SQLiteStore(path)
