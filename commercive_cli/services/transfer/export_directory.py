"""The directory of an export: its finished files, and the state of an unfinished export, from which it is resumed."""

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
from commercive_cli.services.transfer.durable_files import path_exists, write_durably
from commercive_cli.services.transfer.manifest import MANIFEST, ExportedFile, Manifest, read_manifest
from commercive_cli.services.transfer.sorting import PARTS, file_of, line_of, merged, part_of
from commercive_cli.store.items import Key
from commercive_cli.store.schema import Table

_BLOCK = 1 << 20
_IDENTITY = "identity"
_GZIP_LEVEL = 6


class SegmentState(BaseModel):
    """How much of one segment of a table was read: runs, their bytes, and the key after which reading continues."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    table: str
    segment: int
    runs: Annotated[int, Field(ge=0)] = 0
    size: int = 0
    start: Key | None = None
    ended: bool = False


@dataclass(frozen=True)
class ExportDirectory:
    """The directory of an export; until the export is finished, it also holds its runs and state files."""

    directory: Path
    compress: bool

    @property
    def _unfinished(self) -> Path:
        return self.directory / "unfinished"

    @classmethod
    def open(cls, directory: Path, source: str, *, compress: bool) -> Self:
        """Return the directory of a new or interrupted export of `source`; create it if needed.

        An interrupted export of another store is replaced if it had not read anything. Raises Conflict when the
        directory holds another export, Invalid when it holds anything else.
        """
        export = cls(directory, compress)
        identity = {"source": source, "compress": compress}
        if path_exists(directory / MANIFEST):
            if not export._unfinished.exists():
                raise Conflict(f"{directory} holds a finished export; choose another directory")
            export._check_finished(source)
            return export
        if export._unfinished.exists():
            export._check_identity(identity)
        elif directory.is_symlink() and not path_exists(directory):
            raise Invalid(f"{directory} is a symbolic link to a missing path; choose another directory")
        elif path_exists(directory) and (not directory.is_dir() or any(directory.iterdir())):
            raise Invalid(f"{directory} is not an empty directory; choose another one")
        for needed in (directory, export._unfinished):
            needed.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(export._unfinished / _IDENTITY, [json.dumps(identity).encode()])
        return export

    def finished(self) -> Manifest | None:
        """Return the manifest of an export that was interrupted while it removed its state files, or None."""
        return read_manifest(self.directory) if (self.directory / MANIFEST).exists() else None

    def has_read_items(self) -> bool:
        """Return whether any items were read, which a resumed export does not read again."""
        return any(self._unfinished.glob("*.json"))

    def _check_finished(self, source: str) -> None:
        """Raise Conflict when the finished export is one of another store, or with another --gzip."""
        manifest = read_manifest(self.directory)
        if manifest.source != source or any(file.path.endswith(".gz") != self.compress for file in manifest.files):
            raise Conflict(
                f"{self.directory} holds a finished export of {manifest.source} or with another --gzip; "
                "choose another directory"
            )

    def _check_identity(self, identity: dict[str, Any]) -> None:
        """Raise Conflict when the unfinished export is another one that has read items, Invalid when it is none."""
        found = {each.name for each in self._unfinished.iterdir()} if self._unfinished.is_dir() else {""}
        if found <= {f"{_IDENTITY}.part"}:
            return
        try:
            known = json.loads((self._unfinished / _IDENTITY).read_bytes())
        except (OSError, ValueError, RecursionError):
            raise Invalid(f"{self._unfinished} is not part of an export; choose another directory") from None
        nothing_read = found <= {_IDENTITY, f"{_IDENTITY}.part"}
        if known != identity and not nothing_read:
            raise Conflict(
                f"{self.directory} holds an unfinished export of another store or with another --gzip: {known}; "
                "choose another directory"
            )

    def state_of(self, table: Table, segment: int) -> SegmentState:
        """Return how much of a segment was read; its state file is only written when its runs are on disk."""
        path = self._state_file(table.name, segment)
        if not path.exists():
            return SegmentState(table=table.name, segment=segment)
        try:
            return SegmentState.model_validate_json(path.read_bytes())
        except ValidationError:
            raise self._damaged(path) from None

    def store_run(self, state: SegmentState, rows: list[bytes], start: Key | None) -> SegmentState:
        """Store a run, then the state of the segment with the key after which reading continues; return that state."""
        write_durably(self._run(state.table, state.segment, state.runs), sorted(rows))
        read = {"runs": state.runs + 1, "size": state.size + sum(map(len, rows))}
        after = state.model_copy(update={**read, "start": start, "ended": start is None})
        write_durably(self._state_file(state.table, state.segment), [after.model_dump_json().encode()])
        return after

    def merge(self, table: Table) -> list[ExportedFile]:
        """Merge a table's runs into its files, and return their descriptions; a part without items has no file."""
        states = [self.state_of(table, segment) for segment in range(PARTS)]
        runs = [run for state in states for run in self._runs(state)]
        (self.directory / table.name).mkdir(mode=0o700, exist_ok=True)
        parts = groupby(merged(runs, self._unfinished / f"{table.name}-merged"), key=part_of)
        return [self._write_part(table, part, map(line_of, rows)) for part, rows in parts]

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest unless it exists, which makes the export a finished one; then delete runs and states."""
        if self.finished() is None:
            write_durably(self.directory / MANIFEST, [manifest.model_dump_json(indent=2).encode() + b"\n"])
        shutil.rmtree(self._unfinished)

    def _write_part(self, table: Table, part: int, lines: Iterable[bytes]) -> ExportedFile:
        relative = file_of(table.name, part, packed=self.compress)
        return write_file(self.directory, relative, table, lines, compress=self.compress)

    def _runs(self, state: SegmentState) -> list[Path]:
        """Return the runs of a segment; raise Invalid when one is missing or their size is not the stored one."""
        runs = [self._run(state.table, state.segment, run) for run in range(state.runs)]
        missing = next((run for run in runs if not run.exists()), None)
        if missing is not None or sum(run.stat().st_size for run in runs) != state.size:
            raise self._damaged(missing or runs[0])
        return runs

    def _damaged(self, path: Path) -> Invalid:
        return Invalid(f"{path} is damaged or missing; empty {self.directory} and start again")

    def _run(self, table: str, segment: int, run: int) -> Path:
        return self._unfinished / f"{table}-{segment}-{run}.run"

    def _state_file(self, table: str, segment: int) -> Path:
        return self._unfinished / f"{table}-{segment}.json"


def write_file(
    directory: Path, relative: str, table: Table, lines: Iterable[bytes], *, compress: bool = False
) -> ExportedFile:
    """Write the lines of a table to a file of an export, durably, and return its description."""
    blocks = _HashedBlocks(compress=compress)
    write_durably(directory / relative, blocks.of(lines))
    return ExportedFile(table=table.name, path=relative, items=blocks.lines, sha256=blocks.hexdigest())


class _HashedBlocks:
    """Joins lines to blocks, compresses them if wanted, counts the lines, and computes the hash of all blocks."""

    def __init__(self, *, compress: bool) -> None:
        self.lines = 0
        self._compress = compress
        self._hash = hashlib.sha256()

    def of(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield blocks of about 1 MB, compressed as one gzip member each, without a time, so equal data stays equal."""
        for block in self._joined(lines):
            packed = gzip.compress(block, _GZIP_LEVEL, mtime=0) if self._compress else block
            self._hash.update(packed)
            yield packed

    def _joined(self, lines: Iterable[bytes]) -> Iterator[bytes]:
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
