"""Reads exports for imports: our own and DynamoDB's, and checks every file against its manifest."""

import base64
import gzip
import hashlib
import io
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.transfer.durable_files import check_file, path_exists, read_error
from commercive_cli.services.transfer.dynamodb_export import dynamodb_files, dynamodb_summaries
from commercive_cli.services.transfer.jsonl import LONGEST_LINE, read_line
from commercive_cli.services.transfer.manifest import MANIFEST, ExportedFile, read_manifest, table_named
from commercive_cli.services.transfer.sorting import file_of, part_named, part_of_key
from commercive_cli.store.items import Item
from commercive_cli.store.limits import check_item
from commercive_cli.store.schema import Table

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

    def check(self) -> None:
        """Raise Invalid, naming the file and if possible the line, unless the file is as it was exported."""
        try:
            check_file(self.path)
            count, digest = self._count_and_digest()
        except OSError as error:
            raise read_error(self.path, error) from None
        if (count, digest) == (self.items, self.digest):
            return
        for line in self.parsed_lines():
            with self.locating_errors([line]):
                check_item(self.table, line.item)
        if count != self.items:
            raise Invalid(f"{self.path} has {count:,} lines, its manifest says {self.items:,}")
        raise Invalid(f"{self.path} does not match its manifest: the file was changed after the export")

    def parsed_lines(self, skip: int = 0) -> Iterator[ParsedLine]:
        """Yield the lines after the first `skip` ones; raise Invalid, naming file and line, when one is damaged."""
        number = 0
        try:
            with self._open_unpacked() as file:
                for number, raw in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), 1):
                    if number > skip:
                        yield ParsedLine(number, read_line(self.table, raw), len(raw))
        except Invalid as wrong:
            raise Invalid(f"{self.path}, line {number}: {wrong.message}", field=wrong.field) from None
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise Invalid(f"{self.path}, line {number + 1}: the file is damaged and cannot be unpacked") from None
        except OSError as error:
            raise read_error(self.path, error) from None

    def check_part(self, lines: list[ParsedLine]) -> None:
        """Raise Invalid, naming file and line, when an item belongs in another file, which may hold its key as well.

        Items without a key are ignored here and refused later.
        """
        name = self.table.partition.name
        if self.part is None:
            return
        with suppress(KeyError, TypeError, AttributeError):
            # A set, since neighbours often have the same partition key.
            if {part_of_key(key.encode()) for key in {line.item[name] for line in lines}} - {self.part}:
                self._raise_wrong_part(lines, name)

    def _raise_wrong_part(self, lines: list[ParsedLine], name: str) -> None:
        for line in lines:
            part = part_of_key(line.item[name].encode())
            if part != self.part:
                right = file_of(self.table.name, part, packed=self.path.suffix == ".gz")
                raise Invalid(f"{self.path}, line {line.number}: because of its {name} the item belongs in {right}")

    def check_distinct(self, lines: list[ParsedLine]) -> None:
        """Raise Invalid, naming file and lines, when two lines have the same key; items without a key are ignored."""
        names = self.table.key_names
        with suppress(KeyError, TypeError):
            # Most items differ in the last key attribute; comparing only that takes a third of the time.
            if len({line.item[names[-1]] for line in lines}) < len(lines):
                self._check_keys(lines, itemgetter(*names))

    def _check_keys(self, lines: list[ParsedLine], key_of: Callable[[Item], object]) -> None:
        numbers: dict[object, int] = {}
        for line in lines:
            first = numbers.setdefault(key_of(line.item), line.number)
            if first != line.number:
                raise Invalid(f"{self.path}, line {line.number}: the item has the same key as that of line {first}")

    @contextmanager
    def locating_errors(self, lines: Iterable[ParsedLine]) -> Iterator[None]:
        """When the block raises Invalid, raise it with file and line of the first item that breaks a limit."""
        try:
            yield
        except Invalid:
            for line in lines:
                try:
                    check_item(self.table, line.item)
                except Invalid as wrong:
                    message = f"{self.path}, line {line.number}: {wrong.message}"
                    raise Invalid(message, field=wrong.field) from None
            raise

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
    """The files of one export, and a name that is always the same for the same export."""

    name: str
    files: list[SourceFile]


def open_source(directory: Path) -> Source:
    """Return the export in a directory: one of ours, or one or several of DynamoDB's.

    Raises Invalid when there is none, or its manifest is damaged, of a newer version, or not of our tables.
    """
    summaries = {} if path_exists(directory / MANIFEST) else dynamodb_summaries(directory)
    files = _dynamodb_files(directory, summaries) if summaries else _our_files(directory)
    for name, times in Counter(file.name for file in files).items():
        if times > 1:
            raise Invalid(f"{directory / name} is named {times} times by its manifest")
    digests = "".join(sorted(file.digest for file in files))
    return Source(hashlib.sha256(digests.encode()).hexdigest(), files)


def _dynamodb_files(directory: Path, summaries: dict[Path, Table]) -> list[SourceFile]:
    found = [file for summary, table in summaries.items() for file in dynamodb_files(summary, table)]
    return [SourceFile(**vars(file), name=str(file.path.relative_to(directory))) for file in found]


def _our_files(directory: Path) -> list[SourceFile]:
    manifest, path = read_manifest(directory), directory / MANIFEST
    for file in manifest.files:
        if not file.path.isprintable() or Path(file.path).is_absolute() or ".." in Path(file.path).parts:
            raise Invalid(f"{path}: {file.path[:100]!r} is not a file of this directory")
    return [_our_file(directory, table_named(file.table, str(path)), file) for file in manifest.files]


def _our_file(directory: Path, table: Table, file: ExportedFile) -> SourceFile:
    name = str(Path(file.path))
    part = part_named(table.name, name)
    return SourceFile(table, directory / file.path, name, file.items, file.sha256, part=part)
