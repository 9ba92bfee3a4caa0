"""Signals that CPython would hear late: those that come just before the main thread begins to wait.

CPython notes a signal when it comes, and acts on it when the main thread runs Python code again. One that comes during
a wait interrupts it. One that comes just before, or that the system hands to another thread, does not, however long the
wait takes: for a lock, a thread, a reply, another program, or some time to pass.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from types import FrameType

_FIRST_PAUSE = 0.05
"""Seconds from a signal until the main thread is woken; twice as many until it is woken again."""


@contextmanager
def signals_heard() -> Iterator[None]:
    """Let the main thread act on each signal within a fifth of a second, whatever it waits for in the block.

    It is sent another signal, which nobody else sends, until it has acted on that one: every wait that a signal
    interrupts lets CPython act on all that it noted. On Windows, and in other threads, nothing is done.
    """
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    waker = _Waker()
    handler = signal.signal(signal.SIGURG, waker.note)
    told = signal.set_wakeup_fd(waker.start_telling(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(told)
        waker.end()
        signal.signal(signal.SIGURG, handler)


class _Waker:
    """Wakes the main thread after every signal; SIGURG is sent, by which others tell of nothing here."""

    def __init__(self) -> None:
        self._signals, self._told = os.pipe()
        os.set_blocking(self._told, False)
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)
        self._over = threading.Event()
        self._heard = False

    def start_telling(self) -> int:
        """Begin, and return the descriptor to which CPython has to write the number of each signal."""
        self._thread.start()
        return self._told

    def note(self, _number: int, _frame: FrameType | None) -> None:
        """Take note that the main thread acts on signals."""
        self._heard = True

    def end(self) -> None:
        """Wake nobody any more."""
        self._over.set()
        os.close(self._told)

    def _run(self) -> None:
        with FileIO(self._signals) as signals:
            while came := signals.read(64):
                if came.strip(bytes([signal.SIGURG])):
                    self._wake()

    def _wake(self) -> None:
        pause, self._heard = _FIRST_PAUSE, False
        while not self._over.wait(pause) and not self._heard:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGURG)
            pause *= 2
