"""What SQLite's result codes mean to people, code by code."""

import errno
import sqlite3
from multiprocessing import get_context
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Misconfigured
from commercive_cli.engines.sqlite.failures import explained, needs_writing
from tests.engines.sqlite.failing_calls import fail_to_lock, is_supported

LOCKING = (
    sqlite3.SQLITE_IOERR_LOCK,
    sqlite3.SQLITE_IOERR_RDLOCK,
    sqlite3.SQLITE_IOERR_UNLOCK,
    sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMLOCK,
    sqlite3.SQLITE_IOERR_SHMMAP,
)
SHARED = (sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP)
UNOPENED = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


def failed(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize("code", LOCKING)
def test_a_file_system_without_locks_is_said(tmp_path: Path, code: int) -> None:
    """Whichever lock or shared memory it is that cannot be had, writers would destroy each other's data."""
    told = explained(tmp_path / "store.db", failed(code), "write", 1)

    assert isinstance(told, Misconfigured)
    assert "has no locks or no shared memory" in told.message


def test_what_cannot_be_written_beside_may_be_read_alone() -> None:
    """Where SQLite can make no file beside the store, it is opened for reading; any other error stays one."""
    others = (*set(LOCKING) - set(SHARED), sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CORRUPT)

    assert all(needs_writing(failed(code)) for code in (*SHARED, *UNOPENED))
    assert not any(needs_writing(failed(code)) for code in others)


def told_without_locks(path: Path, number: int, code: int) -> str:
    """Return what an error means in a process in which every lock fails."""
    fail_to_lock(number)
    return str(explained(path, failed(code), "read", 1))


@pytest.mark.skipif(not is_supported(), reason="system calls are made to fail by Linux on x86-64")
@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN])
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_system_that_refuses_to_lock_is_asked(tmp_path: Path, number: int, code: int) -> None:
    """Where SQLite says busy, or that it cannot open a file, the system says that it has no locks."""
    with get_context("fork").Pool(1) as pool:
        told = pool.apply_async(told_without_locks, (tmp_path / "store.db", number, code)).get(30)

    assert "has no locks or no shared memory" in told
