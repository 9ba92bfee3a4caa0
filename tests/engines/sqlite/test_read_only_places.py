"""A store where nothing can be written can be read: a file, a directory or a mount that is read-only."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest

from commercive_cli.domain.errors import CommerciveError
from commercive_cli.engines.sqlite.database_file import SQLiteFile
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import AFFILIATE_STATS
from commercive_cli.store.writes import Put

NOBODY = 65_534


@pytest.fixture
def place() -> Iterator[Path]:
    """Yield a directory that every user can reach, with a closed store in it that holds "ann"."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        directory = Path(made) / "place"
        directory.mkdir()
        with closing(SQLiteStore(directory / "store.db")) as store:
            store.create_table(AFFILIATE_STATS)
            put(store, "ann")
        yield directory
        directory.chmod(0o755)


def put(store: SQLiteStore, name: str) -> None:
    store.transact(Put(AFFILIATE_STATS, {"affiliate_id": name}))


def close_to_all(directory: Path) -> None:
    for each in directory.iterdir():
        each.chmod(0o444)
    directory.chmod(0o555)


def as_reader(use: Callable[[Path], str], directory: Path) -> str:
    """Return what a user sees who may read the directory and change nothing."""
    with FORK.Pool(1, os.setuid if os.geteuid() == 0 else None, (NOBODY,)) as pool:
        return pool.apply(use, (directory / "store.db",))


def names(path: Path) -> str:
    with closing(SQLiteStore(path, deadline=0.1)) as store:
        try:
            return " ".join(sorted(item["affiliate_id"] for item in store.scan(AFFILIATE_STATS).items))
        except CommerciveError as error:
            return f"{error.code}: {error.message}"


def refused_write(path: Path) -> str:
    with closing(SQLiteStore(path, deadline=0.1)) as store:
        try:
            store.get(AFFILIATE_STATS, {"affiliate_id": "ann"})
            put(store, "eve")
        except CommerciveError as error:
            return f"{error.code}: {error.message}"
    return ""


FORK = get_context("fork")
HAS_READ, HAS_WRITTEN = FORK.Event(), FORK.Event()


def changed_between_reads(path: Path) -> str:
    """Read a file, which a writer changes meanwhile, as if there were no writers."""
    with closing(SQLiteStore(path, deadline=0.1)) as store:
        try:
            before = store.get(AFFILIATE_STATS, {"affiliate_id": "ann"})
        finally:
            HAS_READ.set()
        HAS_WRITTEN.wait(30)
        after = store.get(AFFILIATE_STATS, {"affiliate_id": "bob"})
    return f"{before} {after}"


def changed_while_read(path: Path) -> str:
    """Read a file, which a writer changes before all of it is read."""
    file = SQLiteFile(path, 0.1)
    try:
        with closing(file), file.reading() as connection:
            connection.execute("SELECT * FROM commercive_affiliate_stats").fetchall()
            HAS_READ.set()
            HAS_WRITTEN.wait(30)
    except CommerciveError as error:
        return f"{error.code}: {error.message}"
    return "a mixture"


READS: dict[Callable[[Path], str], str] = {
    changed_between_reads: "{'affiliate_id': 'ann'} {'affiliate_id': 'bob'}",
    changed_while_read: "store.db was written to while it was read without locks; try again",
}


def test_a_log_is_read_with_its_file(place: Path) -> None:
    """After a kill, what only the log holds is seen too; without the file of locks, the store is refused."""
    with closing(SQLiteStore(place / "store.db")) as store:
        put(store, "bob")
        killed = Path(shutil.copytree(place, place.with_name("killed")))
    close_to_all(killed)
    assert "ann bob" == as_reader(names, killed)

    killed.chmod(0o755)
    (killed / "store.db-shm").unlink()
    close_to_all(killed)
    assert "store.db-wal holds what was written last, and cannot be read" in as_reader(names, killed)


def test_a_write_says_that_the_store_is_read_only(place: Path) -> None:
    """Also after a read with the same store, and nothing is written."""
    close_to_all(place)

    assert "misconfigured: " in as_reader(refused_write, place)
    assert "is read-only; it and its directory must be writable" in as_reader(refused_write, place)
    assert "ann" == names(place / "store.db")


@pytest.mark.parametrize("read", READS, ids=lambda read: read.__name__)
def test_what_others_write_meanwhile_is_seen_or_said(place: Path, read: Callable[[Path], str]) -> None:
    """Who may change nothing reads what others have written since, and never a mixture of both."""
    close_to_all(place)
    HAS_READ.clear()
    HAS_WRITTEN.clear()
    with FORK.Pool(1, os.setuid if os.geteuid() == 0 else None, (NOBODY,)) as pool:
        told = pool.apply_async(read, (place / "store.db",))
        assert HAS_READ.wait(30)
        place.chmod(0o755)
        (place / "store.db").chmod(0o644)
        with closing(SQLiteStore(place / "store.db")) as store:
            put(store, "bob")
        HAS_WRITTEN.set()
        assert READS[read] in told.get(60)
