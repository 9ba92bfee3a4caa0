"""Writers may be killed at any moment: transactions are complete, and acknowledged ones are stored."""

import random
import selectors
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.port import Query
from commercive_cli.store.schema import AFFILIATE_STATS, MESSAGES, TABLES

ROOT = Path(__file__).parents[3]
WRITERS = 4
SILENCE_SECONDS = 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "store.db"
    with closing(SQLiteStore(found)) as store:
        for table in TABLES:
            store.create_table(table)
    return found


def test_killed_writers_leave_complete_transactions(path: Path) -> None:
    """Four writing processes are killed by SIGKILL, in three rounds.

    Afterwards the file is not corrupt, every pair is complete and counted, and each acknowledged pair is stored.
    """
    chance = random.Random(20_251_122)
    acknowledged: set[str] = set()
    for round_number in range(3):
        acknowledged |= killed_one_by_one(path, f"round{round_number}", chance)

        left, right, counted = contents(path)
        assert is_intact(path)
        assert left == right
        assert len(left) == counted
        assert acknowledged <= left
        assert len(acknowledged) >= WRITERS


def killed_one_by_one(path: Path, name: str, chance: random.Random) -> set[str]:
    """Kill a random writer after each random number of acknowledged transactions; return all acknowledged ones.

    The acknowledgements come from all writers, so a writer is killed at any point of its work.
    """
    acknowledged: set[str] = set()
    with ExitStack() as stack:
        writers = [stack.enter_context(writer(path, f"{name}-{number}")) for number in range(WRITERS)]
        lines = stack.enter_context(selectors.DefaultSelector())
        for each in writers:
            lines.register(each.stdout or 0, selectors.EVENT_READ, each)
        while writers:
            enough = len(acknowledged) + chance.randint(5, 60)
            while len(acknowledged) < enough:
                acknowledged |= read_lines(lines)
            victim = writers.pop(chance.randrange(len(writers)))
            victim.send_signal(signal.SIGKILL)
            lines.unregister(victim.stdout or 0)
            acknowledged |= complete_lines(victim.communicate(timeout=SILENCE_SECONDS)[0])
    return acknowledged


@contextmanager
def writer(path: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(  # noqa: S603 - this Python, our module
        [sys.executable, "-m", "tests.engines.sqlite.writer", str(path), name],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        bufsize=0,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def read_lines(lines: selectors.BaseSelector) -> set[str]:
    ready = lines.select(timeout=SILENCE_SECONDS)
    assert ready, "no writer has acknowledged a transaction for a minute"
    chunks = [key.data.stdout.read(65_536) for key, _ in ready]
    assert all(chunks), "a writer ended by itself"
    return {line for chunk in chunks for line in complete_lines(chunk)}


def complete_lines(chunk: bytes) -> set[str]:
    """Return the lines; each was written by one call and is short enough for a pipe to deliver it whole."""
    assert chunk.endswith(b"\n") or not chunk
    return set(chunk.decode().split())


def is_intact(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)])


def contents(path: Path) -> tuple[set[str], set[str], int]:
    """Return the names of the stored left halves and right halves, and the number of counted pairs."""
    with closing(SQLiteStore(path)) as store:
        left = message_ids(store, Query(MESSAGES, "left"))
        right = message_ids(store, Query(MESSAGES, "right", index="MessageTimestampIndex"))
        stats = store.get(AFFILIATE_STATS, {"affiliate_id": "all"}) or {"pairs": 0}
        return left, right, stats["pairs"]


def message_ids(store: SQLiteStore, query: Query) -> set[str]:
    page = store.query(query)
    found = {item["message_id"] for item in page.items}
    while page.next is not None:
        page = store.query(Query(query.table, query.partition, index=query.index, start=page.next))
        found |= {item["message_id"] for item in page.items}
    return found
