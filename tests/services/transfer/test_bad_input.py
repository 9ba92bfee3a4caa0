"""Exports that are damaged or impossible are refused with file and line; damage is found before the first write."""

import gzip
import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted
from commercive_cli.services.transfer.batches import BATCH_ITEMS
from commercive_cli.services.transfer.preview import ImportPreviewService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, OPS
from tests.services.raw_data import everything, rows
from tests.services.transfer.stores import (
    edit_manifest,
    exported,
    importer,
    rewrite,
    sign,
    sqlite_store,
)

FILE = "leads/0.jsonl"
Lines = list[bytes]
EditLines = Callable[[Lines], Lines]


def with_attribute(name: str, value: Any) -> EditLines:
    """Return an edit that gives the item in the second line an attribute, whose value is not encoded."""

    def edit(lines: Lines) -> Lines:
        document = json.loads(lines[1])
        document["Item"][name] = value
        return [lines[0], json.dumps(document).encode() + b"\n", *lines[2:]]

    return edit


def with_line(line: bytes) -> EditLines:
    """Return an edit that replaces the second line."""
    return lambda lines: [lines[0], line, *lines[2:]]


WRONG_LINES: dict[str, tuple[EditLines, str]] = {
    "truncated": (lambda lines: [lines[0], lines[1][:40]], "the line is truncated"),
    "no JSON": (with_line(b"{half\n"), "not JSON: key must be a string at column 2"),
    "more after the item": (
        lambda lines: [lines[0], lines[1][:-1] + b" {}\n", *lines[2:]],
        "not JSON: trailing characters",
    ),
    "no item": (with_line(b"[]\n"), "not of the form"),
    "a list of numbers": (with_line(b'{"Item":[1]}\n'), "not of the form"),
    "an empty list": (with_line(b'{"Item":[]}\n'), "not of the form"),
    "a number": (with_line(b'{"Item":5}\n'), "not of the form"),
    "a text": (with_line(b'{"Item":"x"}\n'), "not of the form"),
    "null": (with_line(b'{"Item":null}\n'), "not of the form"),
    "a list for a value": (with_line(b'{"Item":{"a":[]}}\n'), "not of the form"),
    "no type": (with_line(b'{"Item":{"a":{}}}\n'), "not of the form"),
    "no UTF-8": (with_line(b'{"Item":{"lead_id":{"S":"\xff"}}}\n'), "not JSON: invalid unicode code point"),
    "no attribute value": (with_attribute("lead_name", "Ana"), "not of the form"),
    "two types": (with_attribute("lead_name", {"S": "Ana", "N": "1"}), "not of the form"),
    "nested too deep": (
        with_line(b'{"Item":{"x":' + b'{"L":[' * 9_000 + b"]}" * 9_000 + b"}}\n"),
        "not JSON: recursion limit exceeded",
    ),
    "text that is a number": (with_attribute("lead_name", {"S": 5}), "lead_name holds a malformed value of type S"),
    "number that is a float": (with_attribute("n", {"N": 12.5}), "n holds a malformed value of type N"),
    "number that is not one": (with_attribute("n", {"N": "1_000"}), "n holds '1_000', which is not a number"),
    "number that is too large": (with_attribute("n", {"N": "1E+999"}), "a number may have 38 digits"),
    "number of 39 digits": (with_attribute("n", {"N": "1" * 39}), "a number may have 38 digits"),
    "nested number that is none": (with_attribute("m", {"L": [{"M": {"n": {"N": "NaN"}}}]}), "n holds 'NaN'"),
    "unknown type": (with_attribute("tags", {"XS": ["a"]}), "attribute type XS is unknown"),
    "item over 400 KB": (with_attribute("lead_name", {"S": "x" * 410_000}), "the limit is 409,600"),
    "line that is too long": (with_attribute("lead_name", {"S": "x" * 9_000_000}), "longer than 8,388,608 bytes"),
    "20 digits of money": (with_attribute("commission_amount", {"N": "25.123456789012345678"}), "fractions of a cent"),
    "seconds": (with_attribute("updated_at", {"N": "1750000000"}), "updated_at is 1750000000; it must be a time in"),
    "fractional time": (with_attribute("updated_at", {"N": "1750000000000.5"}), "a time in whole milliseconds"),
    "microseconds": (
        with_attribute("updated_at", {"N": "1732000000000000"}),
        "updated_at is 1732000000000000; it must be a time in whole milliseconds, from 1973 to 6429",
    ),
    "time that is too late": (with_attribute("reviewed_at", {"N": "9" * 38}), "; it must be a time in whole mill"),
    "time that is a list": (with_attribute("updated_at", {"L": [{"S": "x" * 500}]}), "xx; it must be a time in whole"),
    "null for a time": (with_attribute("updated_at", {"NULL": True}), "the item lacks updated_at"),
    "null for a status": (with_attribute("status", {"NULL": True}), "the item lacks status"),
    "no key": (with_attribute("lead_id", {"N": "1"}), "lead_id is a key"),
    "empty key": (with_attribute("lead_id", {"S": ""}), "lead_id is a key"),
    "key of 3,000 bytes": (with_attribute("lead_id", {"S": "y" * 3_000}), "the limit is 2,048"),
    "half a character": (
        with_line(b'{"Item":{"lead_id":{"S":"\\ud800"}}}\n'),
        "not JSON: unexpected end of hex escape",
    ),
    "no status": (lambda lines: [lines[0], lines[1].replace(b'"status"', b'"state"'), *lines[2:]], "lacks status"),
}


