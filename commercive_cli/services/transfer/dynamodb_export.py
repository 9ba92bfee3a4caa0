"""DynamoDB's own exports to S3, after they were downloaded: full exports in the format DYNAMODB_JSON.

Source: DynamoDB Developer Guide, "DynamoDB table export output format".
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import from_json

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted
from commercive_cli.services.transfer.durable_files import read_text
from commercive_cli.services.transfer.manifest import Count
from commercive_cli.store.schema import OPS, TABLES, Table

SUMMARY = "manifest-summary.json"
FILES = "manifest-files.json"
_QUOTED = 100


class _Named(BaseModel):
    table_arn: str = Field(alias="tableArn")


class _Summary(_Named):
    items: Count = Field(alias="itemCount")
    output_format: str = Field(alias="outputFormat")
    export_type: str = Field(alias="exportType", default="FULL_EXPORT")


class _Entry(BaseModel):
    items: Count = Field(alias="itemCount")
    md5: str = Field(alias="md5Checksum")
    key: str = Field(alias="dataFileS3Key")


@dataclass(frozen=True)
class DynamoDBExportFile:
    """One data file of an export, with its digest in base64."""

    table: Table
    path: Path
    items: int
    digest: str
    algorithm: str = "md5"


def dynamodb_summaries(directory: Path, tables: Sequence[Table] = TABLES) -> dict[Path, Table]:
    """Return the paths of the export summaries in a directory, at any depth, with the table of each.

    When only some tables are wanted, others are left out, whosever they are; each that is wanted must exist.
    Raises Invalid when a table is not one of the six, or two exports hold the same table.
    """
    names = exported_tables(directory)
    known = {path: _table_named(name, names.values()) for path, name in names.items()}
    if tables == TABLES:
        found = {path: table or _refused(path, names[path]) for path, table in known.items()}
    else:
        found = {path: table for path, table in known.items() if table is not None and table in tables}
        _check_complete(directory, tables, found.values())
    first: dict[Table, Path] = {}
    for path, table in found.items():
        other = first.setdefault(table, path)
        if other is not path:
            raise Invalid(f"{path} and {other} are exports of the same table; import them one after the other")
    return found


def exported_tables(directory: Path) -> dict[Path, str]:
    """Return the paths of the export summaries in a directory, at any depth, with the name of the table of each."""
    return {path: _name_in(path) for path in sorted(directory.glob(f"**/{SUMMARY}"))}


def dynamodb_files(summary: Path, table: Table) -> list[DynamoDBExportFile]:
    """Return the data files that an export names; raise Invalid, naming file and line, when a manifest is damaged."""
    described = _summary(summary)
    files = [
        DynamoDBExportFile(table, _data_path(summary, e.key), e.items, e.md5)
        for e in _entries(summary.with_name(FILES))
    ]
    total = sum(file.items for file in files)
    if total != described.items:
        raise Invalid(f"{summary}: itemCount is {described.items}, the files of {FILES} have {total} items")
    return files


def _data_path(summary: Path, key: str) -> Path:
    if not key.isprintable() or not Path(key).name:
        raise Invalid(f"{summary.with_name(FILES)}: {quoted(key)} is not the key of a file")
    return summary.parent / "data" / Path(key).name


def _entries(path: Path) -> Iterator[_Entry]:
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if line.strip():
            yield _Entry(**_parse_object(f"{path}, line {number}", line, _Entry))


def _summary(path: Path) -> _Summary:
    summary = _Summary(**_parse_object(str(path), read_text(path), _Summary))
    if summary.output_format != "DYNAMODB_JSON":
        raise Invalid(f"{path}: outputFormat is {summary.output_format[:_QUOTED]}; only DYNAMODB_JSON can be imported")
    if summary.export_type != "FULL_EXPORT":
        raise Invalid(f"{path}: exportType is {summary.export_type[:_QUOTED]}; only a FULL_EXPORT can be imported")
    return summary


def _name_in(path: Path) -> str:
    return _Named(**_parse_object(str(path), read_text(path), _Named)).table_arn.rpartition("/")[2]


def _table_named(name: str, names: Collection[str]) -> Table | None:
    fitting = [table for table in TABLES if name.endswith(table.name) and _has_prefix(name, table, names)]
    return max(fitting, key=lambda table: len(table.name), default=None)


def _check_complete(directory: Path, wanted: Iterable[Table], found: Collection[Table]) -> None:
    missing = ", ".join(table.name for table in wanted if table not in found)
    if missing:
        raise Invalid(f"{directory} holds no export of {missing}", field="only")


def _refused(path: Path, name: str) -> NoReturn:
    raise Invalid(
        f"{path}: table {quoted(name)} is not one of ours, which are a prefix and one of "
        f"{', '.join(t.name for t in TABLES)}; a prefix of ops that ends in a letter or digit is accepted only "
        "when another exported table has it too; --only leaves others out"
    )


def _has_prefix(name: str, table: Table, names: Collection[str]) -> bool:
    """Return whether the name is a prefix followed by the table's name.

    For `ops` this is not sure, since words such as `workshops` end in it. Its prefix must end in something else than a
    letter or digit, or another table must have the same prefix.
    """
    prefix = name.removesuffix(table.name)
    others = (prefix + other.name in names for other in TABLES if other is not OPS)
    return table is not OPS or not prefix[-1:].isalnum() or any(others)


def _parse_object(where: str, text: str, model: type[BaseModel]) -> dict[str, Any]:
    try:
        document = from_json(text)
    except ValueError:
        raise Invalid(f"{where} is not JSON") from None
    if not isinstance(document, dict):
        raise Invalid(f"{where}: expected an object, found {text.strip()[:_QUOTED]}")
    try:
        model.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    return document
