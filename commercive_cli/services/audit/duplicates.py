"""Leads and conversations that are stored twice: whichever a command finds, the other goes on as it is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.services.access.duplicates import DuplicateIds
from commercive_cli.services.audit.check import Repairs
from commercive_cli.store.items import Item
from commercive_cli.store.port import Query
from commercive_cli.store.schema import CONVERSATIONS, LEADS, Table


@dataclass
class DuplicateIdCheck:
    """There is one lead, and one conversation, of every id."""

    tables: ClassVar[tuple[Table, ...]] = (LEADS, CONVERSATIONS)

    _duplicates: dict[Table, DuplicateIds] = field(
        default_factory=lambda: {table: DuplicateIds(table) for table in DuplicateIdCheck.tables}
    )
    _suspects: set[tuple[Table, str]] = field(default_factory=set)

    def visit(self, table: Table, items: list[Item]) -> None:
        """Remember what is there twice."""
        self._suspects.update((table, item[table.partition.name]) for item in self._duplicates[table].among(items))

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield what is there twice; only a person can say which one is true."""
        for table, identifier in sorted(self._suspects, key=lambda suspect: suspect[1]):
            times = [item["created_at"] for item in repairs.store.query(Query(table, identifier)).items]
            if len(times) > 1:
                problem = f"it is stored {len(times)} times, created at {', '.join(map(str, times))}"
                yield repairs.named("twins", table, identifier, problem[:200])
