"""The SQLite file itself: connections that threads share, transactions, and what its errors mean to people."""

import errno
import sqlite3
import stat
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from commercive_cli.domain.errors import SAME_KEY, CommerciveError, Invalid, Misconfigured, NotTaken, Unavailable
from commercive_cli.domain.secrets import redact
from commercive_cli.engines.sqlite.table_description import check_key
from commercive_cli.engines.sqlite.table_sql import TableSQL

_FULL = (errno.ENOSPC, errno.EDQUOT)
_CREATE = "create it with `commercive tables create`"
_POLL_SECONDS = 0.005
_READERS_MS = 1_000
"""For how long readers are waited for, whose view of the file keeps what was overwritten."""
_Identity = tuple[int, int]


class _Connection(sqlite3.Connection):
    """A connection that knows which file it opened: a file replaced under its path must not be written any more.

    `ours` are the names of the tables that it has seen to have our keys.
    """

    identity: _Identity = (0, 0)
    ours: frozenset[str] = frozenset()


class SQLiteFile:
    """A database file, opened at first use, with as many connections as threads use it at once.

    Waits up to `deadline` seconds for other writers. The writers of one process queue for a lock, which wakes them in
    microseconds, where SQLite's own lock is polled.
    """

    def __init__(self, path: Path, deadline: float) -> None:
        self.path = path
        self._deadline = deadline
        self._idle: deque[_Connection] = deque()
        self._writer = threading.Lock()
        self._closed = False
        self._written = False

    def exists(self) -> bool:
        """Return whether there is something at the path; raise Misconfigured when nobody may know."""
        return self._identity() is not None

    def create(self) -> None:
        """Make an empty file, readable by its owner only, and its directories, unless they are there."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
        except OSError as error:
            kind = Unavailable if error.errno in _FULL else Misconfigured
            raise kind(f"{self.path} cannot be created: {error.strerror}") from error

    @contextmanager
    def reading(self, *tables: TableSQL) -> Iterator[sqlite3.Connection]:
        """Lend a connection to read these tables; each statement sees one consistent state.

        Raises Misconfigured when there is no file, or one of the tables is missing or not ours.
        """
        connection = self._taken()
        try:
            for table in tables:
                if table.name not in connection.ours and check_key(connection, table):
                    connection.ours |= {table.name}
            yield connection
        except OverflowError:
            raise Invalid("a number to look for must fit into 64 bits") from None
        except sqlite3.DatabaseError as error:
            told = self._explained(error, connection, tables)
            if told is None:
                raise
            raise told from error
        finally:
            self._give_back(connection)

    @contextmanager
    def writing(self, *tables: TableSQL) -> Iterator[sqlite3.Connection]:
        """Lend a connection within a transaction, committed to disk when the block ends, undone when it raises."""
        if not self._writer.acquire(timeout=self._deadline):
            raise self._locked()
        try:
            with self.reading(*tables) as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
                self._written = True
        finally:
            self._writer.release()

    def rewrite(self) -> list[str]:
        """Write the file anew, so that no page keeps what it held, and empty the log; return what holds it still.

        SQLite overwrites what is deleted (`secure_delete`), but not what it leaves behind when it moves a row to
        another page: only VACUUM makes every page anew (SQLite documentation, "Vacuum").
        """
        with self._writer, self.reading() as connection:
            try:
                connection.execute("VACUUM")
                connection.execute(f"PRAGMA busy_timeout = {_READERS_MS}")
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                connection.execute(f"PRAGMA busy_timeout = {self._deadline * 1000:.0f}")
            except sqlite3.OperationalError as error:
                return [f"old bytes in {self.path}, which cannot be written anew: {redact(str(error))}"]
        if busy:
            return [f"old bytes in {self.path}-wal, as another program reads the file; end it, then the same again"]
        return []

    def close(self) -> None:
        """Close the idle connections now, and those that other threads still use as they come back.

        What was written, and what it overwrote, leaves the log, unless somebody reads an older state meanwhile.
        """
        self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        """Close what is idle; whoever takes a connection out of the pool is the only one to have it."""
        with suppress(IndexError):
            while True:
                with closing(self._idle.pop()) as connection:
                    if self._written:
                        _empty_log(connection)

    def _taken(self) -> _Connection:
        identity = self._identity()
        if identity is None:
            raise Misconfigured(f"no store at {self.path}; {_CREATE}")
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._opened(identity)
            if connection.identity == identity:
                return connection
            connection.close()

    def _give_back(self, connection: _Connection) -> None:
        try:
            if connection.in_transaction:
                connection.rollback()
        except sqlite3.Error:
            connection.close()  # which undoes the transaction, too
            return
        self._idle.append(connection)
        # Looked at afterwards: a thread that closes the store meanwhile misses no connection.
        if self._closed:
            self._close_idle()

    def _opened(self, identity: _Identity) -> _Connection:
        try:
            connection = self._connected()
        except sqlite3.DatabaseError as error:
            told = self._explained(error)
            if told is None:
                raise
            raise told from error
        connection.identity = identity
        return connection

    def _connected(self) -> _Connection:
        """Open for reading and writing without creating; connections wander between threads, one at a time."""
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=self._deadline,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
        )
        try:
            self._use_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            # What is deleted or erased is overwritten, whatever this SQLite was compiled to do.
            connection.execute("PRAGMA secure_delete = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        """Turn on WAL, which lasts; while another process does so, SQLite refuses at once instead of waiting."""
        until = time.monotonic() + self._deadline
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                    raise
            else:
                return
            time.sleep(_POLL_SECONDS)

    def _identity(self) -> _Identity | None:
        try:
            found = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Misconfigured(f"{self.path} cannot be opened: {error.strerror}") from error
        if not stat.S_ISREG(found.st_mode):
            kind = "a directory" if stat.S_ISDIR(found.st_mode) else "no file"
            raise Misconfigured(f"{self.path} is {kind}, it is not a SQLite database")
        return found.st_dev, found.st_ino

    def _locked(self) -> NotTaken:
        return NotTaken(
            f"{self.path} was locked by another writer for {self._deadline:g} s; this write was not made, try again"
        )

    def _explained(
        self,
        error: sqlite3.DatabaseError,
        connection: sqlite3.Connection | None = None,
        tables: tuple[TableSQL, ...] = (),
    ) -> CommerciveError | None:
        match primary_code(error):
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return self._locked()
            case sqlite3.SQLITE_NOTADB:
                return Misconfigured(f"{self.path} is not a SQLite database")
            case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
                return Misconfigured(
                    f"{self.path} cannot be opened; it and its directory must be readable and writable"
                )
            case sqlite3.SQLITE_READONLY:
                return Misconfigured(f"{self.path} is read-only; it and its directory must be writable")
            case sqlite3.SQLITE_FULL:
                return NotTaken(f"the disk of {self.path} is full; this write was undone, make room and try again")
            case sqlite3.SQLITE_IOERR:
                return Unavailable(f"{self.path} failed ({redact(str(error))}); the outcome is unknown, {SAME_KEY}")
            case sqlite3.SQLITE_CORRUPT:
                return Misconfigured(f"{self.path} is damaged ({redact(str(error))}); restore it from a backup")
            case sqlite3.SQLITE_ERROR if connection is not None:
                return self._wrong_table(error, connection, tables)
        return None

    def _wrong_table(
        self, error: sqlite3.DatabaseError, connection: sqlite3.Connection, tables: tuple[TableSQL, ...]
    ) -> CommerciveError:
        for table in tables:
            if not check_key(connection, table):
                missing = f"table {table.name} does not exist in {self.path}"
                return Misconfigured(f"{missing}; {_foreign_beside(connection, table) or _CREATE}")
        return Misconfigured(
            f"a table in {self.path} is not as it should be ({redact(str(error))}); see `commercive tables diff`"
        )


def _foreign_beside(connection: sqlite3.Connection, table: TableSQL) -> str:
    """Return the message for another table of the same prefix that is not ours: nothing is created beside it."""
    try:
        for other in table.beside():
            check_key(connection, other)
    except Misconfigured as foreign:
        return str(foreign)
    return ""


def _empty_log(connection: sqlite3.Connection) -> None:
    """Bring the log into the file and cut it to nothing, as SQLite itself does only for the last one to close."""
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's result code without its extension; 0 for an error of the Python module itself."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
