"""The program as a user starts it: a process of its own, on a store of its own, embedded or real."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import preloaded

PATIENCE = 60
"""Seconds after which a command counts as hanging."""


@dataclass(frozen=True)
class Ran:
    """What a command did: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Program:
    """Command lines against one store."""

    environment: dict[str, str]

    def __call__(self, *arguments: str, stdin: bytes | None = None, **more: str) -> Ran:
        environment = self.environment | more
        if not preloaded.starts_alike(environment):
            return run_in(self, [sys.executable, "-m", "commercive_cli", *arguments], stdin, **more)
        code, out, err = preloaded.run(arguments, environment, stdin=stdin, seconds=PATIENCE)
        return Ran(code, out.decode(), err.decode())


def run_in(program: Program, command: list[str], stdin: bytes | None = None, **more: str) -> Ran:
    """Run a command line in the program's environment, without a terminal; fail when it hangs."""
    done = subprocess.run(  # noqa: S603 - our own program
        command,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        timeout=PATIENCE,
        env=program.environment | more,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


Start = Callable[[str], Program]


def bare_environment(home: Path) -> dict[str, str]:
    """Return an environment without a developer's profiles, credentials or colours."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "PYTHONPATH", "COVERAGE_PROCESS_START")
        if name in os.environ
    }
    return {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        **kept,
        "HOME": str(home),
        "COMMERCIVE_CONFIG": str(home / "config.toml"),
        "COMMERCIVE_ACTOR": "admin-456",
        "AWS_CONFIG_FILE": str(home / "no-aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "no-aws-credentials"),
    }


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Return the program on the store of a URL."""

    def start(url: str) -> Program:
        local = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
        return Program(bare_environment(tmp_path) | local | {"COMMERCIVE_STORE": url})

    return start


@pytest.fixture
def embedded(start: Start, tmp_path: Path) -> Program:
    """The program on a SQLite file."""
    return start(f"sqlite:///{tmp_path}/store.db")


@pytest.fixture
def real(start: Start, real_endpoint: str) -> Program:
    """The program on a real DynamoDB-compatible server, under a prefix of its own."""
    return start(f"dynamodb://us-east-1?prefix=e2e-{uuid.uuid4().hex[:8]}-&endpoint={real_endpoint}")


@pytest.fixture(params=["embedded", "real"])
def program(request: pytest.FixtureRequest) -> Program:
    """The program, on either store."""
    found: Program = request.getfixturevalue(request.param)
    return found
