"""Waiting for input: what comes in pieces is read whole, and a signal ends the wait."""

import io
import os
import signal
import threading
from contextlib import closing, redirect_stderr, suppress

import pytest

from commercive_cli.cli.interrupts import deferred_interrupts, wait_for_input, whole_input
from commercive_cli.domain.errors import Invalid


def test_input_that_comes_in_pieces_is_read_whole() -> None:
    """A slow program may write half of a letter, and then the other; more than a pipe holds is read as well."""
    reader, writer = os.pipe()
    sent = ("é" * 100_000 + "\r\nlast").encode()

    def write() -> None:
        with os.fdopen(writer, "wb", buffering=0) as out:
            for start in range(0, len(sent), 4_097):
                out.write(sent[start : start + 4_097])

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reader, encoding="utf-8") as stream:
        whole = whole_input(stream)
    thread.join()

    assert sent == whole


def test_an_input_without_an_end_is_refused() -> None:
    """No command fills the memory with whatever is piped into it: reading ends behind 64 MB."""
    reader, writer = os.pipe()
    written: list[int | None] = []

    def write() -> None:
        with os.fdopen(writer, "wb", buffering=0) as out, suppress(BrokenPipeError):
            while True:
                written.append(out.write(bytes(2**20)))

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reader, encoding="utf-8") as stream, pytest.raises(Invalid, match="stdin holds more than 64 MB"):
        whole_input(stream)
    thread.join()

    assert sum(filter(None, written)) < 66 * 2**20


def test_what_is_no_file_is_read_as_it_is() -> None:
    """A text in memory never blocks."""
    with closing(io.TextIOWrapper(io.BytesIO(b"a\r\nb"))) as stream:
        assert b"a\r\nb" == whole_input(stream)


def test_a_signal_ends_the_wait() -> None:
    """Whenever it comes during the wait, and whatever its handler does: so Ctrl-C is never missed."""
    reader, writer = os.pipe()
    main, over = threading.get_ident(), threading.Event()

    def send() -> None:
        for _ in range(6_000):
            signal.pthread_kill(main, signal.SIGUSR1)
            if over.wait(0.01):
                return
        os.write(writer, b"late")  # so that a wait that misses signals fails and does not hang

    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    thread = threading.Thread(target=send)
    try:
        thread.start()
        wait_for_input(reader)
    finally:
        over.set()
        thread.join()
        signal.signal(signal.SIGUSR1, before)
    os.set_blocking(reader, False)

    with pytest.raises(BlockingIOError):
        os.read(reader, 1)
    os.close(reader)
    os.close(writer)


class Entered(io.StringIO):
    """A stream that is in the middle of a line when it is written to for the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.told = threading.Event()

    def write(self, text: str) -> int:
        self.lines.append(text)
        if len(self.lines) == 1:
            raise RuntimeError("reentrant call inside <_io.BufferedWriter name='<stderr>'>")
        self.told.set()
        return len(text)


class BehindBars(io.StringIO):
    """A stream as rich puts it in the place of stderr: whoever writes waits for the thread that draws bars."""

    rich_proxied_file = None

    def __init__(self) -> None:
        super().__init__()
        self.drawn, self.told = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        if self.drawn.wait(10):
            self.told.set()
        return len(text)


def test_ctrl_c_while_bars_are_drawn_waits_for_nobody() -> None:
    """The thread that draws may wait for the main thread meanwhile: the line comes when both are done."""
    stream = BehindBars()
    with redirect_stderr(stream), deferred_interrupts() as interrupted:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted.wait(60)
        stream.drawn.set()
        assert stream.told.wait(60)


def test_ctrl_c_in_the_middle_of_a_line_is_no_bug() -> None:
    """A stream is not entered twice by one thread; the work is stopped all the same, and it is told behind the line."""
    stream = Entered()
    with redirect_stderr(stream), deferred_interrupts() as interrupted:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted.wait(60)
        assert stream.told.wait(60)

    assert stream.lines[0] == stream.lines[1]
    assert stream.lines[1].startswith("commercive: interrupted: finishing")
