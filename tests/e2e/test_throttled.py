"""On a terminal, work on whole tables that is throttled says so, goes on when it can, and ends with Ctrl-C."""

import os
import re
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import pytest

from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.schema import AFFILIATE_STATS, CONVERSATIONS, LEADS
from tests.cli.process import on_terminal
from tests.e2e.conftest import bare_environment
from tests.e2e.stores import server_store
from tests.engines.dynamodb.doubles import ManualTime, Server, serving
from tests.engines.dynamodb.throttled import ThrottledServer
from tests.services.adopt.old_backend import old_backend
from tests.services.transfer.stores import exported, filled, sqlite_store

WAITING = "throttled, waiting"
WAITING_BESIDE_THE_BAR = f"0:00:00 {WAITING}"
PROMPTLY = 20
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
    """Read the screen until the words stand there, or to its end; return all that was seen."""
    with suppress(OSError):  # a closed terminal is read as an error by Linux
        while words is None or words not in _colourless(seen.decode(errors="replace")):
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
        seen_until(f"commercive: {WAITING}: ", screen, seen)
        seen_until(WAITING_BESIDE_THE_BAR, screen, seen)
        throttled.clock.seconds = 10**6
        everything = seen_until(None, screen, seen)
        code = process.wait(PROMPTLY)

    assert 0 == code, everything
    assert WAITING_BESIDE_THE_BAR in _colourless(everything)
    told = re.findall(rf"commercive: {WAITING}: ([\w.-]+)", everything)
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
