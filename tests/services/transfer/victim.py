"""Exports, imports or archives in a process that is killed, as by `kill -9`, before a given line of its code."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.transfer.exporter import ExportService
from commercive_cli.store.port import Store
from tests.forkserver import FORKSERVER
from tests.services.transfer.stores import archived, connected, importer


def run_until_killed(job: str, location: str, directory: Path, *, line: int | None = None) -> int:
    """Run "export", "import" or "archive" between a store and a directory in a process of its own.

    `location` is a SQLite file, or a server's URL, a space and a prefix. The process is killed before it runs its
    `line`-th line of `services.transfer` or `services.retention`, or not if that is None. Returns how many lines it
    ran, 0 when it was killed.
    """
    reader, writer = FORKSERVER.Pipe(duplex=False)
    process = FORKSERVER.Process(target=_work, args=(job, location, directory, line, writer))
    process.start()
    writer.close()
    process.join()
    if process.exitcode not in (0, -signal.SIGKILL):
        raise AssertionError(f"the {job} ended with {process.exitcode}")
    return int(reader.recv()) if reader.poll() and process.exitcode == 0 else 0


def _work(job: str, location: str, directory: Path, line: int | None, writer: Any) -> None:
    store = _store(location)
    counter = _Lines(line)
    jobs: dict[str, Callable[[], object]] = {
        "export": lambda: ExportService(store).run(directory),
        "import": lambda: importer(store).run(directory, "ops"),
        "archive": lambda: archived(store, directory),
    }
    threading.settrace(counter.called)
    sys.settrace(counter.called)
    jobs[job]()
    sys.settrace(None)
    threading.settrace(None)
    writer.send(counter.seen())


def _store(location: str) -> Store:
    endpoint, _, prefix = location.partition(" ")
    return connected(endpoint, prefix) if prefix else SQLiteStore(Path(location))


class _Lines:
    """Counts the lines that are run in one package, in every thread, and kills the process before one of them."""

    def __init__(self, last: int | None) -> None:
        self._numbers = count()  # each number is given out once, whatever other threads do
        self._last = last

    def seen(self) -> int:
        return next(self._numbers)

    def called(self, frame: FrameType, _event: str, _argument: object) -> Any:
        path = frame.f_code.co_filename
        return self._ran if "services/transfer/" in path or "services/retention/" in path else None

    def _ran(self, _frame: FrameType, event: str, _argument: object) -> Any:
        if event == "line" and next(self._numbers) + 1 == self._last:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._ran
