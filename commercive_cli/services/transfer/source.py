"""What can be imported: our own exports, and DynamoDB's (DYNAMODB_JSON), each checked against its manifest.

Source: DynamoDB Developer Guide, "DynamoDB table export output format".
"""

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.transfer.lines import read_line
from commercive_cli.services.transfer.manifest import MANIFEST, read_manifest, table_named
from commercive_cli.store.items import Item
from commercive_cli.store.schema import TABLES, Table

NATIVE_SUMMARY = "manifest-summary.json"
NATIVE_FILES = "manifest-files.json"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class SourceFile:
    """One file to import: its table, the number of lines it must have, and its digest (SHA-256 hex or MD5 base64)."""

    table: Table
    path: Path
    items: int
    digest: str
    algorithm: str = "sha256"

    def check(self) -> None:
        """Raise Invalid, naming the file and, where it can be told, the line, unless the file is what was exported."""
        try:
            sound = self._digest() == self.digest
        except OSError as error:
            raise Invalid(f"{self.path} cannot be read: {error.strerror or error}") from None
        count = sum(1 for _ in self.lines()) if sound else 0
        if sound and count == self.items:
            return
        for _ in self.parsed():
            pass
        raise Invalid(f"{self.path} does not match its manifest: it was changed or cut short after the export")

    def parsed(self, skip: int = 0) -> Iterator[tuple[int, Item]]:
        """Yield (line number from 1, item) behind the first `skip` lines; raise Invalid naming the file and line."""
        for number, line in enumerate(self.lines(), 1):
            if number > skip:
                try:
                    yield number, read_line(self.table, line)
                except Invalid as wrong:
                    raise Invalid(f"{self.path}, line {number}: {wrong.message}", field=wrong.field) from None

    def lines(self) -> Iterator[bytes]:
        """Yield the lines as they are."""
        try:
            with self._opened() as file:
                yield from file
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise Invalid(f"{self.path} is damaged: it cannot be unpacked") from None

    @contextmanager
    def _opened(self) -> Iterator[Iterable[bytes]]:
        with self.path.open("rb") as file:
            yield gzip.GzipFile(fileobj=file) if self.path.suffix == ".gz" else file

    def _digest(self) -> str:
        digest = hashlib.new(self.algorithm, usedforsecurity=False)
        with self.path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest() if self.algorithm == "sha256" else base64.b64encode(digest.digest()).decode()


@dataclass(frozen=True)
class Source:
    """The files of one export, and a name that is the same whenever the same export is opened."""

    name: str
    files: list[SourceFile]


def open_source(directory: Path) -> Source:
    """Return the export in a directory: ours, one of DynamoDB's, or several of DynamoDB's side by side."""
    if (directory / MANIFEST).exists():
        files = [
            SourceFile(table_named(f.table, str(directory / MANIFEST)), directory / f.path, f.items, f.sha256)
            for f in read_manifest(directory).files
        ]
    else:
        natives = [path.parent for path in sorted(directory.glob(f"**/{NATIVE_SUMMARY}"))]
        files = [file for native in natives for file in _native_files(native)]
        if not natives:
            read_manifest(directory)
    digests = "".join(sorted(file.digest for file in files))
    return Source(hashlib.sha256(digests.encode()).hexdigest(), files)


def _native_files(directory: Path) -> list[SourceFile]:
    summary = _json(directory / NATIVE_SUMMARY)
    if summary.get("outputFormat") != "DYNAMODB_JSON":
        raise Invalid(f"{directory / NATIVE_SUMMARY}: outputFormat must be DYNAMODB_JSON")
    table = _native_table(directory, str(summary.get("tableArn", "")))
    lines = (directory / NATIVE_FILES).read_text(encoding="utf-8").splitlines()
    return [_native_file(directory, table, json.loads(line)) for line in lines if line]


def _native_file(directory: Path, table: Table, entry: dict[str, Any]) -> SourceFile:
    path = directory / "data" / Path(entry["dataFileS3Key"]).name
    return SourceFile(table, path, entry["itemCount"], entry["md5Checksum"], "md5")


def _native_table(directory: Path, arn: str) -> Table:
    name = arn.rpartition("/")[2]
    fitting = [table for table in TABLES if name.endswith(table.name)]
    if not fitting:
        raise Invalid(f"{directory / NATIVE_SUMMARY}: table {name!r} is none of ours")
    return max(fitting, key=lambda table: len(table.name))


def _json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"{path} cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise Invalid(f"{path} is no manifest")
    return document
