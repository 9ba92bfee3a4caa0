"""Imports of DynamoDB's own exports: gzip files of DYNAMODB_JSON with two manifests, as they are in S3."""

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.items import Item, OtherValue, encode_item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, TABLES, Table
from tests.services.raw_data import everything, rows
from tests.services.transfer.stores import findings_of, importer


def dynamodb_export(
    root: Path, table: Table, items: list[Item], *, prefix: str = "commercive_", files: int = 3
) -> Path:
    """Write a table as DynamoDB's ExportTableToPointInTime does; return the directory of its manifests.

    Source: DynamoDB Developer Guide, "DynamoDB table export output format". Items and attributes are in no order.
    """
    name = f"01693685827463-{crc32(table.name.encode()):08x}"
    directory = root / "AWSDynamoDB" / name
    (directory / "data").mkdir(parents=True)
    (directory / "_started").touch()
    entries = [_data_file(directory, f"AWSDynamoDB/{name}", n, items[n::files]) for n in range(files)]
    (directory / "manifest-files.json").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    (directory / "manifest-summary.json").write_text(json.dumps(_summary(prefix + table.name, name, len(items))))
    for manifest in ("manifest-files", "manifest-summary"):
        md5 = hashlib.md5((directory / f"{manifest}.json").read_bytes(), usedforsecurity=False).digest()
        (directory / f"{manifest}.checksum").write_text(base64.b64encode(md5).decode())
    return directory


def _data_file(directory: Path, key: str, number: int, items: list[Item]) -> dict[str, Any]:
    name = f"{number}mv7ujcszq7cfxkrcqx4qfvhpu.json.gz"
    encoded = ({"Item": encode_item(dict(reversed(item.items())))} for item in reversed(items))
    lines = (json.dumps(each, default=lambda value: base64.b64encode(value).decode()) + "\n" for each in encoded)
    packed = gzip.compress("".join(lines).encode())
    (directory / "data" / name).write_bytes(packed)
    md5 = hashlib.md5(packed, usedforsecurity=False)
    return {
        "itemCount": len(items),
        "md5Checksum": base64.b64encode(md5.digest()).decode(),
        "etag": f"{md5.hexdigest()}-1",
        "dataFileS3Key": f"{key}/data/{name}",
    }


def _summary(table: str, name: str, items: int) -> dict[str, Any]:
    arn = f"arn:aws:dynamodb:eu-west-1:123456789012:table/{table}"
    return {
        "version": "2020-06-30",
        "exportArn": f"{arn}/export/{name}",
        "startTime": "2026-11-22T20:40:27.463Z",
        "endTime": "2026-11-22T20:44:00.000Z",
        "tableArn": arn,
        "tableId": "12345a12-abcd-123a-ab12-1234abc12345",
        "exportTime": "2026-11-22T20:40:27.463Z",
        "s3Bucket": "bucket",
        "s3Prefix": None,
        "s3SseAlgorithm": "AES256",
        "s3SseKmsKeyId": None,
        "manifestFilesS3Key": f"AWSDynamoDB/{name}/manifest-files.json",
        "billedSizeBytes": 12_345,
        "itemCount": items,
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT",
    }


@pytest.fixture
def download(source: Store, tmp_path: Path) -> Path:
    """Return a directory with the exports of all six tables, as `aws s3 sync` downloads them."""
    for table in TABLES:
        dynamodb_export(tmp_path / "s3", table, rows(source, table))
    return tmp_path / "s3"


@pytest.fixture
def leads(source: Store, tmp_path: Path) -> Path:
    """Return the directory of one table's export."""
    return dynamodb_export(tmp_path / "one", LEADS, rows(source, LEADS))


def test_exports_of_all_tables_are_imported_together(download: Path, source: Store, target: Store) -> None:
    """The store holds the same items as the exported tables, and the audit finds nothing."""
    imported = importer(target).run(download, "ops")

    assert everything(source) == everything(target)
    assert findings_of(imported) == []


def test_the_export_of_one_table_is_imported_from_its_directory(leads: Path, source: Store, target: Store) -> None:
    """The export of a single table can be imported from its own directory; the audit then says what is missing."""
    imported = importer(target).run(leads, "ops")

    assert rows(source, LEADS) == rows(target, LEADS)
    assert {"stats"} <= {finding.invariant for finding in findings_of(imported)}


def edited(name: str, change: Callable[[Any], object]) -> Callable[[Path], object]:
    """Return a function that changes the JSON document in the first line of a manifest of an export's directory."""

    def edit(directory: Path) -> None:
        first, *rest = (directory / name).read_text().splitlines(keepends=True)
        document = json.loads(first)
        change(document)
        (directory / name).write_text("".join([json.dumps(document) + "\n", *rest]))

    return edit


