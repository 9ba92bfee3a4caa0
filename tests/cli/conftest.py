"""The program run in this process, as a user runs it: arguments and stdin in, exit code, stdout and stderr out."""

import io
import json
import os
import pty
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.cli.app import main
from commercive_cli.domain.clock import Clock
from tests.e2e.embedded import make_file

CLEARED = (
    "COMMERCIVE_PROFILE",
    "COMMERCIVE_ACTOR",
    "COMMERCIVE_DASHBOARD_URL",
    "COMMERCIVE_APPROVAL_CEILING",
    "COMMERCIVE_COMMISSION_MIN",
    "COMMERCIVE_COMMISSION_MAX",
    "COMMERCIVE_ACCESS_LOG",
    "COMMERCIVE_CREDENTIALS_WAIT",
    "COMMERCIVE_CREDENTIALS_WAIT_TERMINAL",
    "NO_COLOR",
    "FORCE_COLOR",
    "VISUAL",
    "EDITOR",
    "COLUMNS",
)


@dataclass(frozen=True)
class Ran:
    """The result of a command line."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def ids(self) -> list[str]:
        return self.out.split()


Run = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a directory of the user's own, with an empty config file and a store URL in the environment."""
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COMMERCIVE_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("COMMERCIVE_STORE", f"sqlite:///{tmp_path}/store.db")
    monkeypatch.setenv("COMMERCIVE_ACTOR", "admin-1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # `api package` asks no registry
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    """Run one command line."""
    del home  # is where the settings lead

    def run(*arguments: str, stdin: str | bytes = b"", clock: Clock | None = None) -> Ran:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        with streams(given) as (out, err):
            code = main(arguments, clock)
        return Ran(code, out.getvalue().decode(), err.getvalue().decode())

    return run


@pytest.fixture
def at_terminal(home: Path) -> Run:
    """Run one command line in this process, on a terminal of 80 columns where `typed` is typed; `out` is the screen."""
    del home

    def run(*arguments: str, typed: str = "") -> Ran:
        with _terminal(typed) as seen:
            code = main(arguments)
        return Ran(code, seen[0], "")

    return run


@pytest.fixture
def store(home: Path, run: Run) -> Run:
    """Run one command line over tables that exist."""
    make_file(home / "store.db")
    return run


@contextmanager
def _terminal(typed: str) -> Iterator[list[str]]:
    """Let the standard streams be a terminal on which that is typed; the list holds in the end what was seen."""
    leader, follower = pty.openpty()
    saved, seen, screen = (sys.stdin, sys.stdout, sys.stderr), list[str](), bytearray()

    def look() -> None:
        with suppress(OSError):  # a closed terminal is read as an error by Linux
            while chunk := os.read(leader, 65_536):
                screen.extend(chunk)

    watcher = threading.Thread(target=look)
    try:
        with io.FileIO(follower, "r+") as terminal:
            sys.stdin, sys.stdout, sys.stderr = (
                io.TextIOWrapper(terminal, encoding="utf-8", write_through=True) for _ in range(3)
            )
            os.write(leader, typed.encode())
            while screen.count(b"\n") < typed.count("\n"):  # what is typed is shown, and before what is written then
                screen.extend(os.read(leader, 65_536))
            watcher.start()
            yield seen
    finally:
        sys.stdin, sys.stdout, sys.stderr = saved
        watcher.join()
        os.close(leader)
        seen.append(screen.decode())


@contextmanager
def streams(stdin: bytes) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    saved = sys.stdin, sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdin, sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"),
        io.TextIOWrapper(out, encoding="utf-8", newline=""),
        io.TextIOWrapper(err, encoding="utf-8", newline="", write_through=True),
    )
    try:
        yield out, err
    finally:
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            stream.detach() if stream is not sys.stdin else stream.close()
        sys.stdin, sys.stdout, sys.stderr = saved
