"""DynamoDB's own exports to S3, after they were downloaded: full exports in the format DYNAMODB_JSON."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted
from commercive_cli.services.transfer.durable_files import read_text
from commercive_cli.store.export_manifests import (
    FILES,
    SUMMARY,
    ExportSubject,
    check_count,
    exported_files,
    importable,
    subject_in,
)
from commercive_cli.store.schema import OPS, TABLES, Table


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
            raise second_export(path, other, "import them one after the other")
    return found


def second_export(path: Path, other: Path, remedy: str) -> Invalid:
    """Return the error for two exports of one table; it names the one that is no full export, if one is not."""
    for each in (path, other):
        try:
            _subject(each).check_full(str(each))
        except Invalid as incremental:
            return incremental
    return Invalid(f"{path} and {other} are exports of the same table; {remedy}")


def exported_tables(directory: Path) -> dict[Path, str]:
    """Return the paths of the export summaries in a directory, at any depth, with the name of the table of each."""
    return {path: _subject(path).table for path in sorted(directory.glob(f"**/{SUMMARY}"))}


def dynamodb_files(summary: Path, table: Table) -> list[DynamoDBExportFile]:
    """Return the data files that an export names; raise Invalid, naming file and line, when a manifest is damaged."""
    described, manifest = importable(str(summary), read_text(summary)), summary.with_name(FILES)
    files = list(exported_files(str(manifest), read_text(manifest)))
    check_count(str(summary), described, files)
    return [DynamoDBExportFile(table, _data_path(summary, each.key), each.items, each.md5) for each in files]


def _data_path(summary: Path, key: str) -> Path:
    if not key.isprintable() or not Path(key).name:
        raise Invalid(f"{summary.with_name(FILES)}: {quoted(key)} is not the key of a file")
    return summary.parent / "data" / Path(key).name


def _subject(summary: Path) -> ExportSubject:
    return subject_in(str(summary), read_text(summary))


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
