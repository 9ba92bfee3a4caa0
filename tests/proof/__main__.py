"""Runs the proof and prints what each claim was held to: `python -m tests.proof [--minutes N] [--seed S]`."""

import argparse
import sys
from collections.abc import Iterator, Sequence

from tests.proof.planted import PLANTED
from tests.proof.simulation import Subject
from tests.proof.simulator import Simulator, Tally, told

_HEADS = ("claim", "operations", "faults", "violations", "seeds")


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; return 1 when a claim did not hold."""
    asked = _parser().parse_args(arguments)
    planted = f" --planted '{asked.planted}'" if asked.planted else ""
    simulator = Simulator(PLANTED[asked.planted].subject if asked.planted else Subject())
    if asked.seed is not None and asked.minutes is None:
        tally = simulator.seeds([asked.seed])
        _print(f"trace {simulator.seed(asked.seed).trace}")
    else:
        tally = simulator.for_minutes(asked.minutes or 1, asked.seed or 0)
    for failed in tally.failed[: asked.show]:
        command = f"python -m tests.proof{planted} --seed {failed.plan.seed}"
        _print(told(failed, simulator.shrunk(failed), command) + "\n")
    _print("\n".join(_table(tally)))
    return 1 if tally.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("--minutes", type=float, help="how long to run seeds, from --seed on; 1 without either")
    parser.add_argument("--seed", type=int, help="without --minutes, run this seed alone, and shrink it if it fails")
    parser.add_argument("--planted", choices=PLANTED, help="run services that have this fault planted")
    parser.add_argument("--show", type=int, default=3, help="how many failures to shrink and show")
    return parser


def _table(tally: Tally) -> Iterator[str]:
    rows = [_HEADS, *tally.rows()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    for first, *others in rows:
        numbers = (each.rjust(width) for each, width in zip(others, widths[1:], strict=True))
        yield "  ".join([first.ljust(widths[0]), *numbers])
    yield f"{len(tally.seeds):,} runs, {len(tally.failed):,} failed"


def _print(words: str) -> None:
    print(words)  # noqa: T201 - this is a command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
