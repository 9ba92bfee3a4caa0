"""Bulk work as JSON lines: a line tells of an item when it is done, so that an early end leaves a true report."""

import json
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.cli.commands.conftest import Make, conversation
from tests.cli.conftest import Run
from tests.cli.process import PROGRAM, done, environment, started
from tests.cli.test_unwritable_streams import full_disk

__all__ = ["conversation"]

CLOSE = (*PROGRAM, "chat", "close", "-o", "jsonl")

PIPE = 4096  # bytes that a pipe holds, at least
SOME = 60  # conversations whose lines are longer than that


class Lock:
    """The lock that every writer of the store's file waits for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        """Let the writers go on."""
        self._connection.execute("ROLLBACK")


@contextmanager
def locked(home: Path) -> Iterator[Lock]:
    """Lock the store's file."""
    with closing(sqlite3.connect(home / "store.db", isolation_level=None, timeout=30)) as connection:
        yield Lock(connection)


@contextmanager
def closing_many(*ids: str, **options: int) -> "Iterator[subprocess.Popen[bytes]]":
    """Start to close conversations; end the program if the test does not."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started([*CLOSE, *ids], env=environment(), **streams, **options) as program:
        try:
            yield program
        finally:
            program.kill()


def told(line: bytes) -> tuple[str, bool]:
    """Return which id a line is about, and whether it succeeded."""
    result = json.loads(line)
    return result["id"], result["result"]["success"]


def test_a_line_comes_when_its_item_is_done(conversation: Make, home: Path) -> None:
    """Who fails at once is told of while the others still wait; the end of the command is as ever: exit 7."""
    one, two = conversation("u-1"), conversation("u-2")
    with locked(home) as lock, closing_many(one, "nope", two) as program:
        assert program.stdout is not None
        first = told(program.stdout.readline())
        lock.release()
        rest, errors = program.communicate(timeout=30)

    assert ("nope", False) == first
    assert {(one, True), (two, True)} == set(map(told, rest.splitlines()))
    assert (7, b"commercive: nope: there is no conversation nope\n") == (program.returncode, errors)


def test_a_kill_leaves_a_true_report(conversation: Make, store: Run) -> None:
    """Everything that was told is done, and of what was done at most the eight in flight were not told."""
    ids = [conversation(f"u-{number}") for number in range(SOME)]
    with closing_many(*ids, bufsize=0, pipesize=PIPE) as program:
        assert program.stdout is not None
        seen = [program.stdout.readline() for _ in range(3)]
        program.kill()  # which cannot have told everything: the pipe has no room for it
        seen += program.stdout.read().splitlines()
        program.wait()
    closed = store("chat", "list", "--status", "closed", "-o", "ids").ids

    assert -signal.SIGKILL == program.returncode
    assert {one for one, success in map(told, seen) if success} <= set(closed)
    assert 0 <= len(closed) - len(seen) <= 8


def test_ctrl_c_leaves_a_true_report(conversation: Make, home: Path, store: Run) -> None:
    """The running ones are finished and told of, the others are not begun: exit 130."""
    ids = [conversation(f"u-{number}") for number in range(12)]
    with locked(home) as lock, closing_many("nope", *ids) as program:
        assert program.stdout is not None
        assert ("nope", False) == told(program.stdout.readline())
        program.send_signal(signal.SIGINT)
        assert program.stderr is not None
        assert b"interrupted" in program.stderr.readline()
        lock.release()
        rest, errors = program.communicate(timeout=30)
    closed, reported = store("chat", "list", "--status", "closed", "-o", "ids").ids, list(map(told, rest.splitlines()))

    assert {(one, True) for one in closed} == set(reported)
    assert (130, True) == (program.returncode, f"{len(closed) + 1} of 13 done".encode() in errors)
    assert 1 <= len(closed) <= 9


def test_what_nobody_can_be_told_is_done_nevertheless(conversation: Make, store: Run) -> None:
    """On a full disk the rest is done all the same, which 74 says; stderr names what failed."""
    ids = [conversation(f"u-{number}") for number in range(3)]
    with full_disk() as full:
        ran = done([*CLOSE, *ids, "nope"], env=environment(), stdout=full)

    assert (74, b"commercive: nope: there is no conversation nope") == (ran.code, ran.err.splitlines()[0])
    assert set(ids) == set(store("chat", "list", "--status", "closed", "-o", "ids").ids)


def test_the_access_log_has_each_item_before_it_is_told(conversation: Make, home: Path) -> None:
    """What stands on stdout stands in the log."""
    one, two = conversation("u-1"), conversation("u-2")
    ran = done([*CLOSE, one, two, "--access-log", str(home / "log")], env=environment())
    logged = [json.loads(line) for line in (home / "log").read_text().splitlines()]

    assert [told(line)[0] for line in ran.out.splitlines()] == [
        each["records"]["conversation"][0] for each in logged if each["outcome"] == "ok"
    ]


def test_a_dry_run_tells_what_it_would_write(conversation: Make, store: Run) -> None:
    """Nothing is told to be done."""
    one, two = conversation("u-1"), conversation("u-2")
    ran = store("chat", "close", one, two, "-o", "jsonl", "--dry-run")

    assert (0, False) == (ran.code, '"success"' in ran.out)
    assert [] == store("chat", "list", "--status", "closed", "-o", "ids").ids
