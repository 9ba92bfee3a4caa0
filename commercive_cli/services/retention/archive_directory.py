"""The directory of an archive: an export of conversations, and until these are deleted, how far that is.

While the archive is not finished, its directory also holds runs: some conversations each with all their items, sorted.
The files of the export are merged from them, and what is deleted is compared with them.
"""

import fcntl
import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commercive_cli.domain.answers.retention import Archived
from commercive_cli.domain.errors import Conflict, Invalid
from commercive_cli.services.chat.notes import NOTES
from commercive_cli.services.retention.threads import Part, Thread
from commercive_cli.services.transfer.durable_files import path_exists, read_text, sync_directory, write_durably
from commercive_cli.services.transfer.export_directory import write_file
from commercive_cli.services.transfer.jsonl import line_of_text, read_line
from commercive_cli.services.transfer.manifest import MANIFEST, ExportedFile, Manifest, read_manifest
from commercive_cli.services.transfer.sorting import PARTS, line_of, merged, row_of
from commercive_cli.services.transfer.source import open_source
from commercive_cli.store.items import Item, Key, item_text
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS, TABLES, Table

ARCHIVE = "archive.json"
_STATE = "archiving"
Count = Annotated[int, Field(ge=0)]
_Model = TypeVar("_Model", bound="_Stored")


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ArchiveIdentity(_Stored):
    """Which archive a directory holds: of which store, of conversations closed how long (ms) and before which time.

    `name` stands in the audit rows of what it took. `finished` is what was archived, once there is no more to delete.
    """

    format: Literal["commercive-archive"] = "commercive-archive"
    version: Literal[1] = 1
    name: str
    source: str
    older_than: Count
    closed_before: Count
    finished: Archived | None = None


class ExportState(_Stored):
    """How much of a segment of the conversations was exported: the hash of each run, and the key of the last one read.

    `left` names the first conversations that stay where they are, with the reasons.
    """

    segment: Count
    runs: tuple[str, ...] = ()
    start: Key | None = None
    ended: bool = False
    conversations: Count = 0
    messages: Count = 0
    notes: Count = 0
    oldest: int | None = None
    newest: int | None = None
    left: dict[str, str] = {}
    left_count: Count = 0


class RemovalState(_Stored):
    """How many runs of a segment were gone through, and which conversations of them stay in the store, and why."""

    segment: Count
    runs: Count = 0
    kept: dict[str, str] = {}


