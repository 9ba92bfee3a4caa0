"""The program as its own process, and on a terminal of its own."""

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from tests import preloaded
from tests.preloaded import Process

PROGRAM = (sys.executable, "-m", "commercive_cli")
ROOT = Path(__file__).parents[2]
Running = subprocess.Popen[bytes] | Process
_SECONDS = 60


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a program that is run from the sources."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "PAGER": "cat", **more}


def _hear_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def started(command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    """Start a command of these tests with the sources on its path.

    It hears Ctrl-C even where the tests run in the background of a shell, which lets its jobs ignore it.
    """
    usual: dict[str, Any] = {"env": environment(), "preexec_fn": _hear_ctrl_c}
    process: subprocess.Popen[Any] = subprocess.Popen(command, **usual | options)  # noqa: S603 - the commands are our own
    return process


def _may_fork(command: Sequence[str], options: dict[str, Any]) -> bool:
    """Return whether a fork of a process that has loaded the program does what a start would."""
    ours = tuple(command[: len(PROGRAM)]) == PROGRAM and not options.keys() - {"env"}
    return ours and preloaded.starts_alike(options.get("env", os.environ))


@dataclass(frozen=True)
class Done:
    """The result of a process."""

    code: int
    out: bytes
    err: bytes


def done(command: Sequence[str], *, stdin: bytes = b"", **options: Any) -> Done:
    """Run a command to its end."""
    sinks = {name: sink for name in ("stdout", "stderr") if (sink := options.pop(name, subprocess.PIPE)) >= 0}
    if _may_fork(command, options):
        environ = options.get("env", environment())
        return Done(*preloaded.run(command[len(PROGRAM) :], environ, stdin=stdin, seconds=_SECONDS, **sinks))
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | sinks
    with started(command, **streams, **options) as process:
        out, err = process.communicate(stdin, timeout=_SECONDS)
    return Done(process.returncode, out or b"", err or b"")


@dataclass(frozen=True)
class Seen:
    """The output on the terminal, and the exit code."""

    code: int
    screen: str


def run_on_terminal(arguments: Sequence[str], typed: str = "", *, columns: int = 100) -> Seen:
    """Run the program on a pseudo-terminal; type `typed` after its first output."""
    return watch([*PROGRAM, *arguments], typed, env=environment(COLUMNS=str(columns)))


@contextmanager
def on_terminal(command: Sequence[str], **options: Any) -> Iterator[tuple[Running, FileIO]]:
    """Start a command on a pseudo-terminal; yield the process and the terminal."""
    leader, follower = pty.openpty()
    with closing(FileIO(leader, "rb+")) as screen:
        streams = [follower] * 3
        process: Running
        if _may_fork(command, options):
            environ = options.get("env", environment())
            process = preloaded.started(command[len(PROGRAM) :], environ, *streams, alone=True)
        else:
            named = dict(zip(("stdin", "stdout", "stderr"), streams, strict=True))
            process = started(command, start_new_session=True, **named, **options)
        os.close(follower)
        yield process, screen


def watch(command: Sequence[str], typed: str = "", **options: Any) -> Seen:
    """Run a command on a pseudo-terminal to its end; type `typed` after its first output."""
    with on_terminal(command, **options) as (process, screen):
        seen = b""
        # A closed terminal is read as an error by Linux, as the end of file by others.
        with suppress(OSError):
            while select.select([screen], [], [], _SECONDS)[0] and (chunk := screen.read(65536)):
                seen += chunk
                if typed:
                    screen.write(typed.encode())
                    typed = ""
        return Seen(process.wait(_SECONDS), seen.decode())
