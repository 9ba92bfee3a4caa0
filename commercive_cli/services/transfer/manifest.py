"""The manifest of an export: its files, their numbers of items and hashes, and the keys of the tables."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted
from commercive_cli.services.transfer.durable_files import path_exists, read_error, read_text
from commercive_cli.store.export_manifests import Count
from commercive_cli.store.schema import TABLES, Table

VERSION = 1
MANIFEST = "manifest.json"


class ExportedFile(BaseModel):
    """One file of an export: its path within the directory, the number of lines, and its SHA-256."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    path: str
    items: Count
    sha256: str


class Manifest(BaseModel):
    """The contents of an export. It is written last, so an export without a manifest is unfinished."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = "commercive-export"
    version: int = VERSION
    exported_at: Annotated[int, Field(lt=2**63)]
    source: str
    prefix: str
    tables: dict[str, list[str]]
    files: list[ExportedFile]


def declared_keys() -> dict[str, list[str]]:
    """Return each table's key attributes with their types, as the manifest names them."""
    return {table.name: [f"{a.name}:{a.type}" for a in table.key_attributes()] for table in TABLES}


def table_named(name: str, where: str) -> Table:
    """Return the declared table of that name; raise Invalid, which says `where` the name is, when there is none."""
    for table in TABLES:
        if table.name == name:
            return table
    raise Invalid(f"{where}: there is no table {quoted(name)}; known are {', '.join(t.name for t in TABLES)}")


def read_manifest(directory: Path) -> Manifest:
    """Return the manifest of an export; raise Invalid when it is missing, damaged, newer, or of another schema."""
    path = directory / MANIFEST
    if not path_exists(path):
        raise Invalid(f"{directory} holds no {MANIFEST}; give the directory of a finished export")
    try:
        document = from_json(read_text(path))
    except ValueError as error:
        raise read_error(path, error) from None
    _check_version(path, document)
    try:
        manifest = Manifest.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if manifest.tables != declared_keys():
        raise Invalid(f"{path}: the export was made with other table keys than this version declares")
    return manifest


def _check_version(path: Path, document: Any) -> None:
    if not isinstance(document, dict) or document.get("format") != "commercive-export":
        raise Invalid(f"{path} is not the manifest of an export")
    version = document.get("version")
    if type(version) is not int or version < 1:
        raise Invalid(f"{path}: version is {json.dumps(version)[:50]}; it must be a whole number from 1")
    if version > VERSION:
        shown = str(version)[:50]
        raise Invalid(f"{path}: the export has version {shown}, this program reads up to {VERSION}; upgrade it")
