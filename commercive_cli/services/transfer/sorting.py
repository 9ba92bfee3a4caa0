"""Sorts more lines than memory can hold: writes sorted runs to disk, and merges them at the end.

Runs consist of rows. A row is the part, the key in a form whose bytes sort as the keys do, a NUL, and the exported
line, which holds no NUL, since JSON escapes it.
"""

import heapq
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from commercive_cli.services.transfer.durable_files import write_durably

PARTS = 4
"""Files per table; items of one partition key are always in the same file, from whatever store they come."""

RUNS_AT_ONCE = 200
"""How many runs are merged at once; a process may have 1,024 files open (Linux, `ulimit -n`), or 256 (macOS)."""

_LOWEST = 2**63
_CONTROL = re.compile(b"[\x00-\x0f]")


def row_of(line: bytes, partition: str, sort: str | int | None = None) -> bytes:
    """Return the row for an exported line and the key of its item."""
    key = partition.encode()
    return b"%d%b\0%b\0%b" % (part_of_key(key), _escaped(key), _sortable(sort), line)


def part_of_key(partition: bytes) -> int:
    """Return the part that holds the items with a partition key."""
    return zlib.crc32(partition) % PARTS


def file_of(table: str, part: int, *, packed: bool) -> str:
    """Return the path of a part's file within an export; `packed` means compressed with gzip."""
    return f"{table}/{part}.jsonl" + (".gz" if packed else "")


def part_named(table: str, name: str) -> int | None:
    """Return the part whose file in an export has that path, or None when our exports have no such file."""
    files = {file_of(table, part, packed=packed): part for part in range(PARTS) for packed in (False, True)}
    return files.get(name)


def part_of(row: bytes) -> int:
    """Return the part that a row belongs to."""
    return row[0] - ord("0")


def line_of(row: bytes) -> bytes:
    """Return the exported line of a row."""
    return row[row.rindex(b"\0") + 1 :]


def merged(runs: Sequence[Path], scratch: Path) -> Iterator[bytes]:
    """Yield the rows of all runs in order; many runs are first merged into files named after `scratch`."""
    remaining, merges = list(runs), 0
    while len(remaining) > RUNS_AT_ONCE:
        into = scratch.with_name(f"{scratch.name}-{merges}")
        write_durably(into, _merge(remaining[:RUNS_AT_ONCE]))
        remaining, merges = [*remaining[RUNS_AT_ONCE:], into], merges + 1
    yield from _merge(remaining)


def _merge(runs: Sequence[Path]) -> Iterator[bytes]:
    with ExitStack() as opened:
        yield from heapq.merge(*(opened.enter_context(path.open("rb")) for path in runs))


def _sortable(key: str | int | None) -> bytes:
    if isinstance(key, int):
        return b"%020d" % (key + _LOWEST)
    return b"" if key is None else _escaped(key.encode())


def _escaped(key: bytes) -> bytes:
    """Return a key with bytes below 0x10, such as NUL and the line feed, escaped so that keys sort as before."""
    return _CONTROL.sub(lambda found: bytes((1, found[0][0] + 0x10)), key)
