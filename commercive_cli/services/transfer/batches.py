"""The rows of a file in batches of bounded size."""

from collections.abc import Iterable, Iterator

from commercive_cli.services.transfer.exporter import is_marker
from commercive_cli.services.transfer.source import Row, SourceFile
from commercive_cli.store.schema import OPS, Table

BATCH_ITEMS = 6_000
BATCH_BYTES = 8 * 1024 * 1024


def batches(file: SourceFile, done: int = 0) -> Iterator[list[Row]]:
    """Yield what is behind the first `done` lines of a file that was checked."""
    return in_batches(file.table, file.parsed(skip=done))


def in_batches(table: Table, rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the rows in batches; what only says how far an import got is left out."""
    if table is OPS:
        rows = (row for row in rows if not is_marker(OPS, row.item.get("pk")))
    return grouped(rows, BATCH_ITEMS, BATCH_BYTES)


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
