"""The SQLite file itself: connections that threads share, transactions, and what its errors mean to people."""

import sqlite3
import stat
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from commercive_cli.domain.errors import CommerciveError, Invalid, Misconfigured, NotTaken
from commercive_cli.domain.secrets import redact
from commercive_cli.engines.sqlite import log_identity
from commercive_cli.engines.sqlite.failures import (
    FULL,
    Stage,
    damaged,
    explained,
    locked,
    needs_writing,
    primary_code,
    unopened,
    unreadable_log,
)
from commercive_cli.engines.sqlite.table_description import check_key
from commercive_cli.engines.sqlite.table_sql import TableSQL

_CREATE = "create it with `commercive tables create`"
_POLL_SECONDS = 0.005
_HEARS_EVERY_MS = 200
_READERS_MS = 1_000
"""For how long readers are waited for, whose view of the file keeps what was overwritten."""
_Identity = tuple[int, int]
_State = tuple[int, int, bytes]
"""When the file was changed, its size, and the mark of the log's beginning."""


class _Connection(sqlite3.Connection):
    """A connection that knows which file it opened: a file replaced under its path must not be written any more.

    `ours` are the names of the tables that it has seen to have our keys, `stage` what it is doing. `checked` is in what
    state the file and its log were found to belong together, `last` the stamp that its last transaction left.

    Where SQLite could not make the files that writers and readers share, `refusal` says why. The connection then reads
    the file as if it never changed, which holds as long as its state is the one that was `checked`.
    """

    identity: _Identity = (0, 0)
    ours: frozenset[str] = frozenset()
    wal: bool = False
    checked: _State | None = None
    last: log_identity.Stamp | None = None
    refusal: CommerciveError | None = None
    stage: Stage = "read"


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
        self._newest: _Connection | None = None  # the one that wrote last

    def exists(self) -> bool:
        """Return whether there is something at the path; raise Misconfigured when nobody may know."""
        return self._identity() is not None

    def create(self) -> None:
        """Make an empty file, readable by its owner only, and its directories, unless they are there."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
        except OSError as error:
            kind = NotTaken if error.errno in FULL else Misconfigured
            raise kind(f"{self.path} cannot be created: {error.strerror}") from error

    @contextmanager
    def reading(self, *tables: TableSQL) -> Iterator[_Connection]:
        """Lend a connection to read these tables; each statement sees one consistent state.

        Raises Misconfigured when there is no file, or one of the tables is missing or not ours.
        """
        connection = self._taken()
        connection.stage = "read"
        try:
            for table in tables:
                if table.name not in connection.ours and check_key(connection, table):
                    connection.ours |= {table.name}
            yield connection
            self._check_frozen(connection)
        except OverflowError:
            raise Invalid("a number to look for must fit into 64 bits") from None
        except UnicodeDecodeError as error:  # Python cannot read what SQLite says: it quotes bytes of the file
            self._check_frozen(connection)
            raise damaged(self.path, error) from error
        except sqlite3.DatabaseError as error:
            self._check_frozen(connection)
            raise self._explained(error, connection, tables) from error
        finally:
            self._give_back(connection)

    @contextmanager
    def writing(self, *tables: TableSQL) -> Iterator[sqlite3.Connection]:
        """Lend a connection within a transaction, committed to disk when the block ends, undone when it raises."""
        if not self._writer.acquire(timeout=self._deadline):
            raise locked(self.path, self._deadline)
        try:
            with self.reading(*tables) as connection:
                if connection.refusal is not None:
                    raise connection.refusal
                connection.stage = "write"
                self._use_wal(connection)
                self._begin(connection)
                self._check_unchanged(connection)
                yield connection
                left = log_identity.leave_stamp(connection)
                connection.stage = "commit"
                connection.execute("COMMIT")
                connection.last = left
                self._newest, self._written = connection, True
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
                    if self._written and self._is_at_path(connection):
                        _empty_log(connection)

    def _taken(self) -> _Connection:
        while True:
            identity = self._identity()
            if identity is None:
                raise Misconfigured(f"no store at {self.path}; {_CREATE}")
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._opened(identity)
                identity = self._identity()  # from now on, nobody can replace the file by `replacement`
            if connection.identity == identity and self._is_fresh(connection):
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
            state = self._state()
            if state[-1] and not log_identity.log_belongs(self.path):
                raise self._other_file()
            connection = self._connected(state)
        except OSError as error:
            raise unopened(self.path, error) from error
        except UnicodeDecodeError as error:
            raise damaged(self.path, error) from error
        except sqlite3.DatabaseError as error:
            raise self._explained(error) from error
        connection.checked, connection.identity = state, identity
        return connection

    def _connected(self, state: _State) -> _Connection:
        """Open for reading and writing, or where SQLite can make no log, and there is none, for reading alone."""
        try:
            return self._connected_by("mode=rw")
        except sqlite3.DatabaseError as error:
            if not needs_writing(error):
                raise
            if state[-1]:
                raise unreadable_log(self.path) from error
            refusal, cause = self._explained(error), error
        try:
            connection = self._connected_by("mode=ro&immutable=1")
        except sqlite3.DatabaseError:
            raise cause from None
        connection.refusal = refusal
        return connection

    def _connected_by(self, mode: str) -> _Connection:
        """Open without creating; connections wander between threads, one at a time."""
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{mode}",
            uri=True,
            timeout=self._deadline,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            # What is deleted or erased is overwritten, whatever this SQLite was compiled to do.
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA schema_version")  # reads, and so takes the lock of those that have it open
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_fresh(self, connection: _Connection) -> bool:
        return connection.refusal is None or self._state() == connection.checked

    def _check_frozen(self, connection: _Connection) -> None:
        """Raise when a file that was read as if it never changed has changed."""
        if not self._is_fresh(connection):
            raise NotTaken(f"{self.path} was written to while it was read without locks; try again")

    def _use_wal(self, connection: _Connection) -> None:
        """Turn on WAL, which lasts; while another process does so, SQLite refuses at once instead of waiting."""
        until = time.monotonic() + self._deadline
        while not connection.wal:
            try:
                if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                    connection.execute("PRAGMA journal_mode = WAL")
                    connection.checked = self._state()
                connection.wal = True
            except sqlite3.OperationalError as error:
                if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                    raise
                time.sleep(_POLL_SECONDS)

    def _begin(self, connection: _Connection) -> None:
        """Begin to write; while another process does, wait in short pieces: within one, Python hears no Ctrl-C."""
        until = time.monotonic() + self._deadline
        connection.execute(f"PRAGMA busy_timeout = {min(_HEARS_EVERY_MS, self._deadline * 1000):.0f}")
        try:
            while True:
                try:
                    connection.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                        raise
                else:
                    return
        finally:
            connection.execute(f"PRAGMA busy_timeout = {self._deadline * 1000:.0f}")

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

    def _check_unchanged(self, connection: _Connection) -> None:
        """Raise, within a transaction, when the file that the connection writes is no longer the one at the path.

        Nobody else can begin the log anew meanwhile. A file written over, which keeps its number, shows by its stamp.
        """
        if not self._is_at_path(connection):
            raise self._replaced(connection)
        newest = self._newest
        if newest is not None and newest.identity == connection.identity:
            # What was found out for one of a process holds for all: they share what SQLite knows of the log.
            connection.checked, connection.last = newest.checked, newest.last
        state = self._state()
        if state == connection.checked:
            return
        if self._is_checkpointed(connection, state):
            connection.checked = state
            return
        same_file = connection.checked is not None and connection.checked[:2] == state[:2]
        if not (same_file and log_identity.log_follows(self.path, connection.last)):
            if not log_identity.log_belongs(self.path):
                raise self._other_file()
            if not log_identity.log_belongs(self.path, log_identity.stamp_seen(connection)):
                raise self._replaced(connection)
        connection.checked = state

    def _is_checkpointed(self, connection: _Connection, state: _State) -> bool:
        """Return whether the file has changed only by what its log, still the same, has brought into it.

        It then holds the last stamp that this process left. After every checkpoint, to look for that in the log would
        take longer than a hundred writes.
        """
        return (
            connection.checked is not None
            and connection.checked[-1] == state[-1]
            and connection.last == log_identity.stamp_held(self.path)
        )

    def _state(self) -> _State:
        found = self.path.stat()
        return found.st_mtime_ns, found.st_size, log_identity.log_mark(self.path)

    def _is_at_path(self, connection: _Connection) -> bool:
        try:
            return self._identity() == connection.identity
        except Misconfigured:
            return False

    def _replaced(self, connection: _Connection) -> NotTaken:
        connection.identity = (0, 0)  # so that nobody uses it again
        return NotTaken(f"another file was put at {self.path} meanwhile; this write was not made, try again")

    def _other_file(self) -> Misconfigured:
        log = log_identity.log_of(self.path)
        return Misconfigured(
            f"{self.path} is not the file to which {log.name} beside it belongs, and SQLite would mix them: nothing "
            "was read or written; stop what uses the store, and put back the file that was there, or a backup by "
            "`commercive tables restore NAME --in-place`"
        )

    def _explained(
        self,
        error: sqlite3.DatabaseError,
        connection: _Connection | None = None,
        tables: tuple[TableSQL, ...] = (),
    ) -> CommerciveError:
        """Return what an error of SQLite's means to people; raise it as it is where it is not about the file."""
        if primary_code(error) == sqlite3.SQLITE_ERROR:  # none of our statements is wrong where the file is right
            return damaged(self.path, error) if connection is None else self._wrong_table(error, connection, tables)
        if type(error) is sqlite3.OperationalError and not hasattr(error, "sqlite_errorcode"):
            return damaged(self.path, error)  # Python raises this for text that is not UTF-8
        told = explained(self.path, error, connection.stage if connection else "read", self._deadline)
        if told is None:
            raise error
        return told

    def _wrong_table(
        self, error: sqlite3.DatabaseError, connection: sqlite3.Connection, tables: tuple[TableSQL, ...]
    ) -> CommerciveError:
        try:
            for table in tables:
                if not check_key(connection, table):
                    missing = f"table {table.name} does not exist in {self.path}"
                    return Misconfigured(f"{missing}; {_foreign_beside(connection, table) or _CREATE}")
        except (sqlite3.DatabaseError, UnicodeDecodeError) as broken:
            return damaged(self.path, broken)
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