@dataclass(frozen=True)
class ArchiveDirectory:
    """The directory of an archive that is at work on it."""

    directory: Path
    identity: ArchiveIdentity
    is_new: bool

    @property
    def _state(self) -> Path:
        return self.directory / _STATE

    @classmethod
    @contextmanager
    def open(cls, directory: Path, wanted: ArchiveIdentity) -> "Iterator[ArchiveDirectory]":
        """Yield the directory of a new archive, or the one that it holds if that is the wanted one, unfinished.

        Raises Conflict when it holds another one or a finished one, or another process works on it, Invalid when it
        holds anything else.
        """
        is_new = not path_exists(directory)
        if cls.check(directory, wanted) is None:
            (directory / _STATE).mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(directory):
            known = cls.check(directory, wanted)  # once more, as another process may have been at work until now
            archive = cls(directory, known or wanted, is_new)
            if known is None:
                archive._write(directory / ARCHIVE, wanted)
            yield archive

    @staticmethod
    def check(directory: Path, wanted: ArchiveIdentity) -> ArchiveIdentity | None:
        """Return the unfinished archive that the directory holds, None when it can hold a new one; raise as `open`."""
        known = _known(directory)
        if known is None:
            _check_empty(directory)
        else:
            _check_same(directory, known, wanted)
        return known

    def export_state(self, segment: int) -> ExportState:
        """Return how much of a segment was exported."""
        return self._read(self._state / f"{segment}.json", ExportState) or ExportState(segment=segment)

    def removal_state(self, segment: int) -> RemovalState:
        """Return how much of a segment was deleted from the store."""
        return self._read(self._state / f"{segment}-removed.json", RemovalState) or RemovalState(segment=segment)

    def store_run(self, after: ExportState, threads: Sequence[Thread]) -> ExportState:
        """Store a run, if there is anything for it, then the state with it; return that state."""
        rows = sorted(_row(table, item) for thread in threads for table, item in thread.parts)
        if rows:
            path = self._run(after.segment, len(after.runs))
            write_durably(path, rows)
            after = after.model_copy(update={"runs": (*after.runs, _digest(rows))})
        self._write(self._state / f"{after.segment}.json", after)
        return after

    def store_removal(self, state: RemovalState) -> None:
        """Store how much of a segment was deleted."""
        self._write(self._state / f"{state.segment}-removed.json", state)

    def threads(self, segment: int, run: int) -> list[Thread]:
        """Return the conversations of a run; raise Invalid when it is not as it was stored."""
        rows = self._rows(segment, run, self.export_state(segment).runs[run])
        found: defaultdict[str, list[Part]] = defaultdict(list)
        for row in rows:
            table = TABLES[row[0] - ord("0")]
            item = read_line(table, line_of(row))
            found[item["conversation_id"]].append((table, item))
        return [_thread(parts) for parts in found.values()]

    def is_exported(self) -> bool:
        """Return whether the files of the export and its manifest are written."""
        return path_exists(self.directory / MANIFEST)

    def write_export(self, describe: Callable[[list[ExportedFile]], Manifest], without: Collection[str] = ()) -> None:
        """Merge the runs into the files of an export, `without` some conversations, then write its manifest.

        Files that the manifest names no more are deleted behind that, so there is a whole export all the time.
        """
        edition = self._edition() if without else ""
        rows: Iterable[bytes] = merged(self._runs(), self._state / "merged")
        if without:
            rows = (row for row in rows if _conversation_of(row) not in without)
        parts = groupby(rows, key=lambda row: row[:2])
        files = [self._write_part(TABLES[place[0] - ord("0")], chr(place[1]) + edition, each) for place, each in parts]
        self._sync()
        self._write_bytes(self.directory / MANIFEST, describe(files).model_dump_json(indent=2).encode() + b"\n")
        named = {self.directory / file.path for file in files}
        for table in TABLES:
            for path in (self.directory / table.name).glob("*.jsonl"):
                if path not in named:
                    path.unlink()

    def check_export(self) -> None:
        """Raise Invalid when the files of the export are not as its manifest says, or a run is not as it was stored.

        Then nothing may be deleted.
        """
        for file in open_source(self.directory).files:
            if difference := file.difference():
                raise Invalid(f"{difference}; nothing more was deleted, choose another directory and start again")
        for segment in range(PARTS):
            for run, digest in enumerate(self.export_state(segment).runs):
                self._rows(segment, run, digest)

    def finish(self, archived: Archived) -> None:
        """Say that the archive is finished, and delete what is needed no more."""
        self._write(self.directory / ARCHIVE, self.identity.model_copy(update={"finished": archived}))
        shutil.rmtree(self._state)

    def discard(self) -> None:
        """Delete what was made for an archive that has nothing in it."""
        (self.directory / ARCHIVE).unlink()
        shutil.rmtree(self._state)
        if self.is_new:
            self.directory.rmdir()

    def _edition(self) -> str:
        """Return the ending of names that no file of the export has."""
        named = (file.path for file in read_manifest(self.directory).files)
        return "-3" if any(name.endswith("-2.jsonl") for name in named) else "-2"

    def _rows(self, segment: int, run: int, digest: str) -> list[bytes]:
        path = self._run(segment, run)
        rows = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        if _digest(rows) != digest:
            raise self._damaged(path)
        return rows

    def _runs(self) -> list[Path]:
        runs = [self._run(each, run) for each in range(PARTS) for run in range(len(self.export_state(each).runs))]
        missing = next((run for run in runs if not run.exists()), None)
        if missing is not None:
            raise self._damaged(missing)
        return runs

    def _write_part(self, table: Table, name: str, rows: Iterable[bytes]) -> ExportedFile:
        (self.directory / table.name).mkdir(mode=0o700, exist_ok=True)
        return write_file(self.directory, f"{table.name}/{name}.jsonl", table, map(line_of, rows))

    def _sync(self) -> None:
        """Return once the names of all files of the export are on disk, as what they hold is."""
        made = (self.directory / table.name for table in TABLES)
        for directory in (*filter(Path.exists, made), self.directory):
            sync_directory(directory)
        for above in self.directory.absolute().parents:  # some of which were made with it
            with suppress(OSError):  # of others we may know nothing but that they are there
                sync_directory(above)

    def _write(self, path: Path, state: _Stored) -> None:
        self._write_bytes(path, state.model_dump_json().encode())

    def _write_bytes(self, path: Path, content: bytes) -> None:
        write_durably(path, [content])
        sync_directory(path.parent)

    def _read(self, path: Path, model: type[_Model]) -> _Model | None:
        if not path.exists():
            return None
        try:
            return model.model_validate_json(path.read_bytes())
        except ValidationError:
            raise self._damaged(path) from None

    def _damaged(self, path: Path) -> Invalid:
        return Invalid(f"{path} is damaged or missing; nothing more was deleted, choose another directory")

    def _run(self, segment: int, run: int) -> Path:
        return self._state / f"{segment}-{run}.run"


