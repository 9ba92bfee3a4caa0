"""Finds items by their id alone, in the tables whose keys also hold `created_at`."""

from commercive_cli.domain.ids import created_at_of
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import Table


def key_of_id(table: Table, identifier: str) -> Key | None:
    """Return the key of an item with this id, whose time is part of a UUIDv7; None for ids of any other shape."""
    created_at = created_at_of(identifier)
    return None if created_at is None else {table.partition.name: identifier, "created_at": created_at}


def find_by_id(store: Store, table: Table, identifier: str) -> Item | None:
    """Return the item with this id, or None: one read, or two if it is not found at the time in its UUIDv7."""
    key = key_of_id(table, identifier)
    item = store.get(table, key) if key else None
    return item if item is not None else query_by_id(store, table, identifier)


def query_by_id(store: Store, table: Table, identifier: str) -> Item | None:
    """Return the item with this id, or None, by a query of its partition; for ids that do not hold the key's time."""
    page = store.query(Query(table, identifier, limit=1))
    return page.items[0] if page.items else None
