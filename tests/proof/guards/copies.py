"""Copies of the project in which one file is changed at a time, and whose tests are run."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import SERVER, server_binary
from tests.proof.guards.sources import Guard

ROOT = Path(__file__).parents[3]
_COPIED = ("commercive_cli", "tests", "completions", ".github", ".ci", "README.md", "pyproject.toml")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules")


class Copy:
    """A copy of the project with a process that runs its tests."""

    def __init__(self, place: Path) -> None:
        self._place = place
        place.mkdir()
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, place / name, ignore=_LEFT_OUT)
            elif source.exists():
                shutil.copy(source, place / name)
        self._versions = 1_000_000_000
        reader, writer = os.pipe()
        command = [sys.executable, "-m", "tests.proof.guards.tries", str(writer)]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command, cwd=place, stdin=subprocess.PIPE, pass_fds=[writer], env=_environment(), text=True
        )
        os.close(writer)
        self._answers = os.fdopen(reader)

    def run(
        self, tests: Sequence[str], seconds: float, *, seeds: int, wanted: Mapping[str, Sequence[int]] | None = None
    ) -> Any:
        """Run tests up to a failure, or all of them and note which of the wanted statements they ran.

        Returns what `tries` says of it, None when they took longer than so many seconds.
        """
        log = str(self._place.parent / f"{self._place.name}.log")
        asked = {"tests": tests, "seconds": seconds, "seeds": seeds, "wanted": wanted, "log": log}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return json.loads(self._answers.readline())

    @contextmanager
    def without(self, guard: Guard) -> Iterator[None]:
        """Let the copy lack a guard in the block."""
        path = self._place / guard.path
        source = path.read_bytes()
        self._write(path, guard.dropped_from(source))
        try:
            yield
        finally:
            self._write(path, source)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._answers.close()

    def _write(self, path: Path, source: bytes) -> None:
        """Write a version with a time of its own: by that and by the size, Python knows what it has compiled."""
        path.write_bytes(source)
        self._versions += 10
        os.utime(path, (self._versions, self._versions))


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    return kept | {SERVER: server_binary() or ""}
