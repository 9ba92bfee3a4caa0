"""Threads for work that is done at the same time; none of them keeps the program from ending."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, TypeVar

Result = TypeVar("Result")
_Task = tuple[Future[Any], Callable[[], Any]]

PARTING_SECONDS = 0.5
"""For how long what has begun is waited for when the work is broken off, as by Ctrl-C."""


class Workers:
    """Do what is submitted, in turn, in some threads.

    As a context manager it waits for all that was submitted. Where the block is broken off, as Ctrl-C does, what has
    not begun is cancelled, and what does not end soon is left behind: it waits for a store, perhaps for minutes.
    """

    def __init__(self, count: int) -> None:
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def submit(self, call: Callable[[], Result]) -> Future[Result]:
        """Have it called by a free thread; a future that is cancelled before is not called at all."""
        future: Future[Result] = Future()
        self._tasks.put((future, call))
        return future

    def stop(self) -> None:
        """End every thread that has nothing left to do."""
        for _ in self._threads:
            self._tasks.put(None)

    def __enter__(self) -> "Workers":
        """Return this."""
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _traceback: TracebackType | None) -> None:
        """Wait for what was submitted, or break off."""
        if kind is None or issubclass(kind, Exception):
            self.stop()
            for thread in self._threads:
                thread.join()
        else:
            self._break_off()

    def _break_off(self) -> None:
        try:
            while task := self._tasks.get_nowait():
                task[0].cancel()
        except Empty:
            pass
        self.stop()
        until = time.monotonic() + PARTING_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            _do(*task)


def _do(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - whoever waits for the future gets it
        future.set_exception(error)
