"""Sets up stdin, stdout and stderr: always UTF-8, inert, and usable when they are closed or their disk is full."""

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from commercive_cli.cli.inert_streams import inert
from commercive_cli.domain.secrets import redact

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Lossy(io.FileIO):
    """A file that drops data that cannot be written."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def prepare_streams() -> None:
    """Make the streams UTF-8 and inert whatever the locale is, and replace closed streams by the null device.

    Text that cannot be written to stderr is dropped, so that it changes neither the run of a command nor its exit code.
    Results that cannot be written to stdout raise OSError.
    """
    sys.stdin = sys.stdin or _null_device("r")
    sys.stdout = sys.stdout or _null_device("w")
    sys.stderr = sys.stderr or _null_device("w")
    if sys.__stderr__ and sys.stderr is sys.__stderr__:
        lossy = io.BufferedWriter(_Lossy(sys.__stderr__.fileno(), "wb", closefd=False))
        sys.stderr = io.TextIOWrapper(lossy, line_buffering=True)
    for stream, errors in ((sys.stdin, "strict"), (sys.stdout, "backslashreplace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)
    sys.stdout, sys.stderr = inert(sys.stdout), inert(sys.stderr, redact)


def discard_unwritten() -> None:
    """Flush stdout, or drop its buffer when that fails, since the interpreter's own flush at exit would exit 120."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _null_device(mode: str) -> TextIO:
    return cast("TextIO", Path(os.devnull).open(mode))  # open as long as the process lives
