"""The simulator finds nothing in what is there, the same every time, and it would find what we fear."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proof.acts import THEMES
from tests.proof.books import Violation
from tests.proof.plans import made
from tests.proof.planted import PLANTED, Planted
from tests.proof.simulator import CLAIMS, Simulator, told

SEEDS = range(300)
SHORT = 40
FOUND_WITHIN = [seed for seed in range(1_000) if len(made(seed, THEMES).steps) <= SHORT]
"""Seeds of short runs, which are shrunk fast."""
MOST_STEPS = 19
_HERE = Path(__file__).parents[2]
_TRACES = "from tests.proof.simulator import Simulator; s = Simulator(); print([s.seed(n).trace for n in range(25)])"


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator()


def test_every_claim_holds_under_fixed_seeds(simulator: Simulator) -> None:
    """Whatever order clients come in, whatever breaks and whoever dies, every claim holds; each is put to the test."""
    tally = simulator.seeds(SEEDS)
    shown = [
        told(each, simulator.shrunk(each), f"python -m tests.proof --seed {each.plan.seed}")
        for each in tally.failed[:1]
    ]

    assert [] == shown
    assert all(row.operations > 0 < row.faults for row in tally.rows())


def test_a_seed_replays_the_same_run_in_any_process() -> None:
    """The trace of a seed depends on nothing of the process: neither on its hashes nor on what ran before."""
    command = [sys.executable, "-c", _TRACES]
    runs = [
        subprocess.Popen(command, cwd=_HERE, env={**os.environ, "PYTHONHASHSEED": seed}, stdout=subprocess.PIPE)  # noqa: S603
        for seed in ("1", "2")
    ]
    traces = [run.communicate()[0] for run in runs]
    simulator = Simulator()
    simulator.seed(1_000)

    assert [0, 0] == [run.returncode for run in runs]
    assert f"{[simulator.seed(seed).trace for seed in range(25)]}\n".encode() == traces[0] == traces[1]


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_named_and_shrunk(name: str) -> None:
    """Each fault that we fear is found, called what it is, cut down to a few steps, and comes again with its seed."""
    planted: Planted = PLANTED[name]
    simulator = Simulator(planted.subject)
    failed = simulator.first_failure(FOUND_WITHIN)
    assert failed is not None
    assert failed.violation is not None
    smallest = simulator.shrunk(failed)

    assert failed.violation.name in planted.found_as
    assert MOST_STEPS >= len(smallest.plan.steps)
    assert failed.trace == simulator.seed(failed.plan.seed).trace
    assert smallest.trace == simulator.run(smallest.plan).trace
    assert failed.violation.name in told(failed, smallest, "")


def test_every_violation_belongs_to_a_claim() -> None:
    """The table tells of every kind of thing that can be found wrong."""
    source = "".join(path.read_text() for path in Path(__file__).parent.glob("*.py"))
    names = {part.split('"', 1)[0] for part in source.split(f'{Violation.__name__}("')[1:]}

    assert names == {name for claim in CLAIMS for name in claim.violations}
