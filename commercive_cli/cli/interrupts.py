"""Ctrl-C: during writes, running requests are finished and no others are started; a wait for input ends."""

import io
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

import typer

from commercive_cli.cli.errors import INTERRUPTED, say
from commercive_cli.domain.errors import Invalid, Unavailable
from commercive_cli.domain.stopping import stopped_by

_CHUNK_BYTES = 65_536
LONGEST_INPUT = 64 * 1024 * 1024
"""In bytes; more than a million ids."""
_BEHIND_BARS = "rich_proxied_file"
"""What the stream has that rich puts in the place of stderr while it draws bars."""
_FINISHING = "interrupted: finishing running requests; Ctrl-C again stops at once"


@contextmanager
def deferred_interrupts() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C sets, instead of stopping the program; the second one stops it.

    A KeyboardInterrupt could come between a write and its report; the event is checked only where stopping is safe.
    What waits for a store that is throttled is given up; the command then ends as interrupted, and says what.
    """
    interrupted = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()
        _say_at_once_or_soon(_FINISHING)

    before = signal.signal(signal.SIGINT, handle)
    try:
        with stopped_by(interrupted):
            yield interrupted
    except Unavailable as error:
        if not interrupted.is_set():
            raise
        say(error.message)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGINT, before)


def _say_at_once_or_soon(message: str) -> None:
    """Write a line to stderr; is called by a signal's handler, in the middle of whatever the main thread does.

    Where bars are drawn, another thread writes it: the main thread may hold the screen, and the thread that draws wants
    it and holds the bars, which are drawn anew below every line. The two would wait for each other for ever.
    """
    if not hasattr(sys.stderr, _BEHIND_BARS):
        try:
            say(message)
        except RuntimeError:  # the signal came in the middle of another line, whose writer is not entered twice
            pass
        else:
            return
    threading.Thread(target=say, args=[message]).start()


@contextmanager
def resumable() -> Iterator[None]:
    """Make Ctrl-C end the command with a message that it can be resumed."""
    try:
        yield
    except KeyboardInterrupt:
        say("interrupted; run the same command again to go on")
        raise typer.Exit(INTERRUPTED) from None


def whole_input(stream: TextIO) -> bytes:
    """Return what is left to read from a stream, up to its end; Ctrl-C ends the wait. In the main thread only.

    Raises Invalid for more than `LONGEST_INPUT`, without reading on.
    """
    try:
        descriptor = stream.fileno()
    except io.UnsupportedOperation:  # nothing that blocks
        return stream.buffer.read()
    parts: list[bytes] = []
    size = 0
    while size <= LONGEST_INPUT:
        wait_for_input(descriptor)
        part = os.read(descriptor, _CHUNK_BYTES)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    raise Invalid(f"stdin holds more than {LONGEST_INPUT // 1024 // 1024} MB; nothing was done")


def wait_for_input(descriptor: int, is_over: Callable[[], bool] = lambda: False) -> None:
    """Return when there is something to read, or its end, or a signal has come. In the main thread only.

    CPython misses a signal that comes just before a read blocks. So a pipe that signals write to is waited for, too.
    `is_over` says that a signal which came before leaves nothing to wait for.
    """
    if os.name != "posix":  # Windows cannot wait for pipes
        return
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    before = signal.set_wakeup_fd(wake)
    try:
        if not is_over():
            select.select([descriptor, woken], [], [])
    finally:
        signal.set_wakeup_fd(before)
        os.close(woken)
        os.close(wake)