SUMMARY, FILES = "manifest-summary.json", "manifest-files.json"
WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "Amazon Ion": (edited(SUMMARY, lambda d: d.update(outputFormat="ION")), "only DYNAMODB_JSON can be imported"),
    "incremental": (
        edited(SUMMARY, lambda d: d.update(exportType="INCREMENTAL_EXPORT", outputView="NEW_IMAGE")),
        "exportType is INCREMENTAL_EXPORT, NEW_IMAGE: it holds changes, and no whole table; only a FULL_EXPORT",
    ),
    "another table": (edited(SUMMARY, lambda d: d.update(tableArn="arn:aws:x:table/orders")), "not one of ours"),
    "count": (edited(SUMMARY, lambda d: d.update(itemCount=1)), "itemCount is 1, the files of manifest-files.json"),
    "no table": (edited(SUMMARY, lambda d: d.pop("tableArn")), "tableArn: Field required"),
    "no checksum": (edited(FILES, lambda d: d.pop("md5Checksum")), "manifest-files.json, line 1: md5Checksum"),
    "wrong checksum": (edited(FILES, lambda d: d.update(md5Checksum="sQMSpEILNgoQmarvDFonGQ==")), "was changed"),
    "no list of files": (lambda d: (d / FILES).unlink(), "manifest-files.json cannot be read"),
    "no JSON": (lambda d: (d / FILES).write_text("?\n"), "manifest-files.json, line 1 is not JSON"),
    "nested too deep": (lambda d: (d / FILES).write_text("[" * 100_000), "line 1 is not JSON"),
    "NUL in a key": (edited(FILES, lambda d: d.update(dataFileS3Key="data/\0.gz")), "is not the key of a file"),
    "no key": (edited(FILES, lambda d: d.update(dataFileS3Key="")), "is not the key of a file"),
    "a list": (lambda d: (d / FILES).write_text("[]\n"), "json, line 1: expected an object, found []"),
    "a list for a summary": (lambda d: (d / SUMMARY).write_text("[]"), "json: expected an object"),
    "too many items": (edited(SUMMARY, lambda d: d.update(itemCount=10**400)), "itemCount: Input should be less"),
    "5,000 digits": (lambda d: (d / FILES).write_text("9" * 5_000), "manifest-files.json, line 1 is not JSON"),
    "workshops": (
        edited(SUMMARY, lambda d: d.update(tableArn="arn:aws:x:table/workshops")),
        "'workshops' is not one of",
    ),
    "laptops": (
        edited(SUMMARY, lambda d: d.update(tableArn="arn:aws:x:table/prod-laptops")),
        "is accepted only when another exported table has it too",
    ),
    "summary nested too deep": (lambda d: (d / SUMMARY).write_text("[" * 100_000), "json is not JSON"),
    "missing file": (lambda d: next((d / "data").iterdir()).unlink(), "No such file"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_damaged_export_is_refused(wrong: str, leads: Path, target: Store) -> None:
    """The error names the file, and the line if there is one; nothing is written."""
    damage, message = WRONG[wrong]
    damage(leads)
    with pytest.raises(Invalid) as refused:
        importer(target).run(leads, "ops")

    assert message in str(refused.value)
    assert not any(everything(target).values())


@pytest.mark.parametrize("prefix", ["", "commercive_", "prod-", "prod.", "prod"])
def test_tables_may_have_any_common_prefix(prefix: str, source: Store, target: Store, tmp_path: Path) -> None:
    """With `prodmessages` exported too, `prodops` is the table `ops` with the prefix `prod`."""
    for table in TABLES:
        dynamodb_export(tmp_path, table, rows(source, table), prefix=prefix)
    importer(target).import_files(tmp_path)

    assert everything(source) == everything(target)


def test_two_exports_of_one_table_are_not_mixed(leads: Path, source: Store, target: Store, tmp_path: Path) -> None:
    """A directory with two exports of the same table is refused, since nobody said which to import."""
    dynamodb_export(tmp_path / "one/later", LEADS, rows(source, LEADS)[1:])
    with pytest.raises(Invalid, match="are exports of the same table"):
        importer(target).run(tmp_path / "one", "ops")

    assert leads.exists()
    assert not any(everything(target).values())


def test_an_incremental_export_beside_a_full_one_is_named(
    leads: Path, source: Store, target: Store, tmp_path: Path
) -> None:
    """That one is in the way, and not that there are two: it holds no table that could be imported."""
    later = dynamodb_export(tmp_path / "one/later", LEADS, rows(source, LEADS)[1:])
    span = {"exportFromTime": "2026-11-27T17:00:00Z", "exportToTime": "2026-11-28T04:00:00Z"}
    edited(SUMMARY, lambda d: d.update(exportType="INCREMENTAL_EXPORT", **span))(later)
    with pytest.raises(
        Invalid, match=r"later.*exportType is INCREMENTAL_EXPORT from 2026-11-27T17:00:00Z to 2026-11-28"
    ):
        importer(target).run(tmp_path / "one", "ops")

    assert leads.exists()
    assert not any(everything(target).values())


def test_sets_and_bytes_are_imported_as_they_are(source: Store, target: Store, tmp_path: Path) -> None:
    """Attributes of types that this program makes no use of pass through, byte by byte."""
    place = dynamodb_export(tmp_path, LEADS, rows(source, LEADS)[:3], files=1)
    data = next((place / "data").iterdir())
    lines = gzip.decompress(data.read_bytes()).splitlines(keepends=True)
    lines[2] = lines[2].replace(b'{"Item": {', b'{"Item": {"raw": {"B": "AAEC"}, ')
    data.write_bytes(gzip.compress(b"".join(lines)))
    md5 = base64.b64encode(hashlib.md5(data.read_bytes(), usedforsecurity=False).digest()).decode()
    edited(FILES, lambda entry: entry.update(md5Checksum=md5))(place)
    importer(target).run(place, "ops")

    assert [OtherValue("B", (b"\x00\x01\x02",))] == [row["raw"] for row in rows(target, LEADS) if "raw" in row]
