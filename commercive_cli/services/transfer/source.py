"""What can be imported: our own exports, and DynamoDB's, with every file checked against its manifest."""

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
from commercive_cli.services.transfer.durable_files import check_file, is_there, unreadable
from commercive_cli.services.transfer.dynamodb_export import dynamodb_files, dynamodb_summaries
from commercive_cli.services.transfer.jsonl import LONGEST_LINE, read_line
from commercive_cli.services.transfer.manifest import MANIFEST, ExportedFile, read_manifest, table_named
from commercive_cli.services.transfer.sorting import file_of, part_named, part_of_key
from commercive_cli.store.items import Item
from commercive_cli.store.limits import check_item
from commercive_cli.store.schema import Table

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

    def check(self) -> None:
        """Raise Invalid, naming the file and, where it can be told, the line, unless the file is what was exported."""
        try:
            check_file(self.path)
            count, digest = self._summed()
        except OSError as error:
            raise unreadable(self.path, error) from None
        if (count, digest) == (self.items, self.digest):
            return
        for row in self.parsed():
            with self.naming([row]):
                check_item(self.table, row.item)
        if count != self.items:
            raise Invalid(f"{self.path} has {count:,} lines, its manifest says {self.items:,}")
        raise Invalid(f"{self.path} does not match its manifest: it was changed after the export")

    def parsed(self, skip: int = 0) -> Iterator[Row]:
        """Yield what is behind the first `skip` lines; raise Invalid naming the file and line."""
        number = 0
        try:
            with self._opened() as file:
                for number, line in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), 1):
                    if number > skip:
                        yield Row(number, read_line(self.table, line), len(line))
        except Invalid as wrong:
            raise Invalid(f"{self.path}, line {number}: {wrong.message}", field=wrong.field) from None
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise Invalid(f"{self.path}, line {number + 1}: the file is damaged and cannot be unpacked") from None
        except OSError as error:
            raise unreadable(self.path, error) from None

    def check_part(self, rows: list[Row]) -> None:
        """Raise Invalid, naming file and line, when an item belongs into another file: its key may be there as well.

        What has no key is refused elsewhere.
        """
        name = self.table.partition.name
        if self.part is None:
            return
        with suppress(KeyError, TypeError, AttributeError):
            # Most items have the partition key of others beside them.
            if {part_of_key(key.encode()) for key in {row.item[name] for row in rows}} - {self.part}:
                self._refuse_stranger(rows, name)

    def _refuse_stranger(self, rows: list[Row], name: str) -> None:
        for row in rows:
            part = part_of_key(row.item[name].encode())
            if part != self.part:
                place = file_of(self.table.name, part, packed=self.path.suffix == ".gz")
                raise Invalid(f"{self.path}, line {row.number}: by its {name} the item belongs into {place}")

    def check_distinct(self, rows: list[Row]) -> None:
        """Raise Invalid, naming file and lines, when two rows have one key; what has no key is refused elsewhere."""
        names = self.table.key_names
        with suppress(KeyError, TypeError):
            # The last key attribute alone tells most items apart, and takes a third of the time of the whole key.
            if len({row.item[names[-1]] for row in rows}) < len(rows):
                self._check_keys(rows, itemgetter(*names))

    def _check_keys(self, rows: list[Row], key_of: Callable[[Item], object]) -> None:
        lines: dict[object, int] = {}
        for row in rows:
            first = lines.setdefault(key_of(row.item), row.number)
            if first != row.number:
                raise Invalid(f"{self.path}, line {row.number}: the item has the same key as that of line {first}")

    @contextmanager
    def naming(self, rows: Iterable[Row]) -> Iterator[None]:
        """Let what is refused as too large or without a key be refused by its file and line."""
        try:
            yield
        except Invalid:
            for row in rows:
                try:
                    check_item(self.table, row.item)
                except Invalid as wrong:
                    message = f"{self.path}, line {row.number}: {wrong.message}"
                    raise Invalid(message, field=wrong.field) from None
            raise

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
    """The files of one export, and a name that is the same whenever the same export is opened."""

    name: str
    files: list[SourceFile]


def open_source(directory: Path) -> Source:
    """Return the export in a directory: ours, one of DynamoDB's, or several of DynamoDB's side by side.

    Raises Invalid when there is none, or what describes it is damaged, newer, or not of our tables.
    """
    natives = {} if is_there(directory / MANIFEST) else dynamodb_summaries(directory)
    files = _native_files(directory, natives) if natives else _own_files(directory)
    for name, times in Counter(file.name for file in files).items():
        if times > 1:
            raise Invalid(f"{directory / name} is named {times} times by its manifest")
    digests = "".join(sorted(file.digest for file in files))
    return Source(hashlib.sha256(digests.encode()).hexdigest(), files)


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
