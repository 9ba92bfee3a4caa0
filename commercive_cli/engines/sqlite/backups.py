"""The Archive protocol on SQLite: a backup is a file, which is made while others read and write the store.

Source: SQLite documentation, "SQLite Backup API".
"""

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from commercive_cli.domain.errors import Conflict, Invalid, Misconfigured, NotFound, Unavailable
from commercive_cli.domain.quoting import shortened
from commercive_cli.engines.sqlite.database_file import SQLiteFile
from commercive_cli.engines.sqlite.failures import primary_code
from commercive_cli.store.archive import Backup
from commercive_cli.store.port import Store
from commercive_cli.store.schema import TABLES
from commercive_cli.store.table_changes import OnStatus

SUFFIX = ".backup"
COMPANIONS = ("-wal", "-shm", "-journal")
"""Endings of files that SQLite reads as part of the database of that name, whoever left them there."""

_PAGES_AT_ONCE = 5_000


class SQLiteArchive:
    """Backups of one file; `open_file` returns the store of another file."""

    def __init__(self, file: SQLiteFile, prefix: str, open_file: Callable[[Path], Store]) -> None:
        self._file = file
        self._prefix = prefix
        self._open_file = open_file

    def back_up(self, name: str | None, now: int, on_status: OnStatus) -> Backup:
        """Copy the file, as it is at one moment, to the path `name`, or to a file next to it named after `now` (ms)."""
        path = self._default_path(now) if name is None else Path(name)
        _check_free(path, "name")
        with self._file.reading() as source:
            source.execute("BEGIN")
            source.execute("SELECT 1 FROM sqlite_schema").fetchall()  # the copy holds the state of this first read
            _copy_database(source, path, on_status)
        return self._backup_at(path)

    def backups(self) -> list[Backup]:
        """Return the backups in the file's directory that are named after it, newest first."""
        found = self._file.path.parent.glob(f"{self._file.path.name}.*{SUFFIX}")
        return sorted(map(self._backup_at, found), key=lambda each: each.created_at, reverse=True)

    def retained(self) -> list[str]:
        """Return what `backups` finds; of other copies, and of snapshots of the disk, nothing is known."""
        return [f"backup {backup.name}" for backup in self.backups()]

    def store_at(self, destination: str) -> Store:
        """Return the store in the file `destination`; raise Conflict when the file exists, even an empty one."""
        return self._open_file(_new_file(destination))

    def restore(self, name: str, destination: str, on_status: OnStatus) -> None:
        """Copy a backup to the new file `destination`."""
        path = Path(name)
        if not _is_file(path):
            raise NotFound(
                f"there is no backup {shortened(name)}; `commercive tables backups` lists those next to the store"
            )
        self._check_tables(path)
        with closing(_open_read_only(path)) as source:
            if source.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise _damaged_file(path)
            _copy_database(source, _new_file(destination), on_status)

    def _default_path(self, now: int) -> Path:
        stamp = f"{datetime.fromtimestamp(now / 1000, UTC):%Y%m%dT%H%M%SZ}"
        return self._file.path.with_name(f"{self._file.path.name}.{stamp}{SUFFIX}")

    def _backup_at(self, path: Path) -> Backup:
        info = path.stat()
        tables = self._tables_in(path)
        status = "damaged" if tables is None else "AVAILABLE" if tables else f"no tables of the prefix {self._prefix}"
        return Backup(str(path), info.st_mtime_ns // 1_000_000, tables or (), status, bool(tables), info.st_size)

    def _check_tables(self, path: Path) -> None:
        tables = self._tables_in(path)
        if tables is None:
            raise _damaged_file(path)
        if not tables:
            raise Conflict(
                f"{shortened(path)} holds no tables of the prefix {self._prefix}; choose another backup, "
                "or give the prefix of its tables in --store"
            )

    def _tables_in(self, path: Path) -> tuple[str, ...] | None:
        """Return the names of the tables in a file, without prefix, or None when it cannot be read."""
        names = {self._prefix + table.name: table.name for table in TABLES}
        try:
            with closing(_open_read_only(path)) as connection:
                rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        except sqlite3.DatabaseError:
            return None
        return tuple(names[name] for (name,) in sorted(rows) if name in names)


def _copy_database(source: sqlite3.Connection, path: Path, on_status: OnStatus) -> None:
    """Copy a database to a new file, which gets its name only when it is complete; never overwrite a file."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        with closing(sqlite3.connect(unfinished)) as target:
            source.backup(target, pages=_PAGES_AT_ONCE, progress=lambda _, left, all_: on_status(_percent(left, all_)))
            target.execute("PRAGMA journal_mode = DELETE")  # makes a single file, without a log beside it
        _publish(unfinished, path)
    except (OSError, sqlite3.DatabaseError) as error:
        kind = Misconfigured if _is_lasting(error) else Unavailable
        why = getattr(error, "strerror", None) or type(error).__name__
        raise kind(f"{path} cannot be written: {why}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _is_lasting(error: OSError | sqlite3.DatabaseError) -> bool:
    """Return whether another try would end the same: the directory is closed, or the source is damaged."""
    if isinstance(error, OSError):
        return error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
    return primary_code(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_READONLY)


def _new_file(destination: str) -> Path:
    """Return the path of a new store; raise Invalid when it cannot be a file, Conflict when it exists."""
    if "://" in destination:
        raise Invalid(
            f"a SQLite backup is restored to a file, not to {shortened(destination)}; give a path", field="to"
        )
    _check_free(Path(destination), "to")
    return Path(destination)


def _check_free(path: Path, field: str) -> None:
    try:
        if not path.parent.is_dir():
            raise Invalid(f"there is no directory {path.parent}; make it first, or choose another path", field=field)
        if _exists(path):
            raise _path_exists(path)
        _check_no_companions(path)
    except (OSError, ValueError) as error:
        # Of a NUL each version of Python says it in words of its own.
        reason = "embedded null byte" if "\0" in str(path) else getattr(error, "strerror", None) or error
        raise Invalid(f"{shortened(path)} cannot be a file here: {reason}; choose another path", field=field) from None


def _check_no_companions(path: Path) -> None:
    """Raise Conflict when there is a log of another database that SQLite would mix into a file at this path."""
    for companion in (path.with_name(path.name + ending) for ending in COMPANIONS):
        if _exists(companion):
            raise Conflict(
                f"{companion} is left of another database, and SQLite would mix it into {path}; "
                "move it away, or choose another name"
            )


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _path_exists(path: Path) -> Conflict:
    return Conflict(f"{path.with_name(shortened(path.name))} exists; it is not overwritten, choose another name")


def _damaged_file(path: Path) -> Conflict:
    return Conflict(f"{shortened(path)} is damaged, or not a SQLite database; choose another backup")


def _publish(unfinished: Path, path: Path) -> None:
    """Write the file to disk, then give it its name; raise Conflict when a file has that name."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    _check_no_companions(path)
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        raise _path_exists(path) from None


def _percent(left: int, all_: int) -> str:
    return f"copied {100 * (all_ - left) // max(all_, 1)} %"


def _open_read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
