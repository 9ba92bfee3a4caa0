"""Ctrl-C during writes: running requests are finished, no others are started."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from commercive_cli.cli.errors import INTERRUPTED, say


@contextmanager
def deferred_interrupts() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C sets, instead of stopping the program; the second one stops it.

    A KeyboardInterrupt could come between a write and its report; the event is checked only where stopping is safe.
    """
    interrupted = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()
        say("interrupted: finishing running requests; Ctrl-C again stops at once")

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def resumable() -> Iterator[None]:
    """Make Ctrl-C end the command with a message that it can be resumed."""
    try:
        yield
    except KeyboardInterrupt:
        say("interrupted; run the same command again to go on")
        raise typer.Exit(INTERRUPTED) from None
