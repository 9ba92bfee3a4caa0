"""Exports: a consistent read of every item into sorted files; a run that died goes on where it stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

from commercive_cli.domain.answers.transfer import Exported
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Conflict, Unavailable
from commercive_cli.services.access.foreign import refuse_foreign
from commercive_cli.services.access.parallel import together
from commercive_cli.services.transfer.durable_files import refusal
from commercive_cli.services.transfer.export_directory import ExportDirectory
from commercive_cli.services.transfer.jsonl import line_of_text
from commercive_cli.services.transfer.manifest import Manifest, declared_keys
from commercive_cli.services.transfer.sorting import PARTS, row_of
from commercive_cli.store.items import Key
from commercive_cli.store.pages import pages
from commercive_cli.store.port import Store, TextPage
from commercive_cli.store.schema import OPS, TABLES, Table

RUN_ITEMS = 10_000
RUN_BYTES = 2 * 1024 * 1024
"""A run holds no more than this and one page; one run of each segment is in memory at a time."""

IMPORT_MARKER = "import#"
"""The partition in `ops` that says how far an import got; it belongs to the store, not to its data."""

_GOES_ON = "run the same command again to go on"
OnItems = Callable[[int], None]
"""Is told how many items were read or stored since the last call, from any thread."""


def ignore_items(_items: int) -> None:
    """Hear progress and say nothing."""


@dataclass(frozen=True)
class ExportService:
    """Writes all six tables of a store into a directory."""

    store: Store
    clock: Clock = system_clock

    def run(self, directory: Path, *, compress: bool = False, progress: OnItems = ignore_items) -> Exported:
        """Export into `directory`, which must be new, empty, or hold this store's unfinished export.

        Each table becomes up to four files sorted by key, so exports of equal data are equal byte for byte. Items that
        change during the export may be read before or after the change. Memory is constant; until it is finished, the
        export takes twice its space on disk. Files are readable by their owner alone. Two exports into one directory
        at the same time are not told apart.
        Raises Unavailable, naming the file, when the disk is full: the same call goes on. Raises Invalid, naming it,
        when no file can be there, or what is left of an export that died is damaged. Raises Misconfigured when a table
        is not ours, Conflict when an item has another key than is declared.
        """
        refuse_foreign(self.store)
        try:
            return self._export(ExportDirectory.open(directory, self.store.target, compress=compress), progress)
        except OSError as error:
            raise refusal(error, str(error.filename or directory), _GOES_ON) from error

    def _export(self, place: ExportDirectory, progress: OnItems) -> Exported:
        manifest = place.finished() or self._written(place, progress)
        place.finish(manifest)
        items = {table.name: sum(f.items for f in manifest.files if f.table == table.name) for table in TABLES}
        return Exported(directory=str(place.directory), items=items)

    def _written(self, place: ExportDirectory, progress: OnItems) -> Manifest:
        with _going_on(place):
            for table in TABLES:
                together(partial(self._read_segment, place, table, progress), PARTS, self.store.scans_at_once)
        return Manifest(
            exported_at=self.clock(),
            source=self.store.target,
            prefix=self.store.prefix,
            tables=declared_keys(),
            files=[file for table in TABLES for file in place.merge(table)],
        )

    def _read_segment(self, place: ExportDirectory, table: Table, progress: OnItems, segment: int, stop: Event) -> None:
        state = place.progress_of(table, segment)
        while not state.ended and not stop.is_set():
            rows, start = self._read_rows(table, segment, state.start)
            state = place.store_run(state, rows, start)
            progress(len(rows))

    def _read_rows(self, table: Table, segment: int, start: Key | None) -> tuple[list[bytes], Key | None]:
        rows: list[bytes] = []
        size = 0
        for page in pages(lambda at: self.store.scan_text(table, segment=segment, segments=PARTS, start=at), start):
            read = _rows_of(page, table)
            rows += read
            size += sum(map(len, read))
            if len(rows) >= RUN_ITEMS or size >= RUN_BYTES:
                return rows, page.next
        return rows, None


@contextmanager
def _going_on(place: ExportDirectory) -> Iterator[None]:
    """Let a store that cannot answer any more be told with what to do once it can."""
    try:
        yield
    except Unavailable as error:
        if not place.has_begun():
            raise
        raise Unavailable(f"{error.message}; {_GOES_ON}", field=error.field) from error


def _rows_of(page: TextPage, table: Table) -> list[bytes]:
    try:
        return [row_of(line_of_text(text), *key) for text, *key in page.rows if not is_marker(table, key[0])]
    except AttributeError:
        # A key that is neither text nor a whole number has no place in the order.
        kinds = [str if attribute.type == "S" else int for attribute in table.key_attributes()]
        wrong = next(key for _text, *key in page.rows if list(map(type, key)) != kinds)
        found = ", ".join(f"{name} {value}" for name, value in zip(table.key_names, wrong, strict=True))
        raise Conflict(
            f"{table.name}: the item with {found} cannot be exported; "
            f"a key is {', '.join(declared_keys()[table.name])}, numbers whole"
        ) from None


def is_marker(table: Table, partition: object) -> bool:
    """Return whether an item only says how far an import got."""
    return table is OPS and str(partition).startswith(IMPORT_MARKER)
