"""The Archive protocol on SQLite: a backup is a file of its own, made while others read and write the store.

Source: SQLite documentation, "SQLite Backup API".
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from commercive_cli.domain.errors import Conflict, Invalid, NotFound, Unavailable
from commercive_cli.engines.sqlite.database_file import SQLiteFile
from commercive_cli.store.archive import Backup
from commercive_cli.store.port import Store
from commercive_cli.store.schema import TABLES
from commercive_cli.store.table_changes import OnStatus

SUFFIX = ".backup"
COMPANIONS = ("-wal", "-shm", "-journal")
"""What SQLite takes for part of a database when it lies beside it, whoever left it there."""

_PAGES_AT_ONCE = 5_000


class SQLiteArchive:
    """Backups of one file; `open_file` gives the store of another."""

    def __init__(self, file: SQLiteFile, prefix: str, open_file: Callable[[Path], Store]) -> None:
        self._file = file
        self._prefix = prefix
        self._open_file = open_file

    def back_up(self, name: str | None, now: int, progress: OnStatus) -> Backup:
        """Copy the file as it is at one moment to the path `name`, or to a file next to it named after `now`."""
        path = self._default_path(now) if name is None else Path(name)
        _check_free(path, "name")
        with self._file.reading() as source:
            source.execute("BEGIN")
            source.execute("SELECT 1 FROM sqlite_schema").fetchall()  # from here on the copy sees this moment alone
            _copy(source, path, progress)
        return self._described(path)

    def backups(self) -> list[Backup]:
        """Return the backups that lie next to the file, newest first."""
        found = self._file.path.parent.glob(f"{self._file.path.name}.*{SUFFIX}")
        return sorted(map(self._described, found), key=lambda each: each.created_at, reverse=True)

    def beside(self, place: str) -> Store:
        """Return the store in the file `place`, which must not be there: even an empty one would be written to."""
        return self._open_file(_new_file(place))

    def restore(self, name: str, place: str, progress: OnStatus) -> None:
        """Copy a backup to the new file `place`."""
        path = Path(name)
        if not _is_file(path):
            raise NotFound(f"there is no backup {name}; `commercive tables backups` names those next to the store")
        self._check_tables(path)
        with closing(_opened(path)) as source:
            if source.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise _damaged(path)
            _copy(source, _new_file(place), progress)

    def _default_path(self, now: int) -> Path:
        stamp = f"{datetime.fromtimestamp(now / 1000, UTC):%Y%m%dT%H%M%SZ}"
        return self._file.path.with_name(f"{self._file.path.name}.{stamp}{SUFFIX}")

    def _described(self, path: Path) -> Backup:
        found = path.stat()
        tables = self._tables(path)
        status = "damaged" if tables is None else "AVAILABLE" if tables else f"no tables of the prefix {self._prefix}"
        return Backup(str(path), found.st_mtime_ns // 1_000_000, tables or (), status, bool(tables), found.st_size)

    def _check_tables(self, path: Path) -> None:
        tables = self._tables(path)
        if tables is None:
            raise _damaged(path)
        if not tables:
            raise Conflict(
                f"{path} holds no tables of the prefix {self._prefix}; name another backup, "
                "or the prefix of its tables in --store"
            )

    def _tables(self, path: Path) -> tuple[str, ...] | None:
        names = {self._prefix + table.name: table.name for table in TABLES}
        try:
            with closing(_opened(path)) as connection:
                rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        except sqlite3.DatabaseError:
            return None
        return tuple(names[name] for (name,) in sorted(rows) if name in names)


def _copy(source: sqlite3.Connection, path: Path, progress: OnStatus) -> None:
    """Copy a database to a new file, which is there whole or not at all, and is never an older one overwritten."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        with closing(sqlite3.connect(unfinished)) as target:
            source.backup(target, pages=_PAGES_AT_ONCE, progress=lambda _, left, all_: progress(_share(left, all_)))
            target.execute("PRAGMA journal_mode = DELETE")  # one file, without companions
        _settle(unfinished, path)
    except (OSError, sqlite3.DatabaseError) as error:
        raise Unavailable(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _new_file(place: str) -> Path:
    """Return the path of a store to be; raise Invalid where none can be, Conflict where something is in the way."""
    if "://" in place:
        raise Invalid(f"a backup of a file is restored to another file, not to {place}; pass its path", field="to")
    _check_free(Path(place), "to")
    return Path(place)


def _check_free(path: Path, field: str) -> None:
    try:
        if not path.parent.is_dir():
            raise Invalid(f"there is no directory {path.parent}; make it first, or choose another path", field=field)
        if _is_there(path):
            raise _taken(path)
        _check_alone(path)
    except (OSError, ValueError) as error:
        # Of a NUL each version of Python says it in words of its own.
        reason = "embedded null byte" if "\0" in str(path) else getattr(error, "strerror", None) or error
        raise Invalid(f"{path} cannot be a file here: {reason}; choose another path", field=field) from None


def _check_alone(path: Path) -> None:
    """Raise Conflict when something lies beside the path that SQLite would replay into a file put there."""
    for companion in (path.with_name(path.name + ending) for ending in COMPANIONS):
        if _is_there(companion):
            raise Conflict(
                f"{companion} is left of another database, and SQLite would mix it into {path}; "
                "move it away, or choose another name"
            )


def _is_there(path: Path) -> bool:
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


def _taken(path: Path) -> Conflict:
    return Conflict(f"{path} exists; it is not overwritten, choose another name")


def _damaged(path: Path) -> Conflict:
    return Conflict(f"{path} is damaged, or no SQLite database; name another backup")


def _settle(unfinished: Path, path: Path) -> None:
    """Give the file its name, once it is on disk; raise Conflict when the name is taken."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    _check_alone(path)
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        raise _taken(path) from None


def _share(left: int, all_: int) -> str:
    return f"copied {100 * (all_ - left) // max(all_, 1)} %"


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
