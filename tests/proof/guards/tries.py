"""Runs tests in a copy of the project, in processes that are forked from one that has loaded the libraries.

`python -m tests.proof.guards.tries` in the copy is that process. It reads what to try from stdin, a line of JSON each,
and writes what came of it to the file descriptor that it is told.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LIBRARIES = (
    "boto3",
    "botocore.client",
    "botocore.endpoint",
    "botocore.session",
    "h11",
    "hypothesis",
    "jwt",
    "moto",
    "phonenumbers",
    "pydantic",
    "pytest",
    "rich.table",
    "typer",
    "unittest.mock",
)
SIMULATOR = "simulator"
"""Stands among the tests for runs of the simulator."""


def serve(answers: int) -> None:
    """Carry out what comes in by stdin, each in a process of its own, until it ends."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        _answer(answers, _forked(json.loads(line)))


def _forked(asked: Mapping[str, Any]) -> object:
    """Carry out in a process of a group of its own, which ends with all that it started, at the latest after a time."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.setsid()
        os.close(reader)
        _carry_out(asked, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as found:
        told = _read_until(found.fileno(), time.monotonic() + asked["seconds"])
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None if told is None else json.loads(told or b'{"failed": "(it ended)"}')


def _read_until(file: int, end: float) -> bytes | None:
    import select

    told = b""
    while select.select([file], [], [], max(0, end - time.monotonic()))[0]:
        part = os.read(file, 1 << 20)
        if not part or part.endswith(b"\n"):
            return told + part
        told += part
    return None


def _carry_out(asked: Mapping[str, Any], writer: int) -> None:
    try:
        with Path(asked["log"]).open("w") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        tests, seeds, wanted = asked["tests"], asked["seeds"], asked["wanted"]
        _answer(writer, tried(tests, seeds) if wanted is None else marked(tests, seeds, wanted))
    except BaseException:  # noqa: BLE001 - whatever it is, it goes into the log, and the process ends
        traceback.print_exc()
    finally:
        os._exit(0)


def tried(tests: Sequence[str], seeds: int) -> dict[str, Any]:
    """Run tests up to the first one that fails, the simulator before all others if it is among them."""
    if SIMULATOR in tests and (violation := _simulated(seeds)):
        return {"failed": violation}
    report = _Report()
    rest = [each for each in tests if each != SIMULATOR]
    if rest:
        _run(["-x", *rest], report)
    return {"failed": next(iter(report.failed), None)}


def marked(tests: Sequence[str], seeds: int, wanted: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """Run all of the tests; return how long each took, which failed, and which statements each one ran."""
    from tests.proof.guards.marks import Marks

    marks = Marks(wanted)
    report = _Report(marks.switch)
    marks.switch(SIMULATOR)
    if SIMULATOR in tests:
        _simulated(seeds)
    else:
        _run(tests, report)
    ran = {test: sorted(places) for test, places in marks.found.items()}
    return {"ran": ran, "seconds": report.seconds, "failed": report.failed}


def _run(arguments: Sequence[str], report: "_Report") -> None:
    import pytest

    loaded = "ignore::pytest.PytestAssertRewriteWarning"  # its plugins are loaded before it is asked to rewrite them
    code = pytest.main(["-q", "--no-header", f"-W{loaded}", *arguments], plugins=[report])
    if code in (2, 3) and not report.failed:  # interrupted, or an error of pytest itself
        report.failed.append(f"(pytest ended with {int(code)})")


def _simulated(seeds: int) -> str | None:
    from tests.proof.simulator import Simulator

    failed = Simulator().first_failure(range(seeds))
    if failed is None or failed.violation is None:
        return None
    return f"simulator, seed {failed.plan.seed}: {failed.violation.name}"


class _Report:
    """Notes what became of each test; tells `switch` which one begins."""

    def __init__(self, switch: Any = None) -> None:
        self.failed: list[str] = []
        self.seconds: dict[str, float] = {}
        self._switch = switch
        self._started = 0.0

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._started = time.process_time()  # what it costs, however busy the machine is
        if self._switch is not None:
            self._switch(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.seconds[nodeid] = time.process_time() - self._started

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


def _answer(file: int, found: object) -> None:
    told = json.dumps(found).encode() + b"\n"
    while told:
        told = told[os.write(file, told) :]


if __name__ == "__main__":
    serve(int(sys.argv[1]))
