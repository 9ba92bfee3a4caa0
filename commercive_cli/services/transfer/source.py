"""What can be imported: our own exports, and DynamoDB's, with every file checked against its manifest."""

import base64
import gzip
import hashlib
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.transfer.durable_files import check_file, is_there, unreadable
from commercive_cli.services.transfer.dynamodb_export import dynamodb_files, dynamodb_summaries
from commercive_cli.services.transfer.jsonl import LONGEST_LINE, read_line
from commercive_cli.services.transfer.manifest import MANIFEST, ExportedFile, read_manifest, table_named
from commercive_cli.services.transfer.sorting import part_named
from commercive_cli.store.items import Item
from commercive_cli.store.schema import TABLES, Table

_BLOCK = 1 << 20


class Row(NamedTuple):
    """An item to import, the number of its line (from 1), and the line's bytes, which are more than the item's."""

    number: int
    item: Item
    size: int


@dataclass(frozen=True)
class SourceFile:
    """One file to import: its table, the number of lines it must have, and its digest (SHA-256 hex or MD5 base64).

    `name` is its path within the export, `part` the part of the keys that it may hold, None for any.
    """

    table: Table
    path: Path
    name: str
    items: int
    digest: str
    algorithm: str = "sha256"
    part: int | None = None

    def difference(self) -> str:
        """Return in words how the file differs from what was exported, nothing when it does not.

        Raises Invalid, naming it, when it cannot be read.
        """
        try:
            check_file(self.path)
            count, digest = self._summed()
        except OSError as error:
            raise unreadable(self.path, error) from None
        if count is not None and count != self.items:
            return f"{self.path} has {count:,} lines, its manifest says {self.items:,}"
        changed = f"{self.path} does not match its manifest: it was changed after the export"
        return changed if (count, digest) != (self.items, self.digest) else ""

    def lines(self) -> Iterator[tuple[int, bytes | Invalid]]:
        """Yield each line, at most the first 8 MB of it, with its number; where unpacking ends early, an Invalid."""
        number = 0
        try:
            with self._opened() as file:
                for number, line in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), 1):
                    yield number, line
                    while line and not line.endswith(b"\n"):
                        line = file.readline(LONGEST_LINE)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            yield number + 1, Invalid("the file is damaged and cannot be unpacked")
        except OSError as error:
            raise unreadable(self.path, error) from None

    def parsed(self, skip: int = 0) -> Iterator[Row]:
        """Yield what is behind the first `skip` lines; raise Invalid naming the file and line."""
        number = 0
        try:
            for number, line in self.lines():
                if number > skip:
                    yield self.row(number, line)
        except Invalid as wrong:
            raise Invalid(f"{self.path}, line {number}: {wrong.message}", field=wrong.field) from None

    def row(self, number: int, line: bytes | Invalid) -> Row:
        """Return what a line holds; raise Invalid, saying why, when that is no item of the table."""
        if isinstance(line, Invalid):
            raise line
        return Row(number, read_line(self.table, line), len(line))

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        with self.path.open("rb") as file:
            if self.path.suffix == ".gz":
                yield io.BufferedReader(gzip.GzipFile(fileobj=file), _BLOCK)
            else:
                yield file

    def _summed(self) -> tuple[int | None, str]:
        """Return the number of lines, or None when the file cannot be unpacked, and the digest of the file."""
        digest = hashlib.new(self.algorithm, usedforsecurity=False)
        with self.path.open("rb") as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                digest.update(block)
        text = digest.hexdigest() if self.algorithm == "sha256" else base64.b64encode(digest.digest()).decode()
        try:
            with self._opened() as file:
                return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b"")), text
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return None, text


@dataclass(frozen=True)
class Source:
    """The files of one export of these tables, and a name that is the same whenever the same export is opened."""

    name: str
    files: list[SourceFile]
    tables: Sequence[Table]


def open_source(directory: Path, tables: Sequence[Table] = TABLES) -> Source:
    """Return the export in a directory: ours, one of DynamoDB's, or several of DynamoDB's side by side.

    When only some tables are wanted, nothing of others is read, and they need not be ours.
    Raises Invalid when there is no export, or what describes it is damaged, newer, or not of our tables.
    """
    natives = {} if is_there(directory / MANIFEST) else dynamodb_summaries(directory, tables)
    found = _native_files(directory, natives) if natives else _own_files(directory)
    files = [file for file in found if file.table in tables]
    for name, times in Counter(file.name for file in files).items():
        if times > 1:
            raise Invalid(f"{directory / name} is named {times} times by its manifest")
    digests = "".join(sorted(file.digest for file in files))
    return Source(hashlib.sha256(digests.encode()).hexdigest(), files, tables)


def _native_files(directory: Path, summaries: dict[Path, Table]) -> list[SourceFile]:
    found = [file for summary, table in summaries.items() for file in dynamodb_files(summary, table)]
    return [SourceFile(**vars(file), name=str(file.path.relative_to(directory))) for file in found]


def _own_files(directory: Path) -> list[SourceFile]:
    manifest, place = read_manifest(directory), directory / MANIFEST
    for file in manifest.files:
        if not file.path.isprintable() or Path(file.path).is_absolute() or ".." in Path(file.path).parts:
            raise Invalid(f"{place}: {file.path[:100]!r} is not a file of this directory")
    return [_own_file(directory, table_named(file.table, str(place)), file) for file in manifest.files]


def _own_file(directory: Path, table: Table, file: ExportedFile) -> SourceFile:
    name = str(Path(file.path))
    part = part_named(table.name, name)
    return SourceFile(table, directory / file.path, name, file.items, file.sha256, part=part)
