"""The rows of a file in batches, each of which was looked through before anything is done with it."""

from collections.abc import Iterable, Iterator
from itertools import islice

from commercive_cli.services.transfer.exporter import is_marker
from commercive_cli.services.transfer.source import Row, SourceFile
from commercive_cli.store.schema import OPS

BATCH_ITEMS = 6_000
BATCH_BYTES = 8 * 1024 * 1024


def batches(file: SourceFile, done: int = 0) -> Iterator[list[Row]]:
    """Yield what is behind the first `done` lines; what only says how far an import got is left out.

    Raises Invalid, naming file and line, for an item that belongs into another file, or has the key of another one of
    its batch or of the line before that.
    """
    rows = file.parsed(skip=done - 1)
    before = list(islice(rows, min(done, 1)))
    if file.table is OPS:
        rows = (row for row in rows if not is_marker(OPS, row.item.get("pk")))
    for batch in grouped(rows, BATCH_ITEMS, BATCH_BYTES):
        file.check_part(batch)
        file.check_distinct(before + batch)
        before = batch[-1:]
        yield batch


def grouped(rows: Iterable[Row], most: int, most_bytes: int) -> Iterator[list[Row]]:
    """Yield the rows in lists of at most so many items and bytes."""
    group: list[Row] = []
    size = 0
    for row in rows:
        if group and (len(group) == most or size + row.size > most_bytes):
            yield group
            group, size = [], 0
        group.append(row)
        size += row.size
    if group:
        yield group
