"""Leads and conversations of which there are two with one id, which keys that end in a time cannot rule out."""

from dataclasses import dataclass, field
from itertools import pairwise

from commercive_cli.store.items import Item
from commercive_cli.store.schema import Table


@dataclass
class DuplicateIds:
    """Finds them while the pages of a table pass by, each segment in its order; holds one item of every page."""

    table: Table
    _last: dict[str, Item] = field(default_factory=dict)

    def among(self, items: list[Item]) -> list[Item]:
        """Return those items of a page, and of pages before, that have one id with another one."""
        if not items:
            return []
        name = self.table.partition.name
        before = self._last.get(items[0][name])
        self._last[items[-1][name]] = items[-1]
        neighbours = pairwise(items if before is None else [before, *items])
        return [item for pair in neighbours if pair[0][name] == pair[1][name] for item in pair]