@pytest.mark.parametrize("wrong", WRONG_LINES)
def test_the_error_for_a_wrong_line_names_file_and_line(wrong: str, export: Path, target: Store) -> None:
    """A line that holds no item is refused even when the manifest agrees, as when another program wrote both."""
    edit, message = WRONG_LINES[wrong]
    path = rewrite(export, FILE, edit, signed=True)
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops")

    assert str(refused.value).startswith(f"{path}, line 2: ")
    assert message in str(refused.value)


@pytest.mark.parametrize("wrong", WRONG_LINES)
def test_a_damaged_file_stops_the_import_before_the_first_write(wrong: str, export: Path, target: Store) -> None:
    """A file that was damaged after the export has another hash than the manifest says, and nothing is written."""
    edit, message = WRONG_LINES[wrong]
    path = rewrite(export, FILE, edit, signed=False)
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops")

    assert f"{path}, line 2: " in str(refused.value)
    assert message in str(refused.value)
    assert not any(everything(target).values())


@pytest.mark.parametrize("amount", ["1E+30", "0.001", "12345678901234567890.123456789012345678"])
def test_a_wrong_sum_of_money_is_refused(amount: str, export: Path, target: Store) -> None:
    """Sums that are not whole cents, or are too large, are refused, as when another program computed with floats."""
    edit = with_attribute("total_commission", {"N": amount})
    rewrite(export, "affiliate_stats/1.jsonl", lambda lines: edit([lines[0], *lines])[1:], signed=True)
    with pytest.raises(Invalid, match=r"line 1: total_commission is .*; it must be USD with at most two decimals"):
        importer(target).run(export, "ops")


def test_the_latest_time_is_accepted(export: Path, target: Store) -> None:
    """The last time after which an id can still be made is accepted, and so is NULL for an optional attribute."""
    rewrite(export, FILE, with_attribute("updated_at", {"N": str(2**47 - 1)}), signed=True)
    rewrite(export, FILE, with_attribute("admin_notes", {"NULL": True}), signed=True)
    importer(target).import_files(export)

    assert [None] == [lead["admin_notes"] for lead in rows(target, LEADS) if lead["updated_at"] == 2**47 - 1]


NOT_AS_EXPORTED: dict[str, tuple[EditLines, str]] = {
    "a line is missing": (lambda lines: lines[1:], "lines, its manifest says"),
    "a line is there twice": (lambda lines: [lines[0], *lines], "lines, its manifest says"),
    "a digit changed": (lambda lines: [lines[0].replace(b"example.com", b"example.org"), *lines[1:]], "was changed"),
    "lines are in another order": (lambda lines: lines[::-1], "was changed"),
}


@pytest.mark.parametrize("wrong", NOT_AS_EXPORTED)
def test_a_file_that_was_changed_after_the_export_is_refused(wrong: str, export: Path, target: Store) -> None:
    """A file whose lines are valid but not the exported ones is refused, and nothing is written."""
    edit, message = NOT_AS_EXPORTED[wrong]
    path = rewrite(export, FILE, edit, signed=False)
    with pytest.raises(Invalid, match=message) as refused:
        importer(target).run(export, "ops")

    assert str(path) in str(refused.value)
    assert not any(everything(target).values())


