"""Threads that answer requests, fewer than there are connections."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

_Task = tuple[Future[Any], Callable[[], Any]]


class Workers:
    """Do what is submitted, in turn. No thread keeps the process alive: what hangs must not stop it from ending."""

    def __init__(self, count: int) -> None:
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._count = count
        for _ in range(count):
            threading.Thread(target=self._work, daemon=True).start()

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        """Have it called by a free thread; a future that is cancelled before is not called at all."""
        future: Future[Any] = Future()
        self._tasks.put((future, call))
        return future

    def stop(self) -> None:
        """End every thread that has nothing left to do."""
        for _ in range(self._count):
            self._tasks.put(None)

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
