"""Each error of the disk under a store is said as what it is, and whether the write was made."""

import errno
import re
import resource
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest

from commercive_cli.domain.errors import CommerciveError
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import AFFILIATE_STATS
from commercive_cli.store.writes import Put
from tests.engines.sqlite.failing_calls import FLUSHES, OPENS, WRITES, fail, fail_to_lock, is_supported

pytestmark = pytest.mark.skipif(not is_supported(), reason="system calls are made to fail by Linux on x86-64")

UNDONE = "(this write was (undone|not made)|nothing was written)"
FAILURES: dict[str, tuple[Callable[[], object], str, str]] = {
    "full disk": (lambda: fail(WRITES, errno.ENOSPC), "NotTaken", f"the disk of .*store.db is full; {UNDONE}, make"),
    "quota": (
        lambda: fail(WRITES, errno.EDQUOT),
        "NotTaken",
        f"the disk of .*store.db has no room left within the quota of this user; {UNDONE}",
    ),
    "limit of file sizes": (
        lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        "NotTaken",
        rf"store.db would be larger than this process may make a file \(ulimit -f\); {UNDONE}, raise the limit",
    ),
    "broken disk": (lambda: fail(WRITES, errno.EIO), "NotTaken", f"SQLITE_IOERR_(WRITE|SHMSIZE).*{UNDONE}, look"),
    "flush fails": (lambda: fail(FLUSHES, errno.EIO), "Unavailable", "SQLITE_IOERR_FSYNC.*the outcome is unknown"),
    "flush finds the disk full": (
        lambda: fail(FLUSHES, errno.ENOSPC),
        "Unavailable",
        "the disk is full.*the outcome is unknown, retry with the same key",
    ),
    "no locks": (lambda: fail_to_lock(errno.ENOLCK), "Misconfigured", "has no locks .*move the store to a local disk"),
    "locks unknown": (lambda: fail_to_lock(errno.EOPNOTSUPP), "Misconfigured", "has no locks .*to a local disk"),
    "locks missing": (lambda: fail_to_lock(errno.ENOSYS), "Misconfigured", "has no locks .*to a local disk"),
}
AT_OPENING: dict[str, tuple[Callable[[], object], str, str]] = {
    "files of the process": (
        lambda: fail(OPENS, errno.EMFILE),
        "NotTaken",
        rf"cannot be opened: Too many open files \(ulimit -n\); {UNDONE}, try again",
    ),
    "files of the system": (
        lambda: fail(OPENS, errno.ENFILE),
        "NotTaken",
        rf"cannot be opened: Too many open files in system \(ulimit -n\); {UNDONE}, try again",
    ),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "store.db"
    with closing(SQLiteStore(found)) as store:
        store.create_table(AFFILIATE_STATS)
        store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "ann"}))
    return found


def in_failing(failure: str, path: Path, opened: bool, writes: bool) -> str:
    """Return kind and words of the error of a write or a read, on a store opened before or after the failure."""
    with closing(SQLiteStore(path, deadline=0.1)) as store:
        if opened:
            store.get(AFFILIATE_STATS, {"affiliate_id": "ann"})
        (FAILURES | AT_OPENING)[failure][0]()
        try:
            if writes:
                store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "bob", "text": "x" * 50_000}))
            else:
                assert {"affiliate_id": "ann"} == store.get(AFFILIATE_STATS, {"affiliate_id": "ann"})
        except CommerciveError as error:
            return f"{type(error).__name__} {error.message}"
    return ""


def told(*arguments: object) -> str:
    with get_context("fork").Pool(1) as pool:
        return pool.apply_async(in_failing, arguments).get(30)


def moments(failure: str) -> tuple[bool, ...]:
    """Return whether the store is open before it fails: a file system does not lose its locks meanwhile."""
    return (False,) if "locks" in failure else (True, False)


@pytest.mark.parametrize("failure", FAILURES)
def test_a_write_says_what_failed_and_whether_it_was_made(path: Path, failure: str) -> None:
    """Only where a flush failed may it have been made; otherwise it was not, and the store is as it was."""
    _, kind, words = FAILURES[failure]

    for opened in moments(failure):
        answer = told(failure, path, opened, True)
        assert answer.split()[0] == kind, answer
        assert re.search(words, answer), answer
    with closing(SQLiteStore(path)) as store:
        found = {item["affiliate_id"] for item in store.scan(AFFILIATE_STATS).items}
    assert found == {"ann"} or (kind == "Unavailable" and found == {"ann", "bob"})


@pytest.mark.parametrize("failure", AT_OPENING)
def test_too_many_open_files_are_said(path: Path, failure: str) -> None:
    """A store that cannot be opened for that is neither missing nor without permissions."""
    _, kind, words = AT_OPENING[failure]
    for writes in (True, False):
        answer = told(failure, path, False, writes)
        assert answer.split()[0] == kind, answer
        assert re.search(words, answer), answer


def first_write_on_full_disk(path: Path) -> tuple[str, float]:
    with closing(SQLiteStore(path, deadline=20)) as store:
        store.get(AFFILIATE_STATS, {"affiliate_id": "ann"})
        fail(WRITES, errno.ENOSPC)
        began = time.monotonic()
        try:
            store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "bob"}))
        except CommerciveError as error:
            return error.message, time.monotonic() - began
    return "", 0


def test_only_locks_are_waited_for(path: Path) -> None:
    """The first write to another program's file turns on WAL: on a full disk it is refused at once, and not tried."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
    with get_context("fork").Pool(1) as pool:
        message, took = pool.apply_async(first_write_on_full_disk, (path,)).get(60)

    assert re.search(f"is full; {UNDONE}", message)
    assert took < 15


@pytest.mark.parametrize("failure", FAILURES)
def test_a_read_never_says_that_an_outcome_is_unknown(path: Path, failure: str) -> None:
    """A full or broken disk hinders no read; without locks the error says so."""
    for opened in moments(failure):
        answer = told(failure, path, opened, False)
        assert "outcome" not in answer
        assert "write was" not in answer
        assert not answer or "has no locks" in answer
