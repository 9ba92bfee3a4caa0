"""What a check is: it looks at every item once, then confirms each suspicion by repairing it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.clock import Clock
from commercive_cli.domain.errors import Damaged, Invalid
from commercive_cli.domain.ids import NewId
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import Table
from commercive_cli.store.writes import Write


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

    def named(self, invariant: str, table: Table, identifier: str, problem: str) -> Finding:
        """Return a finding that only a person can repair."""
        return Finding(invariant=invariant, table=table.name, id=identifier, problem=problem)

    def apply(self, findings: list[Finding], *writes: Write) -> list[Finding]:
        """Make one repair and return what it repairs; raise ConditionFailed when that changed since.

        What no store would take as it must be, such as a key of too many bytes, or what touches an item that cannot be
        read, is left for a person.
        """
        try:
            self.store.transact(*writes)
        except (Invalid, Damaged) as refused:
            words = f"; not repaired: {refused.message}"
            return [each.model_copy(update={"problem": each.problem + words, "fixed": False}) for each in findings]
        return findings


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
