"""Storing items only where there is nothing: what the repetition of a bulk load does, so that it reverts nobody."""

from collections.abc import Callable, Sequence

from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import Table
from commercive_cli.store.writes import Absent, Put

Taken = Callable[[int, Item | None], object]
"""Is told the position of an item whose key is taken, and what is there; it may raise."""


def insert_missing(store: Store, table: Table, items: Sequence[Item], taken: Taken) -> int:
    """Store what fits into one transaction, save what has a taken key; return how many were stored.

    `taken` hears of an item before anything beside it is stored.
    """
    waiting = dict(enumerate(items))
    while waiting:
        places = list(waiting)
        try:
            store.transact(*(Put(table, waiting[place], when=Absent()) for place in places))
            return len(waiting)
        except ConditionFailed as failed:
            found = {places[at]: item for at, item in failed.failures.items()}
        for place, item in found.items():
            taken(place, item)
            del waiting[place]
    return 0
