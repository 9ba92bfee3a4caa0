"""Drops guards, all or some of them, and prints which test misses each.

python -m tests.proof.guards                               # all, as `python -m tests.proof --part guards` does
python -m tests.proof.guards services/chat Below           # those whose line has all of these words
python -m tests.proof.guards --list engines/sqlite         # only name them
python -m tests.proof.guards --covered lines.json WORD     # keep there what each test runs, or take it from there
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.proof.guards.copies import ROOT
from tests.proof.guards.harness import Harness, every, findings, guards, harness
from tests.proof.guards.probes import Probes, groups
from tests.proof.parts import table


def main(arguments: Sequence[str]) -> int:
    """Do what was asked for; return 1 when a guard survives."""
    asked = _parser().parse_args(arguments)
    if asked.list:
        _print("\n".join(map(str, every(guards(asked.words)))))
        return 0
    with harness() as lent:
        found = findings(lent, _probes(lent, asked.covered), guards(asked.words))
    _print("\n".join(["", *found.violations, "", *table(found.rows)]))
    return 0 if found.hold else 1


def _probes(lent: Harness, kept: Path | None) -> Probes:
    if kept is not None and kept.exists():
        return Probes.read(kept)
    probes = lent.probes(groups(ROOT), every(guards()))
    if kept is not None:
        probes.write(kept)
    return probes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.proof.guards", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("words", nargs="*", help="drop those alone whose line has all of these words")
    parser.add_argument("--list", action="store_true", help="name the guards, and drop none")
    parser.add_argument("--covered", type=Path, help="a file for what each test runs, which takes minutes to find out")
    return parser


def _print(words: str) -> None:
    print(words)  # noqa: T201 - this is a command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
