"""Sorting more lines than memory holds: sorted runs on disk, merged at the end."""

import heapq
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from commercive_cli.services.transfer.lines import write_line
from commercive_cli.store.items import Item
from commercive_cli.store.schema import Table

PARTS = 4
"""Files per table; a partition key always falls into the same one, whatever store it came from."""

SortKey = tuple[Any, ...]


def sort_key(table: Table, item: Item) -> SortKey:
    """Return what places an item: its part, then its key."""
    partition = item[table.partition.name]
    part = zlib.crc32(partition.encode()) % PARTS
    return (part, partition) if table.sort is None else (part, partition, item[table.sort.name])


def row_of(table: Table, item: Item) -> tuple[SortKey, bytes]:
    """Return an item as runs hold it: its sort key and its exported line."""
    return sort_key(table, item), write_line(item)


def write_run(path: Path, rows: list[tuple[SortKey, bytes]]) -> None:
    """Store rows as a sorted run: each line is the sort key, a tab, and the exported line."""
    rows.sort()
    write_durably(path, (json.dumps(key, ensure_ascii=False).encode() + b"\t" + line for key, line in rows))


def merged(paths: Iterable[Path]) -> Iterator[tuple[SortKey, bytes]]:
    """Yield the rows of all runs in order; of rows with one key, which a resumed scan may repeat, the last run's."""
    with ExitStack() as opened:
        runs = [_rows(opened.enter_context(path.open("rb")), number) for number, path in enumerate(paths)]
        held: tuple[SortKey, bytes] | None = None
        for key, _, line in heapq.merge(*runs):
            if held is not None and held[0] != key:
                yield held
            held = (key, line)
        if held is not None:
            yield held


def write_durably(path: Path, lines: Iterable[bytes]) -> None:
    """Write a file so that it is there whole or not at all, whatever happens meanwhile."""
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _rows(lines: Iterable[bytes], run: int) -> Iterator[tuple[SortKey, int, bytes]]:
    for row in lines:
        key, line = row.split(b"\t", 1)
        yield tuple(json.loads(key)), run, line
