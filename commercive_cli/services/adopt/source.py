"""Sources of an adoption: the port, which an engine implements for live tables, and exports in a directory."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from commercive_cli.domain.errors import Invalid, Misconfigured
from commercive_cli.domain.quoting import quoted
from commercive_cli.services.adopt.mapping import LEGACY, Legacy
from commercive_cli.services.transfer.durable_files import path_exists
from commercive_cli.services.transfer.dynamodb_export import dynamodb_files, exported_tables, second_export
from commercive_cli.services.transfer.jsonl import parse_line
from commercive_cli.services.transfer.source import SourceFile
from commercive_cli.store.items import Item
from commercive_cli.store.legacy_source import LegacySource, LegacyTable
from commercive_cli.store.schema import Attribute, Table

__all__ = ["ExportSource", "LegacySource", "LegacyTable", "legacy_tables"]

_PAGE = 500


@dataclass(frozen=True)
class ExportSource:
    """DynamoDB's own full exports of the tables, one or several directories deep, as downloaded from S3."""

    directory: Path

    live = False

    @property
    def place(self) -> str:
        """Return the resolved directory, as far as links lead anywhere."""
        return os.path.realpath(self.directory)

    @cached_property
    def prefix(self) -> str:
        """Return what the tables' names start with; "" where there is none of the former backend."""
        found = {name.removesuffix(each.name) for name in self._summaries.values() for each in _ending(name)}
        whole = {prefix for prefix in found if all(prefix + each.name in self._summaries.values() for each in LEGACY)}
        if len(whole) > 1:
            names = ", ".join(sorted(map(quoted, whole)))
            raise Invalid(f"{self.directory} holds tables behind several prefixes, {names}; give the directory of one")
        return min(whole or found, default="")

    @cached_property
    def _summaries(self) -> dict[Path, str]:
        summaries = exported_tables(self.directory)
        first: dict[str, Path] = {}
        for path, name in summaries.items():
            if first.setdefault(name, path) is not path:
                raise second_export(path, first[name], "give the directory of one")
        return summaries

    def tables(self) -> Sequence[LegacyTable]:
        """Return the exported tables with as many items as their manifests say; raise Invalid for what is not full."""
        if not path_exists(self.directory) or not self.directory.is_dir():
            raise Invalid(f"{self.directory} is no directory; give one with DynamoDB's exports, or a store URL")
        wanted = {self.prefix + each.name for each in LEGACY}
        found = []
        for path, name in self._summaries.items():
            items = sum(file.items for file in self._files(path, name)) if name in wanted else None
            found.append(LegacyTable(name, None, items))
        return sorted(found, key=lambda table: table.name)

    def pages(self, table: LegacyTable) -> Iterator[list[Item]]:
        """Yield the items of a table; raise Invalid when a file is missing or not the one that was exported."""
        [path] = (path for path, name in self._summaries.items() if name == table.name)
        for file in self._files(path, table.name):
            yield from _pages(file)

    def _files(self, path: Path, name: str) -> list[SourceFile]:
        table = Table(name, Attribute("", "S"))  # only its name is told, where something is wrong
        return [SourceFile(**vars(file), name=file.path.name) for file in dynamodb_files(path, table)]

    def close(self) -> None:
        """Do nothing: files are closed once they are read."""


def legacy_tables(source: LegacySource, tables: Sequence[LegacyTable]) -> dict[Legacy, LegacyTable]:
    """Return the tables of a source that are to be adopted, in the order in which they are read.

    Raises Misconfigured when some are missing or are not of the former backend.
    """
    found = {table.name: table for table in tables}
    known = {each: found[source.prefix + each.name] for each in LEGACY if source.prefix + each.name in found}
    if not known:
        names = ", ".join(each.name for each in LEGACY)
        raise Misconfigured(
            f"there are no tables of the former backend in {source.place}: their names are a prefix followed by {names}"
        )
    missing = [source.prefix + each.name for each in LEGACY if each not in known]
    if missing:
        raise Misconfigured(f"{source.place} has no {', '.join(missing)}; nothing was written")
    for each, table in known.items():
        if table.key not in (None, ((each.key, "S"),)):
            key = ", ".join(" ".join(part) for part in table.key or ())
            raise Misconfigured(
                f"{table.name} is no table of the former backend: its key is {key}, and should be {each.key} S"
            )
    return known


def _ending(name: str) -> list[Legacy]:
    return [each for each in LEGACY if name.endswith(each.name)]


def _pages(file: SourceFile) -> Iterator[list[Item]]:
    page: list[Item] = []
    for number, raw in file.lines():
        try:
            if isinstance(raw, Invalid):
                raise raw
            page.append(parse_line(raw))
        except Invalid as wrong:  # a file that is not the one that was exported is told as such
            raise Invalid(file.difference() or f"{file.path}, line {number}: {wrong.message}") from None
        if len(page) == _PAGE:
            yield page
            page = []
    yield page
    if difference := file.difference():
        raise Invalid(f"{difference}; nothing was written")
