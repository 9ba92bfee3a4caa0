"""Signals that come just before a wait, or to another thread: they are heard during the wait."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue

import pytest

from commercive_cli.cli.late_signals import signals_heard

LONG = 10.0
SLOW = [sys.executable, "-c", f"import time; time.sleep({LONG})"]


def no_reply() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.settimeout(LONG)
        silent.recv(1)


WAITS: dict[str, Callable[[], object]] = {
    "time to pass": lambda: time.sleep(LONG),
    "an event": lambda: threading.Event().wait(LONG),
    "a queue": lambda: SimpleQueue[int]().get(timeout=LONG),
    "a result": lambda: Future[int]().result(LONG),
    "a thread": lambda: threading.enumerate()[-1].join(LONG),
    "a reply": no_reply,
    "a program": lambda: subprocess.run(SLOW, check=False),  # noqa: S603 - our own
}


class Ended(Exception):
    """The wait has been ended by the last signal."""


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_signals_are_heard_during_a_wait(wait: Callable[[], object]) -> None:
    """What the system hands to another thread interrupts nothing, as what comes just before a wait: Ctrl-C does so."""
    heard = [threading.Event() for _ in range(4)]

    def hear(*_: object) -> None:
        now = next(each for each in heard if not each.is_set())
        now.set()
        if now is heard[-1]:
            raise Ended

    def send() -> None:
        for each in heard:  # the first of them may come before the wait, and the others cannot
            signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
            each.wait(LONG)

    def beset() -> None:
        sender.start()
        wait()

    before = signal.signal(signal.SIGUSR1, hear)
    sender = threading.Thread(target=send)
    began = time.monotonic()
    try:
        with signals_heard(), pytest.raises(Ended):
            beset()
    finally:
        took = time.monotonic() - began
        sender.join()
        signal.signal(signal.SIGUSR1, before)

    assert took < LONG / 2
