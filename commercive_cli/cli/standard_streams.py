"""Standard input, output and error of the process: always UTF-8, and never in the way when closed or full."""

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Lossy(io.FileIO):
    """A file that loses what it cannot take."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def prepare_streams() -> None:
    """Let the streams be UTF-8 whatever the locale says, and never fail on a character or for being closed.

    What stderr cannot take is lost: a command does not stop, and ends no differently, because nobody could be told
    about it. Results on stdout are another matter: those that cannot be written raise OSError.
    """
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere("w")
    sys.stderr = sys.stderr or _nowhere("w")
    if sys.__stderr__ and sys.stderr is sys.__stderr__:
        lossy = io.BufferedWriter(_Lossy(sys.__stderr__.fileno(), "wb", closefd=False))
        sys.stderr = io.TextIOWrapper(lossy, line_buffering=True)
    for stream, errors in ((sys.stdin, "strict"), (sys.stdout, "backslashreplace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)


def discard_unwritten() -> None:
    """Write what stdout still holds back, or forget it: the interpreter's own attempt at the end would exit 120."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _nowhere(mode: str) -> TextIO:
    return cast("TextIO", Path(os.devnull).open(mode))  # open as long as the process lives
