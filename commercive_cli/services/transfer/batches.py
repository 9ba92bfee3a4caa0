"""The lines of a file in batches of bounded size."""

from collections.abc import Iterable, Iterator

from commercive_cli.services.transfer.exporter import is_marker
from commercive_cli.services.transfer.source import ParsedLine, SourceFile
from commercive_cli.store.schema import OPS, Table

BATCH_ITEMS = 6_000
BATCH_BYTES = 8 * 1024 * 1024


def batches(file: SourceFile, done: int = 0) -> Iterator[list[ParsedLine]]:
    """Yield the lines after the first `done` ones, in batches, of a file that was checked."""
    return in_batches(file.table, file.parsed_lines(skip=done))


def in_batches(table: Table, lines: Iterable[ParsedLine]) -> Iterator[list[ParsedLine]]:
    """Yield the lines in batches, without import markers."""
    if table is OPS:
        lines = (line for line in lines if not is_marker(OPS, line.item.get("pk")))
    return grouped(lines, BATCH_ITEMS, BATCH_BYTES)


def grouped(lines: Iterable[ParsedLine], most: int, most_bytes: int) -> Iterator[list[ParsedLine]]:
    """Yield the lines in lists of at most `most` items and `most_bytes` bytes."""
    group: list[ParsedLine] = []
    size = 0
    for line in lines:
        if group and (len(group) == most or size + line.size > most_bytes):
            yield group
            group, size = [], 0
        group.append(line)
        size += line.size
    if group:
        yield group
