"""Finds items with the same id and another time, which the keys of leads and conversations do not prevent."""

from dataclasses import dataclass, field
from itertools import pairwise

from commercive_cli.store.items import Item
from commercive_cli.store.schema import Table


@dataclass
class DuplicateIds:
    """Finds items with the same id in the pages of a table, given in the order of their segment.

    It keeps the last item of every page.
    """

    table: Table
    _last: dict[str, Item] = field(default_factory=dict)

    def among(self, items: list[Item]) -> list[Item]:
        """Return the items of this page, and of earlier pages, that have the same id as another item."""
        if not items:
            return []
        name = self.table.partition.name
        before = self._last.get(items[0][name])
        self._last[items[-1][name]] = items[-1]
        neighbours = pairwise(items if before is None else [before, *items])
        return [item for pair in neighbours if pair[0][name] == pair[1][name] for item in pair]
