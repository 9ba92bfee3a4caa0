"""The Archive protocol on SQLite: a backup is a file, which is made while others read and write the store.

Source: SQLite documentation, "SQLite Backup API".
"""

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from commercive_cli.domain.errors import Conflict, Invalid, Misconfigured, NotFound, NotTaken
from commercive_cli.domain.quoting import shortened
from commercive_cli.engines.sqlite.backup_checksum import check_seal, named, seal
from commercive_cli.engines.sqlite.database_file import SQLiteFile
from commercive_cli.engines.sqlite.failures import explained, is_damage
from commercive_cli.engines.sqlite.log_identity import leave_stamp
from commercive_cli.engines.sqlite.replacement import check_no_journal, exclusive, flush_names, swap
from commercive_cli.store.archive import Backup
from commercive_cli.store.port import Store
from commercive_cli.store.schema import TABLES
from commercive_cli.store.table_changes import OnStatus

SUFFIX = ".backup"
KEPT = ".replaced"
COMPANIONS = ("-wal", "-shm", "-journal")
"""Endings of files that SQLite reads as part of the database of that name, whoever left them there."""

_PAGES_AT_ONCE = 5_000


class SQLiteArchive:
    """Backups of one file; `open_file` returns the store in another file, which people are told under a second name."""

    def __init__(self, file: SQLiteFile, prefix: str, open_file: Callable[[Path, Path], Store]) -> None:
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
            try:
                with _explaining(path):
                    _copy_database(source, part_of(path), on_status)
                    seal(part_of(path))
                    _publish(part_of(path), path)
            finally:
                _tidy(part_of(path))
        return self._backup_at(path)

    def backups(self) -> list[Backup]:
        """Return the backups in the file's directory that are named after it, newest first."""
        found = self._file.path.parent.glob(f"{self._file.path.name}.*{SUFFIX}")
        return sorted(map(self._backup_at, found), key=lambda each: each.created_at, reverse=True)

    def retained(self) -> list[str]:
        """Return what `backups` finds, and replaced stores; of other copies, and of snapshots, nothing is known."""
        kept = self._file.path.parent.glob(f"{self._file.path.name}.*{KEPT}")
        return [
            *(f"backup {backup.name}" for backup in self.backups()),
            *(f"replaced store {path}" for path in sorted(kept)),
        ]

    @property
    def own_place(self) -> str:
        """Return the path of the store's own file, behind any links."""
        return os.path.realpath(self._file.path)

    @contextmanager
    def filling(self, destination: str, replaced_at: int | None, on_status: OnStatus) -> Iterator[Store]:
        """Yield the store to fill, in a file with `.part` to its name, which gets its own name when all went well.

        With a time `replaced_at` (ms), the file that has this name is kept under a name made of that time.
        """
        if replaced_at is None:
            path = _new_file(destination)
            with self._unfinished(path) as store:
                yield store
                store.close()
                with _explaining(path):
                    _make_single(part_of(path))
                    _publish(part_of(path), path)
            return
        path = Path(destination)
        kept = path.with_name(f"{path.name}.{_stamp(replaced_at)[:-1]}{replaced_at % 1000:03}Z{KEPT}")
        _check_free(kept, "in-place")
        check_no_journal(path)
        self._file.close()
        with exclusive(path), self._unfinished(path) as store:
            yield store
            store.close()
            with _explaining(path):
                _make_single(part_of(path))
                _flush(part_of(path))
                was_there = swap(path, part_of(path), kept)
            if was_there:
                on_status(f"the store that was there is kept as {kept}")

    @contextmanager
    def _unfinished(self, path: Path) -> Iterator[Store]:
        """Yield a store in an unfinished file; nothing of that file is left afterwards."""
        with _explaining(path):
            _remove(part_of(path))
        store = self._open_file(part_of(path), path)
        try:
            yield store
        finally:
            store.close()
            _tidy(part_of(path))

    def restore(self, name: str, destination: str, on_status: OnStatus) -> None:
        """Copy a backup to the unfinished file of `destination`."""
        path = Path(name)
        if not _is_file(path):
            raise NotFound(
                f"there is no backup {shortened(name)}; `commercive tables backups` lists those next to the store"
            )
        if path.resolve() == Path(destination).resolve():
            raise Invalid(f"{named(path)} is the store itself; name a backup")
        if not check_seal(path):
            on_status(f"{named(path)} carries no checksum, so a wrong letter in it cannot be found")
        self._check_tables(path)
        try:
            with closing(_open_read_only(path)) as source:
                if source.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                    raise _damaged_file(path)
                with _explaining(Path(destination)):
                    _copy_database(source, part_of(Path(destination)), on_status)
        except sqlite3.DatabaseError:
            raise _damaged_file(path) from None

    def _default_path(self, now: int) -> Path:
        return self._file.path.with_name(f"{self._file.path.name}.{_stamp(now)}{SUFFIX}")

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
                f"{named(path)} holds no tables of the prefix {self._prefix}; choose another backup, "
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


def part_of(path: Path) -> Path:
    """Return the path of a file while it is not finished."""
    return path.with_name(f"{path.name}.part")


def _stamp(now: int) -> str:
    return f"{datetime.fromtimestamp(now / 1000, UTC):%Y%m%dT%H%M%SZ}"


def _copy_database(source: sqlite3.Connection, path: Path, on_status: OnStatus) -> None:
    """Copy a database to a file; the log of the one it was copied from is not the copy's."""
    _remove(path)
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path, isolation_level=None)) as target:
        source.backup(target, pages=_PAGES_AT_ONCE, progress=lambda _, left, all_: on_status(_percent(left, all_)))
        target.execute("PRAGMA journal_mode = DELETE")  # makes a single file, without a log beside it
        target.execute("BEGIN")
        leave_stamp(target)
        target.execute("COMMIT")


def _tidy(path: Path) -> None:
    """Remove what is left of an unfinished file; why it could not even be made, was said before."""
    with suppress(OSError):
        _remove(path)


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    """Say of a file that cannot be written why; that the one it is copied from is damaged, others say."""
    try:
        yield
    except OSError as error:
        lasting = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        raise (Misconfigured if lasting else NotTaken)(f"{path} cannot be written: {error.strerror}") from error
    except sqlite3.DatabaseError as error:
        told = None if is_damage(error) else explained(path, error, "read", 0)
        if told is None:
            raise
        raise told from error


def _make_single(path: Path) -> None:
    """Bring the log of a store that nobody uses any more into its file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _remove(path: Path) -> None:
    """Remove a file, and what SQLite has left beside it."""
    for each in (path, *(path.with_name(path.name + ending) for ending in COMPANIONS)):
        each.unlink(missing_ok=True)


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
    return Conflict(f"{named(path)} exists; it is not overwritten, choose another name")


def _damaged_file(path: Path) -> Conflict:
    return Conflict(f"{named(path)} is damaged, or not a SQLite database; choose another backup")


def _publish(unfinished: Path, path: Path) -> None:
    """Write the file to disk, then give it its name; raise Conflict when a file has that name."""
    _flush(unfinished)
    _check_no_companions(path)
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        raise _path_exists(path) from None
    unfinished.unlink()
    flush_names(path.parent)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _percent(left: int, all_: int) -> str:
    return f"copied {100 * (all_ - left) // max(all_, 1)} %"


def _open_read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
