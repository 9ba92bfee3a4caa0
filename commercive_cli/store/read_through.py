"""The base of stores that read from another store; subclasses decide what happens to writes."""

from collections.abc import Sequence

from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Page, Query, Store, StoreClock, TableInfo, TextPage
from commercive_cli.store.schema import Table


class ReadThrough:
    """Reads from another store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def prefix(self) -> str:
        """Return what every table's name starts with."""
        return self._store.prefix

    @property
    def target(self) -> str:
        """Return the other store's name to show to people."""
        return self._store.target

    @property
    def local(self) -> bool:
        """Whether the other store lives on this machine."""
        return self._store.local

    @property
    def index_lag_ms(self) -> int:
        """Return how long the other store's indexes may lag, in milliseconds."""
        return self._store.index_lag_ms

    @property
    def scans_at_once(self) -> int:
        """Return how many segments of a scan should be read at the same time."""
        return self._store.scans_at_once

    def clock(self) -> StoreClock:
        """Return the other store's time."""
        return self._store.clock()

    def get(self, table: Table, key: Key) -> Item | None:
        """Return the item at `key`, or None."""
        return self._store.get(table, key)

    def batch_get(self, table: Table, keys: Sequence[Key]) -> list[Item]:
        """Return the items at these keys."""
        return self._store.batch_get(table, keys)

    def query(self, query: Query) -> Page:
        """Return one page of a query."""
        return self._store.query(query)

    def scan(
        self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None, limit: int | None = None
    ) -> Page:
        """Return one page of a whole-table scan."""
        return self._store.scan(table, segment=segment, segments=segments, start=start, limit=limit)

    def scan_text(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> TextPage:
        """Return one page of a whole-table scan as texts."""
        return self._store.scan_text(table, segment=segment, segments=segments, start=start)

    def describe_table(self, table: Table) -> TableInfo | None:
        """Return the description of the table, or None when it does not exist."""
        return self._store.describe_table(table)

    def overwrite_old(self) -> Sequence[str]:
        """Overwrite nothing: nothing is written here."""
        return ()

    def unsupported(self) -> Sequence[str]:
        """Return the protections that the server does not support."""
        return self._store.unsupported()

    def close(self) -> None:
        """Close the other store."""
        self._store.close()
