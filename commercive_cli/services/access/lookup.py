"""From an id alone to the whole key, for the tables that sort on `created_at`."""

from commercive_cli.domain.ids import created_at_of
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import Table


def key_of_id(table: Table, identifier: str) -> Key | None:
    """Return the key that a UUIDv7 gives away without a read; None for ids of any other shape."""
    created_at = created_at_of(identifier)
    return None if created_at is None else {table.partition.name: identifier, "created_at": created_at}


def find_by_id(store: Store, table: Table, identifier: str) -> Item | None:
    """Return the item with this id: one read, or two for a UUIDv7 that tells another time."""
    key = key_of_id(table, identifier)
    item = store.get(table, key) if key else None
    return item if item is not None else query_by_id(store, table, identifier)


def query_by_id(store: Store, table: Table, identifier: str) -> Item | None:
    """Return the item with this id by a query of its partition, for ids that do not give their key away."""
    page = store.query(Query(table, identifier, limit=1))
    return page.items[0] if page.items else None
