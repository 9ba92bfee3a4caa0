"""Runs the proof and prints what each claim was held to.

    python -m tests.proof                     # every part that is fast, for a minute where time counts
    python -m tests.proof --minutes 30        # every part, for half an hour in all
    python -m tests.proof --part guards       # one part
    python -m tests.proof --seed 17           # one run of the simulator, shrunk if it fails
    python -m tests.proof --runs 5000         # so many of its runs, the same every time
    python -m tests.proof --list

Everything that is chance comes from the seed. The exit code is 1 when a claim did not hold.
"""

import argparse
import sys
from collections.abc import Sequence

from tests.proof import crashes, privileges, simulator, wire
from tests.proof.guards import harness
from tests.proof.hostile import part as hostile
from tests.proof.parts import Findings, Part, table
from tests.proof.planted import PLANTED
from tests.proof.simulation import Subject
from tests.proof.simulator import Simulator

PARTS: tuple[Part, ...] = (simulator.PART, crashes.PART, wire.PART, hostile.PART, privileges.PART, harness.PART)
_BY_NAME = {part.name: part for part in PARTS}


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; return 1 when a claim did not hold."""
    asked = _parser().parse_args(arguments)
    if asked.list:
        _print("\n".join(f"{part.name:12} {part.words}" for part in PARTS))
        return 0
    found = list(_run(asked))
    for words in [words for each in found for words in each.violations]:
        _print(words + "\n")
    _print("\n".join(table([row for each in found for row in each.rows])))
    for reason in [each.skipped for each in found if each.skipped]:
        _print(f"not run: {reason}")
    return 0 if all(each.hold for each in found) else 1


def _run(asked: argparse.Namespace) -> Sequence[Findings]:
    one = asked.seed is not None and asked.minutes is None and asked.part is None
    if asked.planted or asked.runs or one:
        return [_simulated(asked)]
    minutes = asked.minutes or 1
    parts = [part for part in PARTS if part.least_minutes <= minutes] if asked.part is None else [_BY_NAME[asked.part]]
    return [_proved(part, minutes / len(parts), asked.seed or 0) for part in parts]


def _proved(part: Part, minutes: float, seed: int) -> Findings:
    """Run a part, and say on stderr that it goes on."""
    print(f"{part.name}: {part.words}", file=sys.stderr, flush=True)  # noqa: T201 - this is a command
    return part.prove(minutes, seed)


def _simulated(asked: argparse.Namespace) -> Findings:
    """Run one seed of the simulator or a number of them, or services that have a fault planted."""
    simulated = Simulator(PLANTED[asked.planted].subject if asked.planted else Subject())
    first = asked.seed or 0
    if asked.runs:
        tally = simulated.seeds(range(first, first + asked.runs))
    elif asked.seed is None or asked.minutes is not None:
        tally = simulated.for_minutes(asked.minutes or 1, first)
    else:
        tally = simulated.seeds([asked.seed])
        _print(f"trace {simulated.seed(asked.seed).trace}")
    return simulator.findings(simulated, tally, f" --planted '{asked.planted}'" if asked.planted else "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.proof", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, help="how long in all; 1 unless told")
    parser.add_argument("--seed", type=int, help="where chance begins; alone, the one run of the simulator to show")
    parser.add_argument("--runs", type=int, help="run so many seeds of the simulator, from --seed on")
    parser.add_argument("--part", choices=_BY_NAME, help="run this part alone")
    parser.add_argument("--planted", choices=PLANTED, help="run the simulator on services that have this fault planted")
    parser.add_argument("--list", action="store_true", help="name the parts")
    return parser


def _print(words: str) -> None:
    print(words)  # noqa: T201 - this is a command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
