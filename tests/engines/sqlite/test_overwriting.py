"""What was replaced or deleted is nowhere in the files afterwards, whoever wrote them, or it is said why it is."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.engines.sqlite.database_file import SQLiteFile
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import OPS
from commercive_cli.store.writes import Delete

WORDS = b"what she wrote"
KEY = {"pk": "one", "sk": "1"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with closing(SQLiteStore(tmp_path / "store.db", deadline=0.2)) as store:
        store.create_table(OPS)
        store.batch_put(OPS, [{"pk": each, "sk": "1", "text": WORDS.decode() * 9} for each in ("one", "two")])
        yield store


def raw(directory: Path) -> bytes:
    """Return the bytes of the file, of its log and of the log's index."""
    return b"".join(path.read_bytes() for path in directory.glob("store.db*"))


def test_what_another_program_deleted_is_overwritten_as_well(store: SQLiteStore, tmp_path: Path) -> None:
    """The file need not have been written by connections that overwrite what they delete."""
    with closing(sqlite3.connect(tmp_path / "store.db")) as other:
        other.execute("PRAGMA secure_delete = OFF")
        with other:
            other.execute("DELETE FROM commercive_ops WHERE pk = 'two'")
    store.transact(Delete(OPS, KEY))
    held = WORDS in raw(tmp_path)

    assert (True, []) == (held, list(store.overwrite_old()))
    assert WORDS not in raw(tmp_path)
    assert b"commercive_ops" in raw(tmp_path)


def test_a_reader_of_an_older_state_keeps_the_old_bytes(store: SQLiteStore, tmp_path: Path) -> None:
    """That is said soon, however long others would be waited for; when it has ended, they can be overwritten."""
    with (
        closing(SQLiteStore(tmp_path / "store.db", deadline=20)) as patient,
        closing(sqlite3.connect(tmp_path / "store.db")) as other,
    ):
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM commercive_ops").fetchone()
        store.transact(Delete(OPS, KEY), Delete(OPS, {**KEY, "pk": "two"}))
        began = time.monotonic()
        [said] = patient.overwrite_old()
        took, held = time.monotonic() - began, WORDS in raw(tmp_path)

    assert took < 15
    assert (True, True) == (held, "store.db-wal, as another program reads the file" in said)
    assert [] == list(store.overwrite_old())
    assert WORDS not in raw(tmp_path)


@pytest.mark.parametrize("change", ["a write", "an overwriting"])
def test_locks_are_waited_for_as_before(store: SQLiteStore, tmp_path: Path, change: str) -> None:
    """After either, which wait in ways of their own, a request waits as long as the store was told to."""
    store.close()
    file = SQLiteFile(tmp_path / "store.db", deadline=0.5)
    with closing(file):
        if change == "a write":
            with file.writing():
                pass
        else:
            assert [] == file.rewrite()
        with file.reading() as connection:
            assert (500,) == connection.execute("PRAGMA busy_timeout").fetchone()


def test_a_file_that_cannot_be_written_anew_is_named(store: SQLiteStore, tmp_path: Path) -> None:
    """While another program writes, say, the old bytes stay, and nothing else changes."""
    store.transact(Delete(OPS, KEY))
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        [said] = store.overwrite_old()

    assert "which cannot be written anew: database is locked" in said
    assert store.get(OPS, KEY) is None
    assert store.get(OPS, {**KEY, "pk": "two"}) is not None
