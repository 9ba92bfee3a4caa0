"""An archive of many conversations, killed at ten points, and restored byte for byte; says how long each step takes.

`COMMERCIVE_TEST_CONVERSATIONS` says how many those are, 100,000 unless it is set.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing import get_context
from pathlib import Path

import pytest

from commercive_cli.domain.ids import uuid7
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.access.scan import OnItems
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.retention.service import ArchiveService
from commercive_cli.services.transfer.importer import ImportService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS
from commercive_cli.store.writes import Write
from tests.services.fakes import DAY, START, Intervening
from tests.services.retention.archives import YEAR, is_told_by_archive
from tests.services.transfer.stores import digests, exported, findings_of, sqlite_store

pytestmark = pytest.mark.benchmark
MANY = int(os.environ.get("COMMERCIVE_TEST_CONVERSATIONS", "100000"))
MESSAGES_EACH, NOTES_EVERY, NOW = 3, 10, START + YEAR + 40 * DAY
_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


class Dying(Intervening):
    """Kills its process, as by `kill -9`, right before the `last`-th transaction."""

    def __init__(self, store: Store, last: int | None) -> None:
        super().__init__(store)
        self._left = last

    def transact(self, *writes: Write) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        super().transact(*writes)


def _times(number: int) -> tuple[int, int]:
    """Return when a conversation was begun and closed, all within some days a year before the archive."""
    begun = START + number * 20
    return begun, begun + DAY


def _conversations() -> Iterator[Item]:
    for number in range(MANY):
        begun, closed = _times(number)
        last = begun + MESSAGES_EACH - 1
        yield {
            "conversation_id": uuid7(begun, number),
            "created_at": begun,
            "user_id": f"user-{number % 1000}",
            "store_url": "shop.example",
            "status": "closed",
            "updated_at": closed,
            "closed_at": closed,
            "closed_by": "admin-1",
            "last_message": "Thank you",
            "last_message_at": last,
            "last_message_id": uuid7(last, number),
            "unread_admin": 0,
            "unread_user": MESSAGES_EACH,
        }


def _messages() -> Iterator[Item]:
    for number in range(MANY):
        begun, _ = _times(number)
        for at in range(begun, begun + MESSAGES_EACH):
            yield {
                "conversation_id": uuid7(begun, number),
                "message_id": uuid7(at, number),
                "sender_type": "admin",
                "sender_id": "admin-1",
                "message_text": "Thank you" if at == begun + MESSAGES_EACH - 1 else f"message {at} of {number}",
                "created_at": at,
                "is_read": False,
            }


def _ops() -> Iterator[Item]:
    for number in range(MANY):
        begun, closed = _times(number)
        name, row = uuid7(begun, number), uuid7(closed, number)
        states = {"before": {"status": "open"}, "after": {"status": "closed"}}
        told = {"at": closed, "actor": "admin-1", "event": "close", "subject": name}
        yield {"pk": f"audit#conversation#{name}", "sk": row, **told, **states}
        if number % NOTES_EVERY == 0:
            told = {"author": "admin-1", "text": f"note {number}", "created_at": begun + 9}
            note = uuid7(begun + 9, number)
            yield {"pk": f"note#{name}", "sk": note, "note_id": note, "conversation_id": name, **told}


def _archive(file: Path, directory: Path, reads: int | None, writes: int | None) -> None:
    """Archive in this process, and die before it has read so many conversations, or before a write."""
    left = reads

    def on_items(items: int) -> None:
        nonlocal left
        if left is not None:
            left -= items
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    with closing(SQLiteStore(file)) as store:
        _run(Dying(store, writes), directory, on_items)


def _run(store: Store, directory: Path, on_items: OnItems) -> None:
    with ArchiveService(store, lambda: NOW).open(directory, YEAR) as archiving:
        archiving.export(on_items)
        archiving.remove("ops")


@contextmanager
def _timed(step: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    print(f"{step}: {time.perf_counter() - begun:.1f} s")  # noqa: T201 - a benchmark says what it measured


def test_many_conversations_are_archived_killed_ten_times_and_restored(tmp_path: Path) -> None:
    """Killed while it exports and while it deletes: the items afterwards are those before, byte for byte."""
    file, directory, chance = tmp_path / "store.db", tmp_path / "archive", random.Random(7)
    with closing(sqlite_store(file)) as store:
        for table, items in ((CONVERSATIONS, _conversations()), (MESSAGES, _messages()), (OPS, _ops())):
            store.batch_put(table, items)
        before = exported(store, tmp_path / "before")
    # How many reads and writes follow one after the other, each from where the one before was killed.
    points: list[tuple[int | None, int | None]] = [(chance.randrange(1, MANY // 6), None) for _ in range(5)]
    points += [(None, chance.randrange(1, MANY // 100)) for _ in range(5)]  # about 20 conversations a write
    with _timed("ten runs that were killed"):
        for reads, writes in points:
            process = _CONTEXT.Process(target=_archive, args=(file, directory, reads, writes))
            process.start()
            process.join()
            assert -signal.SIGKILL == process.exitcode, (reads, writes)
    with closing(SQLiteStore(file)) as store:
        with _timed("the rest"):
            _run(store, directory, lambda _: None)
        left = sum(len(store.scan(table).items) for table in (CONVERSATIONS, MESSAGES))
        with _timed("import and audit"):
            imported = ImportService(store, AuditService(store, lambda: NOW)).run(directory, "ops")
        after = exported(store, tmp_path / "after")
    fresh = tmp_path / "fresh"
    with closing(SQLiteStore(file)) as store, _timed("all of it again, without a kill"):
        _run(store, fresh, lambda _: None)

    assert 0 == left
    assert [] == findings_of(imported)
    assert {"conversations": MANY, "messages": MESSAGES_EACH * MANY} == {
        name: imported.stored[name] for name in ("conversations", "messages")
    }
    assert _without_ops(before) == _without_ops(after)
    assert _ops_lines(tmp_path / "before") == _ops_lines(tmp_path / "after")
    assert digests(directory) == digests(fresh)


def _without_ops(files: dict[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in files.items() if not name.startswith("ops/")}


def _ops_lines(directory: Path) -> list[str]:
    """Return the lines of `ops`, but the rows that the archive wrote."""
    lines = (line for file in sorted(directory.glob("ops/*")) for line in file.read_text().splitlines())
    return [line for line in lines if not is_told_by_archive(line)]
