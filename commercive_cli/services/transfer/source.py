"""Reads exports for imports: our own and DynamoDB's, and checks every file against its manifest."""

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
from commercive_cli.domain.quoting import quoted
from commercive_cli.services.transfer.durable_files import check_file, path_exists, read_error
from commercive_cli.services.transfer.dynamodb_export import dynamodb_files, dynamodb_summaries
from commercive_cli.services.transfer.jsonl import LONGEST_LINE, read_line
from commercive_cli.services.transfer.manifest import MANIFEST, ExportedFile, read_manifest, table_named
from commercive_cli.services.transfer.sorting import part_named
from commercive_cli.store.items import Item
from commercive_cli.store.schema import TABLES, Table

_BLOCK = 1 << 20


class ParsedLine(NamedTuple):
    """An item to import, the number of its line (from 1), and the line's size in bytes, which exceeds the item's."""

    number: int
    item: Item
    size: int


@dataclass(frozen=True)
class SourceFile:
    """One file to import: its table, the number of lines it must have, and its digest (SHA-256 hex or MD5 base64).

    `name` is its path within the export; `part` is the part to which its keys must belong, None for any.
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
            count, digest = self._count_and_digest()
        except OSError as error:
            raise read_error(self.path, error) from None
        if count is not None and count != self.items:
            return f"{self.path} has {count:,} lines, its manifest says {self.items:,}"
        changed = f"{self.path} does not match its manifest: the file was changed after the export"
        return changed if (count, digest) != (self.items, self.digest) else ""

    def lines(self) -> Iterator[tuple[int, bytes | Invalid]]:
        """Yield each line, at most the first 8 MB of it, with its number; where unpacking ends early, an Invalid."""
        number = 0
        try:
            with self._open_unpacked() as file:
                for number, raw in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), 1):
                    yield number, raw
                    while raw and not raw.endswith(b"\n"):
                        raw = file.readline(LONGEST_LINE)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            yield number + 1, Invalid("the file is damaged and cannot be unpacked")
        except OSError as error:
            raise read_error(self.path, error) from None

    def parsed_lines(self, skip: int = 0) -> Iterator[ParsedLine]:
        """Yield the lines after the first `skip` ones; raise Invalid, naming file and line, when one is damaged."""
        number = 0
        try:
            for number, raw in self.lines():
                if number > skip:
                    yield self.parse(number, raw)
        except Invalid as wrong:
            raise Invalid(f"{self.path}, line {number}: {wrong.message}", field=wrong.field) from None

    def parse(self, number: int, raw: bytes | Invalid) -> ParsedLine:
        """Return the item of a line; raise Invalid, saying why, when the line holds no item of the table."""
        if isinstance(raw, Invalid):
            raise raw
        return ParsedLine(number, read_line(self.table, raw), len(raw))

    @contextmanager
    def _open_unpacked(self) -> Iterator[BinaryIO]:
        with self.path.open("rb") as file:
            if self.path.suffix == ".gz":
                yield io.BufferedReader(gzip.GzipFile(fileobj=file), _BLOCK)
            else:
                yield file

    def _count_and_digest(self) -> tuple[int | None, str]:
        """Return the number of lines, or None when the file cannot be unpacked, and the digest of the file."""
        digest = hashlib.new(self.algorithm, usedforsecurity=False)
        with self.path.open("rb") as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                digest.update(block)
        text = digest.hexdigest() if self.algorithm == "sha256" else base64.b64encode(digest.digest()).decode()
        try:
            with self._open_unpacked() as file:
                return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b"")), text
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return None, text


@dataclass(frozen=True)
class Source:
    """The files of one export of these tables, and a name that is always the same for the same export."""

    name: str
    files: list[SourceFile]
    tables: Sequence[Table]


def open_source(directory: Path, tables: Sequence[Table] = TABLES) -> Source:
    """Return the export in a directory: one of ours, or one or several of DynamoDB's.

    When only some tables are wanted, nothing of others is read, and they need not be ours.
    Raises Invalid when there is no export, or its manifest is damaged, of a newer version, or not of our tables.
    """
    summaries = {} if path_exists(directory / MANIFEST) else dynamodb_summaries(directory, tables)
    found = _dynamodb_files(directory, summaries) if summaries else _our_files(directory)
    files = [file for file in found if file.table in tables]
    for name, times in Counter(file.name for file in files).items():
        if times > 1:
            raise Invalid(f"{directory / name} is named {times} times by its manifest")
    digests = "".join(sorted(file.digest for file in files))
    return Source(hashlib.sha256(digests.encode()).hexdigest(), files, tables)


def _dynamodb_files(directory: Path, summaries: dict[Path, Table]) -> list[SourceFile]:
    found = [file for summary, table in summaries.items() for file in dynamodb_files(summary, table)]
    return [SourceFile(**vars(file), name=str(file.path.relative_to(directory))) for file in found]


def _our_files(directory: Path) -> list[SourceFile]:
    manifest, path = read_manifest(directory), directory / MANIFEST
    for file in manifest.files:
        if not file.path.isprintable() or Path(file.path).is_absolute() or ".." in Path(file.path).parts:
            raise Invalid(f"{path}: {quoted(file.path)} is not a file of this directory")
    return [_our_file(directory, table_named(file.table, str(path)), file) for file in manifest.files]


def _our_file(directory: Path, table: Table, file: ExportedFile) -> SourceFile:
    name = str(Path(file.path))
    part = part_named(table.name, name)
    return SourceFile(table, directory / file.path, name, file.items, file.sha256, part=part)
