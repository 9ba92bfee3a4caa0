"""Measures what must be fast beside its floor, in turns in the same run, and prints a table.

    python -m tests.benchmarks                    # all rows, some minutes on two cores
    python -m tests.benchmarks "on SQLite"        # the rows whose name holds this
    python -m tests.benchmarks archive            # the tests of tests/benchmarks/test_archive.py
    python -m tests.benchmarks --list

Rows on a server start the DynamoDB-compatible one of the tests (COMMERCIVE_TEST_SERVER). The exit code is 1 when a
target is missed, or a test fails.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import actions, bulk, cold_start, command_line, transfer
from tests.benchmarks.measuring import Measured, Row, Skipped
from tests.benchmarks.places import Places, places

ROWS: tuple[Row, ...] = (*command_line.ROWS, *actions.ROWS, *cold_start.ROWS, *bulk.ROWS, *transfer.ROWS)
HEADINGS = f"{'':32} {'CPU ms':>9} {'floor':>9} {'ratio':>6} {'at most':>7} {'wall ms':>9} {'floor':>9} {'ratio':>6}"


def main() -> int:
    """Run what is asked for and return the exit code."""
    options = _options()
    tests = scale_tests()
    if options.list:
        _say("\n".join([*(f"{row.name:32} beside {row.floor}" for row in ROWS), ""]))
        _say("\n".join(f"{name:32} {_first_line(path)}" for name, path in tests.items()))
        return 0
    if options.name in tests:
        os.environ.setdefault("COMMERCIVE_TEST_CROWDS", "1000,10000")
        # In a process of its own: here modules are loaded that pytest must load itself.
        command = [sys.executable, "-m", "pytest", "-q", "-s", "-n", "0", "-m", "", str(tests[options.name])]
        return subprocess.run(command, check=False).returncode  # noqa: S603 - tests of ours
    rows = [row for row in ROWS if options.name in row.name]
    if not rows:
        _say(f"no row's name holds {options.name!r}; --list shows them all")
        return 2
    with places(options.directory, options.turns, options.messages) as there:
        told = list(_table(rows, there))
    if options.json:
        options.json.write_text(json.dumps(told, indent=2))
    return int(any(each.get("met") is False for each in told))


def scale_tests() -> dict[str, Path]:
    """Return the modules of tests that hold at scale, by name; growth is one of the usual ones."""
    found = [*sorted(Path(__file__).parent.glob("test_*.py")), Path(__file__).parents[1] / "cli/test_growth.py"]
    return {each.stem.removeprefix("test_"): each for each in found}


def _first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]


def _table(rows: list[Row], there: Places) -> Iterator[dict[str, object]]:
    """Print a line for each row as soon as it is measured, and yield what machines get of it."""
    _say(HEADINGS)
    for row in rows:
        try:
            yield _told(row, row.measure(there))
        except Skipped as why:
            _say(f"{row.name:32} skipped: {why}")
            yield {"name": row.name, "skipped": str(why)}


def _told(row: Row, measured: Measured) -> dict[str, object]:
    (cpu, floor_cpu), (wall, floor_wall) = measured.cpu, measured.wall
    ratio = cpu / floor_cpu
    _say(
        f"{row.name:32} {cpu * 1000:9,.1f} {floor_cpu * 1000:9,.1f} {ratio:6.2f} {row.target:7.2f} "
        f"{wall * 1000:9,.1f} {floor_wall * 1000:9,.1f} {wall / floor_wall:6.2f}"
        f"{'' if ratio <= row.target else '  missed'}{f'  {measured.note}' if measured.note else ''}"
    )
    return {
        "name": row.name,
        "floor": row.floor,
        "target": row.target,
        "met": ratio <= row.target,
        "cpu_seconds": [cpu, floor_cpu],
        "cpu_ratio": ratio,
        "wall_seconds": [wall, floor_wall],
        "wall_ratio": wall / floor_wall,
        "runs": len(measured.ours),
        "note": measured.note,
    }


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", default="", help="a part of a row's name, or the name of a test")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers to a file, too")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--turns", type=int, default=5, help="pairs of long runs; of short ones twice as many")
    parser.add_argument("--messages", type=int, default=20_000, help="how many are exported, imported and audited")
    parser.add_argument("--directory", type=Path, help="where data goes; a million messages need about 3 GB")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
