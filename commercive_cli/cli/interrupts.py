"""Ctrl-C while something is being written: what is in flight is finished, nothing new is begun."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from commercive_cli.cli.errors import INTERRUPTED, say


@contextmanager
def deferred() -> Iterator[threading.Event]:
    """Lend an event that the first Ctrl-C sets, in place of stopping the program; the second one stops it.

    An exception out of nowhere could hit between a write and its report; an event is looked at where it is safe.
    """
    asked = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        say("interrupted: finishing what is in flight; Ctrl-C again stops at once")

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def resumable() -> Iterator[None]:
    """Let Ctrl-C end the command between two steps, and say that it can be taken up again."""
    try:
        yield
    except KeyboardInterrupt:
        say("interrupted; the same command again goes on")
        raise typer.Exit(INTERRUPTED) from None
