"""SQLite files with their tables made; worker processes import this, so it loads no other engine."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.port import Store
from commercive_cli.store.schema import TABLES


@contextmanager
def file_store(path: Path) -> Iterator[SQLiteStore]:
    """Open a SQLite file, with its tables when it is new."""
    if not path.exists():
        make_file(path)
    with closing(SQLiteStore(path)) as store:
        yield store


def make_file(path: Path) -> None:
    """Make a SQLite file with its tables: a copy of the first one, since a transaction for each takes much longer."""
    path.touch(mode=0o600)
    path.write_bytes(_empty())


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "store.db"
        with closing(SQLiteStore(path)) as store:
            make_tables(store)
        return path.read_bytes()


def make_tables(store: Store) -> None:
    for table in TABLES:
        store.create_table(table)
