"""The handler's import costs little beyond the libraries that it stands on, measured beside them in the same run."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.benchmark

RUNS = 21
LARGEST_RATIO = 1.3
LIBRARIES = "import boto3, pydantic, jwt; from aws_lambda_powertools import Logger, Metrics"
HANDLER = "import commercive_cli.api.handler"
WITH_ENGINE = f"{HANDLER}, commercive_cli.engines.dynamodb.store"


def seconds(statement: str) -> float:
    began = time.perf_counter()
    subprocess.run(  # noqa: S603 - one of the statements above
        [sys.executable, "-c", statement], check=True, cwd=Path(__file__).parents[2]
    )
    return time.perf_counter() - began


def test_the_import_is_within_13_tenths_of_its_libraries() -> None:
    """Medians of interleaved runs, less what starting Python takes; a cold start is felt by a person.

    The engine, with boto3, is loaded by the first request; what both take together is printed.
    """
    statements = ("pass", LIBRARIES, HANDLER, WITH_ENGINE)
    runs = [tuple(map(seconds, statements)) for _ in range(RUNS + 1)][1:]
    start, libraries, handler, engine = (statistics.median(column) for column in zip(*runs, strict=True))

    ratio = (handler - start) / (libraries - start)
    print(  # noqa: T201 - a benchmark tells what it measured
        f"libraries {libraries - start:.3f} s, handler {handler - start:.3f} s (ratio {ratio:.2f}), "
        f"with the engine {engine - start:.3f} s (ratio {(engine - start) / (libraries - start):.2f})"
    )

    assert ratio <= LARGEST_RATIO