@pytest.mark.parametrize("full", [False, True])
def test_two_lines_with_one_key_are_refused_before_either_is_stored(full: bool, export: Path, target: Store) -> None:
    """Two lines with the same key are an error that names both lines, whether the table was empty or not."""
    if full:
        importer(target).import_files(export)
    before = rows(target, LEADS)
    path = rewrite(export, FILE, lambda lines: [*lines, lines[1].replace(b"example.com", b"example.org")], signed=True)
    last = len(path.read_bytes().splitlines())
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops", on_conflict="overwrite" if full else "fail")

    assert f"{path}, line {last}: the item has the same key as that of line 2" == str(refused.value)
    assert before == rows(target, LEADS)


def test_an_item_in_the_file_of_other_keys_is_refused(export: Path, source: Store, target: Store) -> None:
    """An item in a file to which its key does not belong is refused, so a key cannot be in two files."""
    stray = (export / "leads/1.jsonl").read_bytes().splitlines(keepends=True)[0]
    path = rewrite(export, FILE, lambda lines: [*lines, stray.replace(b"example.com", b"example.org")], signed=True)
    last = len(path.read_bytes().splitlines())
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops")

    assert f"{path}, line {last}: because of its lead_id the item belongs in leads/1.jsonl" == str(refused.value)
    assert [] == rows(target, LEADS)
    exported(source, export.with_name("packed"), compress=True)
    importer(target).run(export.with_name("packed"), "ops")


@pytest.mark.parametrize("name", [FILE, "leads/1.jsonl"])
def test_a_preview_refuses_what_the_import_would_refuse(name: str, export: Path, target: Store) -> None:
    """Two lines with the same key, and a line in the wrong file, are found by a preview, with the same error."""
    first = (export / FILE).read_bytes().splitlines(keepends=True)[0]
    rewrite(export, name, lambda lines: [*lines, first], signed=True)
    with pytest.raises(Invalid) as previewed:
        ImportPreviewService(target).run(export)
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops")

    assert str(refused.value) == str(previewed.value)


def test_two_lines_with_one_key_are_refused_across_batches(target: Store, tmp_path: Path) -> None:
    """In a sorted file, two lines with the same key are found anywhere."""
    with closing(sqlite_store(tmp_path / "many.db")) as many:
        many.batch_put(OPS, [{"pk": "many", "sk": f"{number:05}"} for number in range(BATCH_ITEMS)])
        (name,) = exported(many, tmp_path / "export")
    path = rewrite(tmp_path / "export", name, lambda lines: [*lines, lines[-1]], signed=True)
    with pytest.raises(Invalid) as refused:
        importer(target).run(tmp_path / "export", "ops")

    assert f"{path}, line 6001: the item has the same key as that of line 6000" == str(refused.value)


MANIFESTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "newer version": (lambda m: m.update(version=2), "the export has version 2, this program reads up to 1; upgrade"),
    "version as text": (lambda m: m.update(version="1"), 'version is "1"; it must be a whole number from 1'),
    "version 0": (lambda m: m.update(version=0), "version is 0; it must"),
    "version below 0": (lambda m: m.update(version=-5), "version is -5; it must"),
    "version that is true": (lambda m: m.update(version=True), "version is true; it must"),
    "no version": (lambda m: m.pop("version"), "version is null; it must"),
    "another format": (lambda m: m.update(format="tar"), "is not the manifest of an export"),
    "other keys": (lambda m: m["tables"].update(leads=["lead_id:S"]), "other table keys"),
    "no hashes": (lambda m: [f.pop("sha256") for f in m["files"]], "files.0.sha256"),
    "unknown table": (lambda m: m["files"][0].update(table="orders"), "there is no table 'orders'"),
    "missing file": (lambda m: m["files"][0].update(path="leads/9.jsonl"), "leads/9.jsonl cannot be read: No such"),
    "file in another directory": (
        lambda m: m["files"][0].update(path="../../etc/passwd"),
        "not a file of this directory",
    ),
    "file with a NUL": (lambda m: m["files"][0].update(path="leads/\0.jsonl"), "not a file of this directory"),
    "file that is a directory": (lambda m: m["files"][0].update(path="leads"), "leads cannot be read: Is a directory"),
    "empty name": (lambda m: m["files"][0].update(path=""), "cannot be read: Is a directory"),
    "name that is too long": (lambda m: m["files"][0].update(path="x" * 5_000), "cannot be read: File name too long"),
    "half a character": (lambda m: m["files"][0].update(path="\ud800"), "cannot be read: unexpected end of hex"),
    "too many items": (lambda m: m["files"][0].update(items=10**400), "files.0.items: Input should be less than"),
    "items below 0": (lambda m: m["files"][0].update(items=-1), "files.0.items: Input should be greater than"),
    "version that is too large": (
        lambda m: m.update(version=10**4_000),
        f"has version 1{'0' * 49}, this program reads up to",
    ),
    "table that is too long": (
        lambda m: m["files"][0].update(table="x" * 9_000),
        f"no table {quoted('x' * 9_000)}; known",
    ),
    "file named twice": (
        lambda m: m["files"].append({**m["files"][0], "path": m["files"][0]["path"].replace("/", "//./")}),
        "is named 2 times by its manifest",
    ),
    "absolute file": (lambda m: m["files"][0].update(path="/etc/passwd"), "not a file of this directory"),
}