def _known(directory: Path) -> ArchiveIdentity | None:
    path = directory / ARCHIVE
    if not path_exists(path):
        return None
    try:
        return ArchiveIdentity.model_validate_json(read_text(path))
    except ValidationError:
        raise Invalid(f"{path} is not the description of an archive; choose another directory") from None


def _check_same(directory: Path, known: ArchiveIdentity, wanted: ArchiveIdentity) -> None:
    other = "choose another directory"
    if known.source != wanted.source:
        raise Conflict(f"{directory} holds an archive of {known.source}, not of {wanted.source}; {other}")
    if known.finished and not (directory / _STATE).exists():
        raise Conflict(f"{directory} holds a finished archive; {other}")
    if known.older_than != wanted.older_than:
        raise Conflict(
            f"{directory} holds an unfinished archive that was begun with --older-than {in_days(known.older_than)}; "
            f"repeat it with that, or {other}"
        )


def _check_empty(directory: Path) -> None:
    """Raise Invalid when a directory holds anything but what an archive left that was killed at once."""
    if directory.is_symlink() and not path_exists(directory):
        raise Invalid(f"{directory} is a symbolic link to a missing path; choose another directory")
    if not path_exists(directory):
        return
    begun = {_STATE, f"{ARCHIVE}.part"}
    if not directory.is_dir() or not {each.name for each in directory.iterdir()} <= begun:
        raise Invalid(f"{directory} is not an empty directory; choose another one")


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    with (directory / _STATE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"another process is at work on the archive in {directory}; let it end") from None
        yield


def in_days(milliseconds: int) -> str:
    """Return a duration as it is typed: in days, or in seconds where it is no number of days."""
    days, rest = divmod(milliseconds, 86_400_000)
    return f"{milliseconds // 1000}s" if rest else f"{days}d"


def _row(table: Table, item: Item) -> bytes:
    key = (item[name] for name in table.key_names)
    return b"%d%b" % (TABLES.index(table), row_of(line_of_text(item_text(item)), *key))


def _digest(rows: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(rows)).hexdigest()


def _conversation_of(row: bytes) -> str:
    return str(json.loads(line_of(row))["Item"]["conversation_id"]["S"])


def _thread(parts: Sequence[Part]) -> Thread:
    [conversation] = [item for table, item in parts if table is CONVERSATIONS]
    others = [part for part in parts if part[0] is not CONVERSATIONS]
    return Thread(conversation, tuple(sorted(others, key=_is_many)))


def _is_many(part: Part) -> tuple[bool, bool]:
    """Put what there may be any number of behind what there is once: that goes with the conversation."""
    table, item = part
    return table is MESSAGES, table is OPS and item["pk"].startswith(NOTES)
