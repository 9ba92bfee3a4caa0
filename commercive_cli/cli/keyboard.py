"""What is typed on a terminal: single keys without Enter, and lines. POSIX only."""

import os
import select
import signal
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from commercive_cli.cli.interrupts import wait_for_input
from commercive_cli.domain.errors import Invalid

LONGEST_LINE = 4_095
"""Bytes that a terminal hands over as one line, its end included; it drops what is typed beyond."""
_END, _ESCAPE = b"\x04", b"\x1b"


@contextmanager
def _noted_stops() -> Iterator[threading.Event]:
    """Yield an event that is set whenever the program goes on after a stop, as by Ctrl-Z and `fg`."""
    went_on = threading.Event()
    before = signal.signal(signal.SIGCONT, lambda _number, _frame: went_on.set())
    try:
        yield went_on
    finally:
        signal.signal(signal.SIGCONT, before)


class Keyboard:
    """A terminal by its file descriptor. Nothing else may read from it meanwhile."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def key(self, keys: str, ask: Callable[[], None]) -> str:
        """Call `ask`, and return the first of some keys (lower case) that is typed after that; others do nothing.

        What was typed before is dropped: it cannot have been meant for what is asked now. Raises EOFError at the end
        of input.
        """
        before = termios.tcgetattr(self._descriptor)
        try:
            with _noted_stops() as went_on:
                while True:  # once more after a stop: the shell changed how the terminal hands over what is typed
                    tty.setcbreak(self._descriptor, termios.TCSAFLUSH)
                    ask()
                    if chosen := self._first_of(keys, went_on):
                        return chosen
        finally:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)

    def _first_of(self, keys: str, went_on: threading.Event) -> str:
        """Return the first of some keys, or nothing when the program went on after a stop."""
        while not went_on.is_set():
            wait_for_input(self._descriptor, went_on.is_set)
            typed = self._read(1).lower() if self._is_waiting() else None
            if typed in (b"", _END):
                raise EOFError
            if typed == _ESCAPE:  # an arrow or function key, whose letters mean nothing
                self._drop_sequence()
            elif typed and typed in keys.encode():
                return typed.decode()
        went_on.clear()
        return ""

    def line(self) -> str:
        """Return the line that is typed next; raise EOFError at the end of input, Invalid for one that is too long."""
        typed = b""
        while not typed.endswith(b"\n"):
            part = self._read(LONGEST_LINE + 1)
            if not part:
                raise EOFError
            typed += part
        if len(typed) >= LONGEST_LINE:
            raise Invalid(f"a line on a terminal holds less than {LONGEST_LINE:,} bytes; nothing was written")
        return typed.decode("utf-8", "surrogateescape").rstrip("\r\n")

    def _read(self, count: int) -> bytes:
        wait_for_input(self._descriptor)
        try:
            return os.read(self._descriptor, count)
        except OSError:  # the terminal is gone
            return b""

    def _drop_sequence(self) -> None:
        """Drop what follows an escape, which alone is the key Esc (ECMA-48, "CSI" and "SS3")."""
        if self._is_waiting() and self._read(1) in (b"[", b"O"):
            while self._is_waiting() and not b"@" <= self._read(1) <= b"~":
                pass

    def _is_waiting(self) -> bool:
        return bool(select.select([self._descriptor], [], [], 0)[0])
