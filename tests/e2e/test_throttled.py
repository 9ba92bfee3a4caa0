"""On a terminal, work on whole tables that is throttled says so, goes on when it can, and ends with Ctrl-C."""

import os
import re
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from io import FileIO
from pathlib import Path

import pytest

from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.schema import AFFILIATE_STATS, CONVERSATIONS, LEADS
from tests import preloaded
from tests.cli.process import on_terminal
from tests.e2e.conftest import bare_environment
from tests.e2e.stores import server_store
from tests.engines.dynamodb.doubles import ManualTime, Server, carried, serving
from tests.engines.dynamodb.throttled import ThrottledServer
from tests.services.adopt.old_backend import old_backend
from tests.services.transfer.stores import exported, filled, sqlite_store

WAITING = "throttled, waiting"
TOLD = f"commercive: {re.escape(WAITING)}: "
BESIDE_THE_BAR = rf"\d:\d\d:\d\d {re.escape(WAITING)}"
SOME = ("--conversations", "5", "--messages", "30", "--affiliates", "3", "--leads", "20")
PROMPTLY = 60
"""Seconds: far less than the minutes for which throttling is waited out, and more than a slow machine takes."""


@dataclass
class Throttled:
    """A store on a server that takes nothing until its clock goes on, and an export to be imported."""

    store: DynamoDBStore
    front: Server
    clock: ManualTime
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        url = f"dynamodb://eu-west-1?prefix={self.store.prefix}&endpoint={self.front.url}"
        keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "COMMERCIVE_STORE": url}
        return bare_environment(self.home) | keys | {"TERM": "xterm-256color", "COLUMNS": "120"}


@pytest.fixture
def throttled(real_endpoint: str, tmp_path: Path) -> Iterator[Throttled]:
    with closing(sqlite_store(tmp_path / "source.db")) as source:
        exported(filled(source), tmp_path / "export")
    old_backend(1, conversations=2, leads=2).export(tmp_path / "old")
    clock = ManualTime()
    server = ThrottledServer(real_endpoint, clock.now, writes=1, burst=10**6)
    server.drain()
    with server_store(real_endpoint) as store, serving(server) as front:
        yield Throttled(store, front, clock, tmp_path)


def seen_until(words: str | None, screen: FileIO, seen: bytearray) -> str:
    """Read the screen until words of that pattern stand there, or to its end; return all that was seen."""
    with suppress(OSError):  # a closed terminal is read as an error by Linux
        while words is None or not re.search(words, _colourless(seen.decode(errors="replace"))):
            if not select.select([screen], [], [], PROMPTLY)[0] or not (chunk := screen.read(65_536)):
                break
            seen += chunk
    return seen.decode(errors="replace")


def _colourless(screen: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", screen)


def test_throttling_is_told_once_and_waited_out(throttled: Throttled) -> None:
    """It is named with the table, shown beside the bars as long as it lasts, and then everything is there."""
    arguments = ["tables", "import", str(throttled.home / "export")]
    command, seen = [sys.executable, "-m", "commercive_cli", *arguments], bytearray()
    with on_terminal(command, env=throttled.environment) as (process, screen):
        seen_until(TOLD, screen, seen)
        seen_until(BESIDE_THE_BAR, screen, seen)
        throttled.clock.seconds = 10**6
        everything = seen_until(None, screen, seen)
        code = process.wait(PROMPTLY)

    assert 0 == code, everything
    assert re.search(BESIDE_THE_BAR, _colourless(everything))
    told = re.findall(rf"{TOLD}([\w.-]+)", everything)
    assert told == [throttled.store.prefix + CONVERSATIONS.name]


@pytest.mark.parametrize("line", ["tables import HOME/export", "tables adopt HOME/old", "affiliates recompute --all"])
def test_ctrl_c_ends_the_waiting_at_once(line: str, throttled: Throttled) -> None:
    """Not after the minutes that it might have waited; what was not written is not there."""
    throttled.store.batch_put(AFFILIATE_STATS, [{"affiliate_id": "ann", "total_leads": 7, "version": 1}])
    command = [sys.executable, "-m", "commercive_cli", *line.replace("HOME", str(throttled.home)).split()]
    seen = bytearray()
    with on_terminal(command, env=throttled.environment) as (process, screen):
        seen_until(WAITING, screen, seen)
        os.kill(process.pid, signal.SIGINT)
        everything = seen_until(None, screen, seen)
        code = process.wait(PROMPTLY)

    assert 130 == code, everything
    assert 7 == throttled.store.scan(AFFILIATE_STATS).items[0]["total_leads"]
    assert [] == throttled.store.scan(LEADS).items


def test_the_program_paces_what_it_writes(real_endpoint: str, tmp_path: Path) -> None:
    """`--write-units` reaches every write: each is asked what it took, and a few units take their time."""
    line = ["tables", "seed", *SOME, "--yes", "--write-units", "100"]
    with server_store(real_endpoint) as store, serving(partial(carried, real_endpoint)) as front:
        environment = Throttled(store, front, ManualTime(), tmp_path).environment
        began = time.monotonic()
        code, _, errors = preloaded.run(line, environment, stdin=b"", seconds=60)
        took = time.monotonic() - began
    writes = [each for each in front.requests if each.operation in ("BatchWriteItem", "TransactWriteItems")]

    assert 0 == code, errors
    assert writes
    assert all(each.parameters["ReturnConsumedCapacity"] == "TOTAL" for each in writes)
    assert took > 0.5


@pytest.mark.parametrize(
    "line",
    ["adopt OLD", "import OLD", "seed", "audit --fix", "archive --older-than 365d new", "recompute --all"],
)
def test_a_file_has_no_write_units(line: str, tmp_path: Path) -> None:
    """The option is refused there, and so it is where nothing would be written."""
    group = "affiliates" if line.startswith("recompute") else "tables"
    environment = bare_environment(tmp_path) | {"COMMERCIVE_STORE": f"sqlite:///{tmp_path}/store.db"}
    preloaded.run(["tables", "create"], environment, stdin=b"", seconds=60)
    (tmp_path / "old").mkdir()
    asked = [group, *line.replace("OLD", str(tmp_path / "old")).split(), "--yes", "--write-units", "5"]
    code, _, errors = preloaded.run(asked, environment, stdin=b"", seconds=60)

    assert (2, b"commercive: write units are those of DynamoDB's tables; this store is a file\n") == (code, errors)
