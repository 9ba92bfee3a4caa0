"""SQLite files with their tables made; worker processes import this, so it loads no other engine."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.port import Store
from commercive_cli.store.schema import TABLES


@contextmanager
def file_store(path: Path) -> Iterator[SQLiteStore]:
    """Open a SQLite file, with its tables when it is new."""
    new = not path.exists()
    with closing(SQLiteStore(path)) as store:
        if new:
            make_tables(store)
        yield store


def make_tables(store: Store) -> None:
    for table in TABLES:
        store.create_table(table)
