"""Exports: a consistent read of every item into sorted files; a run that died goes on where it stopped."""

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from commercive_cli.domain.answers import Exported
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Conflict, Invalid, Unavailable
from commercive_cli.services.transfer.manifest import MANIFEST, ExportedFile, Manifest, declared_keys
from commercive_cli.services.transfer.sorting import PARTS, SortKey, merged, row_of, write_durably, write_run
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Store
from commercive_cli.store.schema import OPS, TABLES, Table

RUN_ITEMS = 10_000
IMPORT_MARKER = "import#"
"""How partition keys in `ops` begin that say how far an import got; they belong to the store, not to its data."""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class ExportService:
    """Writes all six tables of a store into a directory."""

    store: Store
    clock: Clock = system_clock

    def run(self, directory: Path, *, compress: bool = False, progress: Progress = lambda _: None) -> Exported:
        """Export into `directory`, which must be new, empty, or hold this store's unfinished export.

        Each table becomes four files sorted by key, so exports of equal data are equal byte for byte. Items that change
        during the export may be read before or after the change. Memory is constant; disk holds the data twice.
        """
        try:
            return self._export(_Workplace.open(directory, self._identity(compress)), progress)
        except OSError as error:
            raise Unavailable(f"{directory}: {error.strerror or error}; run the same command to go on") from error

    def _identity(self, compress: bool) -> dict[str, Any]:  # noqa: FBT001 - a private pass-through
        return {"source": self.store.target, "compress": compress}

    def _export(self, place: "_Workplace", progress: Progress) -> Exported:
        for table in TABLES:
            with ThreadPoolExecutor(PARTS) as pool:
                list(pool.map(lambda segment, t=table: self._read_segment(place, t, segment, progress), range(PARTS)))
        files = [file for table in TABLES for file in place.merge(table)]
        manifest = Manifest(
            exported_at=self.clock(),
            source=self.store.target,
            prefix=self.store.prefix,
            tables=declared_keys(),
            files=files,
        )
        place.finish(manifest)
        items = {table.name: sum(f.items for f in files if f.table == table.name) for table in TABLES}
        return Exported(directory=str(place.directory), items=items)

    def _read_segment(self, place: "_Workplace", table: Table, segment: int, progress: Progress) -> None:
        state = place.progress_of(table, segment)
        while not state.ended:
            rows, start = self._read_rows(table, segment, state.start)
            state = place.store_run(state, rows, start)
            progress(len(rows))

    def _read_rows(
        self, table: Table, segment: int, start: Key | None
    ) -> tuple[list[tuple[SortKey, bytes]], Key | None]:
        rows: list[tuple[SortKey, bytes]] = []
        while True:
            page = self.store.scan(table, segment=segment, segments=PARTS, start=start)
            rows += [row_of(table, item) for item in page.items if not _is_marker(table, item)]
            start = page.next
            if start is None or len(rows) >= RUN_ITEMS:
                return rows, start


@dataclass(frozen=True)
class _Segment:
    """How far the reading of one segment of a table got."""

    table: str
    segment: int
    runs: int = 0
    start: Key | None = None
    ended: bool = False


@dataclass(frozen=True)
class _Workplace:
    """The directory of an export, and the runs and notes below it until the export is finished."""

    directory: Path
    compress: bool

    @property
    def _unfinished(self) -> Path:
        return self.directory / "unfinished"

    @classmethod
    def open(cls, directory: Path, identity: dict[str, Any]) -> "_Workplace":
        """Return the workplace for a new export, or for one that died; raise Conflict when neither fits."""
        place = cls(directory, identity["compress"])
        if (directory / MANIFEST).exists():
            raise Conflict(f"{directory} holds a finished export; choose another directory")
        if place._unfinished.exists():
            place._resume(identity)
            return place
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise Invalid(f"{directory} is not an empty directory; choose another one")
        place._unfinished.mkdir(parents=True)
        write_durably(place._unfinished / "identity", [json.dumps(identity).encode()])
        return place

    def _resume(self, identity: dict[str, Any]) -> None:
        note = self._unfinished / "identity"
        if note.exists() and json.loads(note.read_bytes()) != identity:
            raise Conflict(f"{self.directory} holds the unfinished export of another store; choose another directory")
        write_durably(note, [json.dumps(identity).encode()])

    def progress_of(self, table: Table, segment: int) -> _Segment:
        """Return how far a segment got; a note is only written when its runs are on disk."""
        note = self._note(table.name, segment)
        if not note.exists():
            return _Segment(table.name, segment)
        return _Segment(**json.loads(note.read_bytes()))

    def store_run(self, state: _Segment, rows: list[tuple[SortKey, bytes]], start: Key | None) -> _Segment:
        """Store a run, then the note that it is there, and where to go on."""
        write_run(self._run(state.table, state.segment, state.runs), rows)
        after = _Segment(state.table, state.segment, state.runs + 1, start, ended=start is None)
        write_durably(self._note(state.table, state.segment), [json.dumps(vars(after)).encode()])
        return after

    def merge(self, table: Table) -> list[ExportedFile]:
        """Merge a table's runs into its files, and describe them; empty parts have no file."""
        states = [self.progress_of(table, segment) for segment in range(PARTS)]
        runs = [self._run(s.table, s.segment, run) for s in states for run in range(s.runs)]
        (self.directory / table.name).mkdir(exist_ok=True)
        parts = groupby(merged(runs), key=lambda row: row[0][0])
        return [self._write_part(table, part, (line for _, line in rows)) for part, rows in parts]

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, which makes the export a finished one, and tidy up."""
        write_durably(self.directory / MANIFEST, [manifest.model_dump_json(indent=2).encode() + b"\n"])
        shutil.rmtree(self._unfinished)

    def _write_part(self, table: Table, part: int, lines: Iterable[bytes]) -> ExportedFile:
        suffix = ".jsonl.gz" if self.compress else ".jsonl"
        relative = f"{table.name}/{part}{suffix}"
        digest = _Digest()
        write_durably(
            self.directory / relative,
            digest.through(_packed(lines, digest) if self.compress else digest.counted(lines)),
        )
        return ExportedFile(table=table.name, path=relative, items=digest.lines, sha256=digest.hexdigest())

    def _run(self, table: str, segment: int, run: int) -> Path:
        return self._unfinished / f"{table}-{segment}-{run}.run"

    def _note(self, table: str, segment: int) -> Path:
        return self._unfinished / f"{table}-{segment}.json"


class _Digest:
    """Counts lines and hashes the bytes of a file while both pass by."""

    def __init__(self) -> None:
        self.lines = 0
        self._hash = hashlib.sha256()

    def counted(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            self.lines += 1
            yield line

    def through(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._hash.update(block)
            yield block

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _packed(lines: Iterable[bytes], digest: _Digest) -> Iterator[bytes]:
    """Yield the lines as gzip members of some thousand lines each; no time goes in, so equal data stays equal."""
    block: list[bytes] = []
    for line in digest.counted(lines):
        block.append(line)
        if len(block) == RUN_ITEMS:
            yield gzip.compress(b"".join(block), mtime=0)
            block.clear()
    yield gzip.compress(b"".join(block), mtime=0)


def _is_marker(table: Table, item: Item) -> bool:
    return table is OPS and item["pk"].startswith(IMPORT_MARKER)
