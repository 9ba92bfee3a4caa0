"""The lines of a file in batches, each of which is checked before it is used."""

from collections.abc import Iterable, Iterator
from itertools import islice

from commercive_cli.services.transfer.exporter import is_marker
from commercive_cli.services.transfer.source import ParsedLine, SourceFile
from commercive_cli.store.schema import OPS

BATCH_ITEMS = 6_000
BATCH_BYTES = 8 * 1024 * 1024


def batches(file: SourceFile, done: int = 0) -> Iterator[list[ParsedLine]]:
    """Yield the lines after the first `done` ones in batches, without import markers.

    Raises Invalid, naming file and line, for an item that belongs in another file, or that has the same key as another
    item of its batch or as the last item before the batch.
    """
    lines = file.parsed_lines(skip=done - 1)
    previous = list(islice(lines, min(done, 1)))
    if file.table is OPS:
        lines = (line for line in lines if not is_marker(OPS, line.item.get("pk")))
    for batch in grouped(lines, BATCH_ITEMS, BATCH_BYTES):
        file.check_part(batch)
        file.check_distinct(previous + batch)
        previous = batch[-1:]
        yield batch


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
