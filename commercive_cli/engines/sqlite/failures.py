"""What went wrong with the SQLite file, as people say it: which limit, which lock, whose permission.

SQLite does not say why the system refused it. So after an error, a small file is made, locked and written beside the
store, and what the system says to that is told.
"""

import errno
import os
import sqlite3
from pathlib import Path
from typing import Literal

from commercive_cli.domain.errors import SAME_KEY, CommerciveError, Misconfigured, NotTaken, Unavailable
from commercive_cli.domain.secrets import redact

Stage = Literal["read", "write", "commit"]
"""What was being done: only when a commit fails may the write have arrived all the same."""

FULL = {errno.ENOSPC: "is full", errno.EDQUOT: "has no room left within the quota of this user"}
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_TOO_MANY = (errno.EMFILE, errno.ENFILE)
_LOCKING = (
    sqlite3.SQLITE_IOERR_LOCK,
    sqlite3.SQLITE_IOERR_RDLOCK,
    sqlite3.SQLITE_IOERR_UNLOCK,
    sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMLOCK,
    sqlite3.SQLITE_IOERR_SHMMAP,
)
_SHARED = (
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMMAP,
)
_UNDONE: dict[Stage, str] = {"read": "nothing was written", "write": "this write was not made"}
_PROBE_BYTES = 64 * 1024
_LONGEST = 200
"""Characters of what SQLite says; of a damaged file it quotes what stands there."""


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's result code without its extension; 0 for an error of the Python module itself."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether the file that was read is damaged, or no database."""
    return primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def damaged(path: Path, error: Exception) -> Misconfigured:
    """Return the error for a file that is damaged."""
    return Misconfigured(f"{path} is damaged ({redact(str(error))[:_LONGEST]}); restore it from a backup")


def needs_writing(error: sqlite3.Error) -> bool:
    """Return whether a file could not be opened because SQLite could not write beside it."""
    code = int(getattr(error, "sqlite_errorcode", 0))
    return primary_code(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) or code in _SHARED


def unreadable_log(path: Path) -> Misconfigured:
    """Return the error for a log that nobody can read who can write nothing beside it."""
    return Misconfigured(
        f"{path}-wal holds what was written last, and cannot be read where nothing can be written; "
        f"copy {path} and {path.name}-wal to a directory that you can write, and use the copy"
    )


def locked(path: Path, deadline: float, stage: Stage = "write") -> NotTaken:
    """Return the error for a file that others kept locked for `deadline` seconds."""
    return NotTaken(f"{path} was locked by another writer for {deadline:g} s; {_undone(stage)}, try again")


def explained(path: Path, error: sqlite3.DatabaseError, stage: Stage, deadline: float) -> CommerciveError | None:
    """Return the error for one of the file, or None for one of a statement."""
    match primary_code(error):
        case sqlite3.SQLITE_NOTADB:
            return Misconfigured(f"{path} is not a SQLite database")
        case sqlite3.SQLITE_CORRUPT:
            return damaged(path, error)
        case sqlite3.SQLITE_FULL:
            return _full(path, errno.ENOSPC, stage)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            refused = _refused(path)
            return _no_locks(path) if refused in _NO_LOCKS else locked(path, deadline, stage)
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return _by_system(path, _refused(path), stage) or Misconfigured(
                f"{path} cannot be opened; it and its directory must be readable and writable"
            )
        case sqlite3.SQLITE_READONLY:
            return _read_only(path)
        case sqlite3.SQLITE_IOERR:
            return _failed(path, error, stage)
    return None


def unopened(path: Path, error: OSError) -> CommerciveError:
    """Return the error for a file of the store, or one beside it, that the system did not open."""
    told = _by_system(path, error.errno, "read")
    return told or Misconfigured(f"{error.filename} cannot be opened: {error.strerror}")


def _failed(path: Path, error: sqlite3.DatabaseError, stage: Stage) -> CommerciveError:
    code = int(getattr(error, "sqlite_errorcode", 0))
    # What was not written whole is not in the log: a commit is in doubt only when it was written and not flushed.
    certain: Stage = "write" if stage == "commit" and code == sqlite3.SQLITE_IOERR_WRITE else stage
    refused = _refused(path)
    if certain == "commit":
        why = f"the disk {FULL[refused]}" if refused in FULL else _reason(error)
        return Unavailable(f"{path} failed ({why}); the outcome is unknown, {SAME_KEY}")
    if by_system := _by_system(path, refused, certain):
        return by_system
    if code in _LOCKING:
        return _no_locks(path)
    if code in (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE) and _is_limited():
        return NotTaken(
            f"{path} would be larger than this process may make a file (ulimit -f); "
            f"{_undone(certain)}, raise the limit and try again"
        )
    return NotTaken(f"{path} failed ({_reason(error)}); {_undone(certain)}, look at the disk and try again")


def _by_system(path: Path, refused: int | None, stage: Stage) -> CommerciveError | None:
    """Return the error for what the system refused beside the file, None where it says nothing of use."""
    if refused in FULL:
        return _full(path, refused or 0, stage)
    if refused in _NO_LOCKS:
        return _no_locks(path)
    if refused in _TOO_MANY:
        return NotTaken(
            f"{path} cannot be opened: {os.strerror(refused or 0)} (ulimit -n); {_undone(stage)}, try again"
        )
    return _read_only(path) if refused == errno.EROFS else None


def _full(path: Path, refused: int, stage: Stage) -> NotTaken:
    undone = "this write was undone" if stage != "read" else _undone(stage)
    return NotTaken(f"the disk of {path} {FULL[refused]}; {undone}, make room and try again")


def _no_locks(path: Path) -> Misconfigured:
    return Misconfigured(
        f"the file system of {path} has no locks or no shared memory, without which writers destroy each other's data; "
        "move the store to a local disk"
    )


def _read_only(path: Path) -> Misconfigured:
    if _is_mounted_read_only(path):
        return Misconfigured(f"{path} is read-only: its file system is mounted so; it can be read, and not written")
    return Misconfigured(f"{path} is read-only; it and its directory must be writable")


def _is_mounted_read_only(path: Path) -> bool:
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _refused(path: Path) -> int | None:
    """Return the number of the error that the system has for a small file beside the store, None if it has none."""
    import fcntl
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=path.parent, prefix=".commercive-") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.pwrite(file.fileno(), bytes(_PROBE_BYTES), 0)
            os.fsync(file.fileno())
    except OSError as error:
        return error.errno
    return None


def _is_limited() -> bool:
    import resource

    return resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY


def _undone(stage: Stage) -> str:
    return _UNDONE.get(stage, _UNDONE["write"])


def _reason(error: sqlite3.DatabaseError) -> str:
    return f"{redact(str(error))}, {getattr(error, 'sqlite_errorname', type(error).__name__)}"
