"""What commands and actions read does not grow with what lies beside what they were asked for.

COMMERCIVE_TEST_CROWDS says how much lies there, as two numbers: 100,1000 unless it is set; then all counts are printed.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from commercive_cli.api.actions import ACTIONS
from tests.benchmarks.recording import Recording, recording
from tests.cli.conftest import Run
from tests.cli.growth import ACTION_LINES, BOUNDED, GROWING, LINES, Count, counted, fill, words
from tests.e2e.stores import server_store

CROWDS = os.environ.get("COMMERCIVE_TEST_CROWDS", "")
SIZES = [int(each) for each in (CROWDS or "100,1000").split(",")]
PAGE = 1_000_000
"""Bytes of the largest page that DynamoDB gives, about."""
ARCHITECTURE = Path(__file__).parents[2] / ".github/ARCHITECTURE.md"
SAME = [name for name in LINES if name not in {*BOUNDED, *GROWING}]


@pytest.fixture(scope="module")
def recorded(real_endpoint: str) -> Iterator[Recording]:
    with recording(real_endpoint) as proxy:
        yield proxy


@pytest.fixture
def counts(
    real_endpoint: str, recorded: Recording, run: Run, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Count]]:
    """What each line costs beside crowds of both sizes."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    seen = []
    for size in SIZES:
        with server_store(real_endpoint) as store:
            fill(store, size)
            url = f"dynamodb://eu-west-1?endpoint={recorded.url}&prefix={store.prefix}"
            seen.append({name: _count(recorded, run, "--store", url, *words(line)) for name, line in LINES.items()})
    return seen


def _count(recorded: Recording, run: Run, *line: str) -> Count:
    recorded.take()
    ran = run(*line)
    assert 0 == ran.code, (line, ran.err, ran.out[-300:])
    return counted(recorded.take())


def _requests(count: Count) -> int:
    return len(count.requests)


def test_every_action_is_counted() -> None:
    """A new action is added to the lines whose growth is counted."""
    assert {action.name for action in ACTIONS} == set(ACTION_LINES)


def test_what_is_read_does_not_grow(counts: list[dict[str, Count]], capsys: pytest.CaptureFixture[str]) -> None:
    """Requests, items and bytes are the same beside few and many others in the same partitions, and as documented.

    What looks at some more leads of an affiliate sends the same requests, and has a bound. What reads on until a page
    is full sends two requests more, one for each status, where there is twice as much, until pages have the size that
    DynamoDB gives them.
    """
    few, many = counts
    if CROWDS:
        with capsys.disabled():
            print("", *(f"| `{each}` | {few[each]} | {many[each]} |" for each in LINES), sep="\n")  # noqa: T201
    told = ARCHITECTURE.read_text(encoding="utf-8")

    assert {name: few[name] for name in SAME} == {name: many[name] for name in SAME}
    assert {name: few[name].requests for name in BOUNDED} == {name: many[name].requests for name in BOUNDED}
    doublings = math.log2(SIZES[1] / SIZES[0]) + 1
    pages = {name: 2 * doublings + many[name].bytes / PAGE for name in GROWING}
    assert [] == [each for each in GROWING if _requests(many[each]) > _requests(few[each]) + pages[each]]
    assert [] == [name for name, most in BOUNDED.items() if many[name].items > most]
    assert [] == [row for name in SAME if (row := f"| `{name}` | {few[name]} |") not in told]
