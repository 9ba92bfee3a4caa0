"""Closing a store closes every connection to its file, whichever thread opened it and whatever happens meanwhile."""

import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Barrier, Event
from types import FrameType
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.engines.sqlite import database_file
from commercive_cli.engines.sqlite.database_file import SQLiteFile

THREADS = 5
COUNT = "SELECT count(*) FROM sqlite_schema"


@pytest.fixture
def file(tmp_path: Path) -> SQLiteFile:
    made = SQLiteFile(tmp_path / "store.db", deadline=5)
    made.create()
    return made


def is_closed(connection: sqlite3.Connection) -> bool:
    """Return whether a connection can no longer be used."""
    try:
        connection.execute(COUNT)
    except sqlite3.ProgrammingError:
        return True
    return False


def test_connections_of_other_threads_are_closed(file: SQLiteFile) -> None:
    """A server's threads have a connection each; after `close` none of them is left to the garbage collector."""
    together = Barrier(THREADS)

    def used() -> sqlite3.Connection:
        with file.reading() as connection:
            together.wait(30)
            return connection

    with ThreadPoolExecutor(THREADS) as pool:
        opened = [future.result() for future in [pool.submit(used) for _ in range(THREADS)]]
        file.close()

        assert (THREADS, True) == (len(set(opened)), all(map(is_closed, opened)))


def test_a_connection_in_use_is_closed_once_it_is_not(file: SQLiteFile) -> None:
    """What another thread reads while the store is closed, it reads to its end."""
    reads, closed = Event(), Event()

    def use() -> tuple[sqlite3.Connection, object]:
        with file.reading() as connection:
            reads.set()
            closed.wait(30)
            return connection, connection.execute(COUNT).fetchone()

    with ThreadPoolExecutor(1) as pool:
        using = pool.submit(use)
        assert reads.wait(30)
        file.close()
        closed.set()
        connection, answer = using.result()

    assert (True, (0,)) == (is_closed(connection), answer)


@contextmanager
def interrupted_by_closing(file: SQLiteFile, line: int) -> Iterator[list[int]]:
    """Close the file right before the `line`-th line that the block runs in its module, as another thread might.

    Lends a list that holds the lines run so far.
    """
    lines: list[int] = []

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        if frame.f_code.co_filename != database_file.__file__:
            return None
        if event == "line":
            lines.append(frame.f_lineno)
            if len(lines) == line:
                file.close()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lines
    finally:
        sys.settrace(before)


def test_no_connection_is_missed_whenever_the_store_is_closed(tmp_path: Path) -> None:
    """Between any two lines of a write, a close by another thread leaves no connection open and the write intact."""
    line, ran = 0, [0]
    while line < len(ran):
        line += 1
        file = SQLiteFile(tmp_path / f"{line}.db", deadline=5)
        file.create()
        with interrupted_by_closing(file, line) as ran, file.writing() as connection:
            connection.execute("CREATE TABLE made (x)")

        assert is_closed(connection), f"closed before line {ran[line - 1]}"
        with file.reading() as connection:
            assert (1,) == connection.execute(COUNT).fetchone()
        assert is_closed(connection)
    assert line > 20


def test_a_transaction_that_cannot_be_rolled_back_is_undone_by_closing(file: SQLiteFile) -> None:
    """The caller hears what went wrong first, and the next writer does not find itself in that transaction."""

    def allow(action: int, operation: str | None, *_more: str | None) -> int:
        refused = action == sqlite3.SQLITE_TRANSACTION and operation == "ROLLBACK"
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    def change_one_s_mind() -> None:
        with file.writing() as connection:
            used.append(connection)
            connection.execute("CREATE TABLE made (x)")
            connection.set_authorizer(allow)
            raise Invalid("second thoughts")

    used: list[sqlite3.Connection] = []
    with pytest.raises(Invalid, match="second thoughts"):
        change_one_s_mind()
    assert [True] == [is_closed(connection) for connection in used]
    with closing(file), file.writing() as connection:
        assert (0,) == connection.execute(COUNT).fetchone()
