"""The manifest of an export: which files, how many items, their hashes, and the schema they were read with."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.transfer.durable_files import is_there, read_text, unreadable
from commercive_cli.store.schema import TABLES, Table

Count = Annotated[int, Field(ge=0, lt=2**63)]
"""How many items a manifest says that there are."""

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
    """What an export holds; written last, so that a directory without one is unfinished."""

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


def table_named(name: str, place: str) -> Table:
    """Return the declared table of that name; raise Invalid, naming the `place`, when there is none."""
    for table in TABLES:
        if table.name == name:
            return table
    raise Invalid(f"{place}: there is no table {name[:100]!r}; known are {', '.join(t.name for t in TABLES)}")


def read_manifest(directory: Path) -> Manifest:
    """Return the manifest of an export; raise Invalid when it is missing, damaged, newer, or of another schema."""
    path = directory / MANIFEST
    if not is_there(path):
        raise Invalid(f"{directory} holds no {MANIFEST}; give the directory of a finished export")
    try:
        document = from_json(read_text(path))
    except ValueError as error:
        raise unreadable(path, error) from None
    _check_version(path, document)
    try:
        manifest = Manifest.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Invalid(f"{path}: {place}: {first['msg']}") from None
    if manifest.tables != declared_keys():
        raise Invalid(f"{path}: the export was made with other table keys than this version declares")
    return manifest


def _check_version(path: Path, document: Any) -> None:
    if not isinstance(document, dict) or document.get("format") != "commercive-export":
        raise Invalid(f"{path} is no manifest of an export")
    version = document.get("version")
    if type(version) is not int or version < 1:
        raise Invalid(f"{path}: version is {json.dumps(version)[:50]}; a whole number from 1 belongs there")
    if version > VERSION:
        shown = str(version)[:50]
        raise Invalid(f"{path}: the export has version {shown}, this program reads up to {VERSION}; upgrade it")
