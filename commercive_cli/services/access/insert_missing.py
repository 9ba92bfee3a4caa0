"""Stores only items whose keys are free, so that a repeated bulk load does not revert later changes."""

from collections.abc import Callable, Sequence

from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import Table
from commercive_cli.store.writes import Absent, Put

OnTaken = Callable[[int, Item | None], object]
"""Is called with the position of an item whose key is taken, and with the stored item; it may raise."""


def insert_missing(store: Store, table: Table, items: Sequence[Item], on_taken: OnTaken) -> int:
    """Store the items, except those whose keys are taken, in one transaction; return how many were stored.

    `on_taken` is called for each taken key before anything is stored.
    """
    remaining = dict(enumerate(items))
    while remaining:
        positions = list(remaining)
        try:
            store.transact(*(Put(table, remaining[position], when=Absent()) for position in positions))
            return len(remaining)
        except ConditionFailed as failed:
            found = {positions[at]: item for at, item in failed.failures.items()}
        for position, item in found.items():
            on_taken(position, item)
            del remaining[position]
    return 0
