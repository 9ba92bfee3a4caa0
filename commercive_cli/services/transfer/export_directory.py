"""The directory of an export: what is done of it, what is left to do, and how it becomes a finished one."""

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commercive_cli.domain.errors import Conflict, Invalid
from commercive_cli.services.transfer.durable_files import is_there, write_durably
from commercive_cli.services.transfer.manifest import MANIFEST, ExportedFile, Manifest, read_manifest
from commercive_cli.services.transfer.sorting import PARTS, file_of, line_of, merged, part_of
from commercive_cli.store.items import Key
from commercive_cli.store.schema import Table

_BLOCK = 1 << 20
_IDENTITY = "identity"
_GZIP_LEVEL = 6


class Segment(BaseModel):
    """How far the reading of one segment of a table got: so many runs and bytes, and the key to go on after."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    table: str
    segment: int
    runs: Annotated[int, Field(ge=0)] = 0
    size: int = 0
    start: Key | None = None
    ended: bool = False


@dataclass(frozen=True)
class ExportDirectory:
    """The directory of an export, and the runs and notes below it until the export is finished."""

    directory: Path
    compress: bool

    @property
    def _unfinished(self) -> Path:
        return self.directory / "unfinished"

    @classmethod
    def open(cls, directory: Path, source: str, *, compress: bool) -> Self:
        """Return the workplace for a new export of `source`, or for one that died; before it read anything, of any.

        Raises Conflict when the directory holds another export, Invalid when it holds anything else.
        """
        place = cls(directory, compress)
        identity = {"source": source, "compress": compress}
        if is_there(directory / MANIFEST):
            if not place._unfinished.exists():
                raise Conflict(f"{directory} holds a finished export; choose another directory")
            place._check_finished(source)
            return place
        if place._unfinished.exists():
            place._check_identity(identity)
        elif directory.is_symlink() and not is_there(directory):
            raise Invalid(f"{directory} is a symbolic link that leads nowhere; choose another directory")
        elif is_there(directory) and (not directory.is_dir() or any(directory.iterdir())):
            raise Invalid(f"{directory} is not an empty directory; choose another one")
        for made in (directory, place._unfinished):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(place._unfinished / _IDENTITY, [json.dumps(identity).encode()])
        return place

    def finished(self) -> Manifest | None:
        """Return the manifest of an export that died only while tidying up, or None."""
        return read_manifest(self.directory) if (self.directory / MANIFEST).exists() else None

    def has_begun(self) -> bool:
        """Return whether anything was read that need not be read again."""
        return any(self._unfinished.glob("*.json"))

    def _check_finished(self, source: str) -> None:
        """Raise Conflict when the export that only was to be tidied up after is another one."""
        manifest = read_manifest(self.directory)
        if manifest.source != source or any(file.path.endswith(".gz") != self.compress for file in manifest.files):
            raise Conflict(
                f"{self.directory} holds a finished export of {manifest.source} or with another --gzip; "
                "choose another directory"
            )

    def _check_identity(self, identity: dict[str, Any]) -> None:
        note = self._unfinished / _IDENTITY
        found = {each.name for each in self._unfinished.iterdir()} if self._unfinished.is_dir() else {""}
        if found <= {f"{_IDENTITY}.part"}:
            return
        try:
            known = json.loads(note.read_bytes())
        except (OSError, ValueError, RecursionError):
            raise Invalid(f"{self._unfinished} is not of an export; choose another directory") from None
        nothing_read = found <= {_IDENTITY, f"{_IDENTITY}.part"}
        if known != identity and not nothing_read:
            raise Conflict(
                f"{self.directory} holds an unfinished export of another store or with another --gzip: {known}; "
                "choose another directory"
            )

    def progress_of(self, table: Table, segment: int) -> Segment:
        """Return how far a segment got; a note is only written when its runs are on disk."""
        note = self._note(table.name, segment)
        if not note.exists():
            return Segment(table=table.name, segment=segment)
        try:
            return Segment.model_validate_json(note.read_bytes())
        except ValidationError:
            raise self._damaged(note) from None

    def store_run(self, state: Segment, rows: list[bytes], start: Key | None) -> Segment:
        """Store a run, then the note that it is there, and where to go on."""
        write_durably(self._run(state.table, state.segment, state.runs), sorted(rows))
        read = {"runs": state.runs + 1, "size": state.size + sum(map(len, rows))}
        after = state.model_copy(update={**read, "start": start, "ended": start is None})
        write_durably(self._note(state.table, state.segment), [after.model_dump_json().encode()])
        return after

    def merge(self, table: Table) -> list[ExportedFile]:
        """Merge a table's runs into its files, and describe them; empty parts have no file."""
        states = [self.progress_of(table, segment) for segment in range(PARTS)]
        runs = [run for state in states for run in self._runs(state)]
        (self.directory / table.name).mkdir(mode=0o700, exist_ok=True)
        parts = groupby(merged(runs, self._unfinished / f"{table.name}-merged"), key=part_of)
        return [self._write_part(table, part, map(line_of, rows)) for part, rows in parts]

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, unless it is there; this makes the export a finished one. Then tidy up."""
        if self.finished() is None:
            write_durably(self.directory / MANIFEST, [manifest.model_dump_json(indent=2).encode() + b"\n"])
        shutil.rmtree(self._unfinished)

    def _write_part(self, table: Table, part: int, lines: Iterable[bytes]) -> ExportedFile:
        relative = file_of(table.name, part, packed=self.compress)
        digest = _Digest(compress=self.compress)
        write_durably(self.directory / relative, digest.blocks_of(lines))
        return ExportedFile(table=table.name, path=relative, items=digest.lines, sha256=digest.hexdigest())

    def _runs(self, state: Segment) -> list[Path]:
        """Return the runs of a segment; raise Invalid when they are not all that was stored."""
        runs = [self._run(state.table, state.segment, run) for run in range(state.runs)]
        missing = next((run for run in runs if not run.exists()), None)
        if missing is not None or sum(run.stat().st_size for run in runs) != state.size:
            raise self._damaged(missing or runs[0])
        return runs

    def _damaged(self, path: Path) -> Invalid:
        return Invalid(f"{path} is damaged or missing; empty {self.directory} and start again")

    def _run(self, table: str, segment: int, run: int) -> Path:
        return self._unfinished / f"{table}-{segment}-{run}.run"

    def _note(self, table: str, segment: int) -> Path:
        return self._unfinished / f"{table}-{segment}.json"


class _Digest:
    """Packs lines into blocks, and counts and hashes what passes by."""

    def __init__(self, *, compress: bool) -> None:
        self.lines = 0
        self._compress = compress
        self._hash = hashlib.sha256()

    def blocks_of(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield blocks of some MB, each a gzip member of its own; no time goes in, so equal data stays equal."""
        for block in self._collected(lines):
            packed = gzip.compress(block, _GZIP_LEVEL, mtime=0) if self._compress else block
            self._hash.update(packed)
            yield packed

    def _collected(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        held: list[bytes] = []
        size = 0
        for line in lines:
            held.append(line)
            size += len(line)
            if size >= _BLOCK:
                self.lines += len(held)
                yield b"".join(held)
                held, size = [], 0
        self.lines += len(held)
        yield b"".join(held)

    def hexdigest(self) -> str:
        """Return the SHA-256 of the blocks so far."""
        return self._hash.hexdigest()
