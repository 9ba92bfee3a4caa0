"""What a check is: it looks at every item once, then confirms each suspicion by repairing it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.clock import Clock
from commercive_cli.domain.ids import NewId
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import Table


@dataclass(frozen=True)
class Repairs:
    """What repairs work with. Without `fix` the store is a rehearsal: conditions are judged, nothing is written."""

    store: Store
    clock: Clock
    new_id: NewId
    actor: str
    fix: bool

    def finding(self, invariant: str, table: Table, identifier: str, problem: str) -> Finding:
        """Return a finding that has just been repaired, or would have been."""
        return Finding(invariant=invariant, table=table.name, id=identifier, problem=problem, fixed=self.fix)


class Check(Protocol):
    """One family of invariants.

    A sweep sees every table at another moment, so what it suspects may be a change in flight; only a conditional write
    that would have gone through makes a finding. It is shown the items of `tables` alone.
    """

    tables: ClassVar[tuple[Table, ...]]

    def visit(self, table: Table, items: list[Item]) -> None:
        """Take a page of items into account."""
        ...

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Confirm, repair and yield what is wrong."""
        ...
