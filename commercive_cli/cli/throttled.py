"""Throttling during work on many items: it is waited out, told once on a terminal, and shown beside the bars."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

WAITING = "throttled, waiting"
_SHOWN_SECONDS = 6.0
"""How long it is shown after the latest throttling: pauses between tries are up to 5 s long."""


class Throttled:
    """What a store tells of throttling, from any thread; `note` writes a remark to stderr."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._waits = False
        self._latest = -_SHOWN_SECONDS
        self._told: set[str] = set()
        self._lock = Lock()

    def __call__(self, table: str) -> bool:
        """Return whether throttling is waited out now, and say so the first time for this table."""
        if not self._waits:
            return False
        with self._lock:
            self._latest = time.monotonic()
            if table not in self._told and sys.stderr.isatty():
                self._note(f"{WAITING}: {table}")
            self._told.add(table)
        return True

    @contextmanager
    def waited_out(self) -> Iterator[None]:
        """Let throttling be waited out in the block."""
        before, self._waits = self._waits, True
        try:
            yield
        finally:
            self._waits = before

    def words(self) -> str:
        """Return what is shown beside the bars now."""
        return WAITING if time.monotonic() - self._latest < _SHOWN_SECONDS else ""