@pytest.mark.parametrize("wrong", MANIFESTS)
def test_a_wrong_manifest_is_refused(wrong: str, export: Path, target: Store) -> None:
    """A manifest with wrong, missing or dangerous values is refused, and nothing is written."""
    edit, message = MANIFESTS[wrong]
    edit_manifest(export, edit)
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops")

    assert message in str(refused.value)
    assert not any(everything(target).values())


def test_a_directory_without_an_export_is_refused(tmp_path: Path, target: Store) -> None:
    """A directory without a manifest, such as that of an unfinished export, cannot be imported."""
    with pytest.raises(Invalid, match=r"holds no manifest\.json; give the directory of a finished export"):
        importer(target).run(tmp_path, "ops")


@pytest.mark.parametrize("text", ['{"format": ', "[" * 100_000, "\0", "", '{"version": ' + "9" * 5_000 + "}"])
def test_a_manifest_that_is_not_json_is_refused(text: str, export: Path, target: Store) -> None:
    """A manifest that is truncated or not JSON is an error of one short line, without details of Python."""
    (export / "manifest.json").write_text(text)
    with pytest.raises(Invalid, match=r"manifest\.json cannot be read") as refused:
        importer(target).run(export, "ops")

    assert 1 == str(refused.value).count("manifest.json")
    assert len(str(refused.value)) < 300
    assert "sys." not in str(refused.value)


@pytest.mark.parametrize("name", ["manifest.json", FILE])
def test_a_pipe_is_not_waited_for(name: str, export: Path, target: Store) -> None:
    """A pipe in place of a file is refused, since reading it might never end."""
    (export / name).unlink()
    os.mkfifo(export / name)
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops")

    assert f"{export / name} cannot be read: it is not a regular file" == str(refused.value)


@pytest.mark.parametrize("directory", ["x" * 300, "file/below", "loop/below"])
def test_an_impossible_path_is_refused(directory: str, tmp_path: Path, target: Store) -> None:
    """A path that is too long, below a file, or in a loop of links is invalid input and no internal error."""
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(Invalid, match=r"File name too long|holds no manifest\.json|Too many levels"):
        importer(target).run(tmp_path / directory, "ops")


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-20], lambda raw: raw[:50] + b"\0\0\0\0" + raw[54:], lambda _raw: b"no gzip"]
)
def test_a_packed_file_that_cannot_be_unpacked_is_refused(
    damage: Callable[[bytes], bytes], source: Store, target: Store, tmp_path: Path
) -> None:
    """A .gz file that is truncated, overwritten or not compressed is refused, and nothing is written."""
    exported(source, tmp_path / "packed", compress=True)
    path = tmp_path / "packed/leads/0.jsonl.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Invalid, match=r"line [0-9]+: ") as refused:
        importer(target).run(tmp_path / "packed", "ops")

    assert str(path) in str(refused.value)
    assert not any(everything(target).values())


def test_a_wrong_line_of_a_packed_file_is_named(source: Store, target: Store, tmp_path: Path) -> None:
    """In a compressed file, the error names the line of the uncompressed text."""
    exported(source, tmp_path / "packed", compress=True)
    name = "leads/0.jsonl.gz"
    path = tmp_path / "packed" / name
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(with_line(b"?\n")(lines))))
    sign(tmp_path / "packed", name)
    with pytest.raises(Invalid, match="line 2: the line is not JSON"):
        importer(target).run(tmp_path / "packed", "ops")
