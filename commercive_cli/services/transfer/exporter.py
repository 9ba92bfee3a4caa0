"""Exports: reads every item, strongly consistent, into sorted files; an interrupted export can be resumed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

from commercive_cli.domain.answers.transfer import Exported
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Conflict, Unavailable
from commercive_cli.services.access.foreign import refuse_foreign
from commercive_cli.services.access.parallel import run_parallel
from commercive_cli.services.access.scan import OnItems, ignore_items
from commercive_cli.services.transfer.durable_files import write_error
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
"""A run holds at most this and one page more; one run of each segment is in memory at a time."""

IMPORT_MARKER = "import#"
"""The partition in `ops` of the markers that say how much of each file an import has stored. They are not exported."""

_RESUME = "run the same command again to go on"


@dataclass(frozen=True)
class ExportService:
    """Writes all six tables of a store into a directory."""

    store: Store
    clock: Clock = system_clock

    def run(self, directory: Path, *, compress: bool = False, on_items: OnItems = ignore_items) -> Exported:
        """Export into `directory`, which must be new, empty, or hold this store's unfinished export.

        Each table becomes up to four files sorted by key, so exports of equal data are equal byte for byte. Items that
        change during the export may be read before or after the change. Memory is constant; until it is finished, the
        export takes twice its space on disk. Only their owner can read the files. Two exports into one directory at
        the same time are not detected.
        Raises Unavailable, naming the file, when the disk is full; calling it again then resumes the export. Raises
        Invalid, naming the path, when it cannot be written, or a file of the unfinished export is damaged. Raises
        Misconfigured when a table is not ours, Conflict when an item has another key than the declared one.
        """
        refuse_foreign(self.store)
        try:
            return self._export(ExportDirectory.open(directory, self.store.target, compress=compress), on_items)
        except OSError as error:
            raise write_error(error, str(error.filename or directory), _RESUME) from error

    def _export(self, export: ExportDirectory, on_items: OnItems) -> Exported:
        manifest = export.finished() or self._write_files(export, on_items)
        export.finish(manifest)
        items = {table.name: sum(f.items for f in manifest.files if f.table == table.name) for table in TABLES}
        return Exported(directory=str(export.directory), items=items)

    def _write_files(self, export: ExportDirectory, on_items: OnItems) -> Manifest:
        with _saying_how_to_resume(export):
            for table in TABLES:
                run_parallel(partial(self._read_segment, export, table, on_items), PARTS, self.store.scans_at_once)
        return Manifest(
            exported_at=self.clock(),
            source=self.store.target,
            prefix=self.store.prefix,
            tables=declared_keys(),
            files=[file for table in TABLES for file in export.merge(table)],
        )

    def _read_segment(
        self, export: ExportDirectory, table: Table, on_items: OnItems, segment: int, stop: Event
    ) -> None:
        state = export.state_of(table, segment)
        while not state.ended and not stop.is_set():
            rows, start = self._read_rows(table, segment, state.start)
            state = export.store_run(state, rows, start)
            on_items(len(rows))

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
def _saying_how_to_resume(export: ExportDirectory) -> Iterator[None]:
    """When the block raises Unavailable and items were read already, add to the message how to resume the export."""
    try:
        yield
    except Unavailable as error:
        if not export.has_read_items():
            raise
        raise Unavailable(f"{error.message}; {_RESUME}", field=error.field) from error


def _rows_of(page: TextPage, table: Table) -> list[bytes]:
    try:
        return [row_of(line_of_text(text), *key) for text, *key in page.rows if not is_marker(table, key[0])]
    except AttributeError:
        # A key that is neither text nor a whole number cannot be sorted.
        kinds = [str if attribute.type == "S" else int for attribute in table.key_attributes()]
        wrong = next(key for _text, *key in page.rows if list(map(type, key)) != kinds)
        found = ", ".join(f"{name} {value}" for name, value in zip(table.key_names, wrong, strict=True))
        raise Conflict(
            f"{table.name}: the item with {found} cannot be exported; "
            f"its key must be {', '.join(declared_keys()[table.name])}, and numbers in it whole"
        ) from None


def is_marker(table: Table, partition: object) -> bool:
    """Return whether an item of this partition is a marker of an import."""
    return table is OPS and str(partition).startswith(IMPORT_MARKER)
