"""DynamoDB's own exports to S3, once they are downloaded: full exports as DYNAMODB_JSON.

Source: DynamoDB Developer Guide, "DynamoDB table export output format".
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.schema import TABLES, Table

SUMMARY = "manifest-summary.json"
FILES = "manifest-files.json"


class _Summary(BaseModel):
    table_arn: str = Field(alias="tableArn")
    items: int = Field(alias="itemCount")
    output_format: str = Field(alias="outputFormat")
    export_type: str = Field(alias="exportType", default="FULL_EXPORT")


class _Entry(BaseModel):
    items: int = Field(alias="itemCount")
    md5: str = Field(alias="md5Checksum")
    key: str = Field(alias="dataFileS3Key")


@dataclass(frozen=True)
class NativeFile:
    """One data file of an export, its digest in base64."""

    table: Table
    path: Path
    items: int
    digest: str
    algorithm: str = "md5"


def native_summaries(directory: Path) -> list[Path]:
    """Return the summaries of the exports in a directory, at any depth; raise Invalid when two hold one table."""
    found = sorted(directory.glob(f"**/{SUMMARY}"))
    of_table: dict[Table, Path] = {}
    for path in found:
        other = of_table.setdefault(_table_of(path), path)
        if other is not path:
            raise Invalid(f"{path} and {other} are exports of one table; import them one after the other")
    return found


def native_files(summary: Path) -> list[NativeFile]:
    """Return the data files that an export names; raise Invalid, naming file and line, when it is not sound."""
    described, table = _summary(summary), _table_of(summary)
    files = [NativeFile(table, _data(summary, e.key), e.items, e.md5) for e in _entries(summary.with_name(FILES))]
    total = sum(file.items for file in files)
    if total != described.items:
        raise Invalid(f"{summary}: itemCount is {described.items}, the files of {FILES} have {total} items")
    return files


def _data(summary: Path, key: str) -> Path:
    if not key.isprintable() or not Path(key).name:
        raise Invalid(f"{summary.with_name(FILES)}: {key!r} is not the key of a file")
    return summary.parent / "data" / Path(key).name


def _entries(path: Path) -> Iterator[_Entry]:
    for number, line in enumerate(_text(path).splitlines(), 1):
        if line.strip():
            yield _Entry(**_object(f"{path}, line {number}", line, _Entry))


def _summary(path: Path) -> _Summary:
    summary = _Summary(**_object(str(path), _text(path), _Summary))
    if summary.output_format != "DYNAMODB_JSON":
        raise Invalid(f"{path}: outputFormat is {summary.output_format}; only DYNAMODB_JSON can be imported")
    if summary.export_type != "FULL_EXPORT":
        raise Invalid(f"{path}: exportType is {summary.export_type}; only a FULL_EXPORT can be imported")
    return summary


def _table_of(path: Path) -> Table:
    name = _summary(path).table_arn.rpartition("/")[2]
    fitting = _fitting(name)
    if not fitting:
        raise Invalid(f"{path}: table {name!r} is none of ours: {', '.join(t.name for t in TABLES)}, behind a prefix")
    return max(fitting, key=lambda table: len(table.name))


def _fitting(name: str) -> Sequence[Table]:
    return [table for table in TABLES if name.endswith(table.name)]


def _object(place: str, text: str, model: type[BaseModel]) -> dict[str, Any]:
    try:
        document = json.loads(text)
        model.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(f"{place}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (ValueError, RecursionError):
        raise Invalid(f"{place} is not JSON") from None
    assert isinstance(document, dict), "what a model accepts is an object"
    return document


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise Invalid(f"{path} cannot be read: {error}") from None
