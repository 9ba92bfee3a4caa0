"""Sends hostile input through one door.

python -m tests.proof.hostile events --seed 17     # the inputs of one seed; a violation is made small
python -m tests.proof.hostile events --minutes 5   # those of as many seeds as there is time for
python -m tests.proof.hostile                      # names the doors
"""

import argparse
import sys
from collections.abc import Sequence

from tests.proof.hostile.door import Tally, batch, findings, for_minutes
from tests.proof.hostile.part import BY_NAME
from tests.proof.parts import table


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; return 1 when something was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.hostile", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("door", nargs="?", choices=BY_NAME)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float)
    asked = parser.parse_args(arguments)
    if asked.door is None:
        _print("\n".join(f"{door.name:12} {door.claim}" for door in BY_NAME.values()))
        return 0
    tallies = [Tally(BY_NAME[asked.door])]
    if asked.minutes is None:
        batch(tallies[0], asked.seed)
    else:
        tallies = for_minutes([BY_NAME[asked.door]], asked.minutes, asked.seed)
    found = findings(tallies)
    _print("\n\n".join([*found.violations, "\n".join(table(found.rows))]))
    return 0 if found.hold else 1


def _print(words: str) -> None:
    print(words)  # noqa: T201 - this is a command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
