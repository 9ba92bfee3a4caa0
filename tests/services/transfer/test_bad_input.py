"""Exports that are damaged, foreign or impossible: refused with the file and the line, before anything is written."""

import gzip
import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.transfer.batches import BATCH_ITEMS
from commercive_cli.services.transfer.preview import ImportPreviewService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, OPS
from tests.services.books import everything, rows
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
Change = Callable[[Lines], Lines]


def with_attribute(name: str, value: Any) -> Change:
    """Give the second line an attribute value as it stands."""

    def change(lines: Lines) -> Lines:
        document = json.loads(lines[1])
        document["Item"][name] = value
        return [lines[0], json.dumps(document).encode() + b"\n", *lines[2:]]

    return change


def with_line(line: bytes) -> Change:
    """Put something else in the place of the second line."""
    return lambda lines: [lines[0], line, *lines[2:]]


WRONG_LINES: dict[str, tuple[Change, str]] = {
    "cut short": (lambda lines: [lines[0], lines[1][:40]], "the line is cut short"),
    "no JSON": (with_line(b"{half\n"), "not JSON: key must be a string at column 2"),
    "something behind it": (
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
    "text that is none": (with_attribute("lead_name", {"S": 5}), "lead_name holds a malformed value of type S"),
    "number that is a float": (with_attribute("n", {"N": 12.5}), "n holds a malformed value of type N"),
    "number that is none": (with_attribute("n", {"N": "1_000"}), "n holds '1_000', which is no number"),
    "number without end": (with_attribute("n", {"N": "1E+999"}), "a number may have 38 digits"),
    "number of 39 digits": (with_attribute("n", {"N": "1" * 39}), "a number may have 38 digits"),
    "nested number that is none": (with_attribute("m", {"L": [{"M": {"n": {"N": "NaN"}}}]}), "n holds 'NaN'"),
    "unknown type": (with_attribute("tags", {"XS": ["a"]}), "attribute type XS is unknown"),
    "item over 400 KB": (with_attribute("lead_name", {"S": "x" * 410_000}), "the limit is 409,600"),
    "line without end": (with_attribute("lead_name", {"S": "x" * 9_000_000}), "longer than 8,388,608 bytes"),
    "20 digits of money": (with_attribute("commission_amount", {"N": "25.123456789012345678"}), "fractions of a cent"),
    "seconds": (with_attribute("updated_at", {"N": "1750000000"}), "updated_at is 1750000000; a time in whole mill"),
    "fractional time": (with_attribute("updated_at", {"N": "1750000000000.5"}), "a time in whole milliseconds"),
    "microseconds": (
        with_attribute("updated_at", {"N": "1732000000000000"}),
        "updated_at is 1732000000000000; a time in whole milliseconds, from 1973 to 6429, belongs there",
    ),
    "time without end": (with_attribute("reviewed_at", {"N": "9" * 38}), "from 1973 to 6429, belongs there"),
    "time that is a list": (with_attribute("updated_at", {"L": [{"S": "x" * 500}]}), "xx; a time in whole"),
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
def test_a_line_that_is_no_item_is_refused_by_file_and_line(wrong: str, export: Path, target: Store) -> None:
    """Even when the manifest agrees with the file, because a foreign program wrote both."""
    change, words = WRONG_LINES[wrong]
    path = rewrite(export, FILE, change, signed=True)
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops")

    assert str(refused.value).startswith(f"{path}, line 2: ")
    assert words in str(refused.value)


@pytest.mark.parametrize("wrong", WRONG_LINES)
def test_a_file_that_was_damaged_later_stops_the_import_before_the_first_write(
    wrong: str, export: Path, target: Store
) -> None:
    """The manifest's hash finds what happened to a file after the export, and nothing is written."""
    change, words = WRONG_LINES[wrong]
    path = rewrite(export, FILE, change, signed=False)
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops")

    assert f"{path}, line 2: " in str(refused.value)
    assert words in str(refused.value)
    assert not any(everything(target).values())


@pytest.mark.parametrize("amount", ["1E+30", "0.001", "12345678901234567890.123456789012345678"])
def test_a_sum_of_money_that_is_none_is_refused(amount: str, export: Path, target: Store) -> None:
    """Stats hold whole cents, whatever a foreign program's floats made of them."""
    changed = with_attribute("total_commission", {"N": amount})
    rewrite(export, "affiliate_stats/1.jsonl", lambda lines: changed([lines[0], *lines])[1:], signed=True)
    with pytest.raises(Invalid, match=r"line 1: total_commission is .*; USD with at most two decimals"):
        importer(target).run(export, "ops")


def test_the_last_time_that_an_id_can_follow_is_taken(export: Path, target: Store) -> None:
    """Where the limit lies, and that NULL is no matter where a value may be missing."""
    change = with_attribute("updated_at", {"N": str(2**47 - 1)})
    rewrite(export, FILE, change, signed=True)
    rewrite(export, FILE, with_attribute("admin_notes", {"NULL": True}), signed=True)
    importer(target).load(export)

    assert [None] == [lead["admin_notes"] for lead in rows(target, LEADS) if lead["updated_at"] == 2**47 - 1]


NOT_AS_EXPORTED: dict[str, tuple[Change, str]] = {
    "a line is gone": (lambda lines: lines[1:], "lines, its manifest says"),
    "a line came twice": (lambda lines: [lines[0], *lines], "lines, its manifest says"),
    "a digit changed": (lambda lines: [lines[0].replace(b"example.com", b"example.org"), *lines[1:]], "was changed"),
    "lines changed places": (lambda lines: lines[::-1], "was changed"),
}


@pytest.mark.parametrize("wrong", NOT_AS_EXPORTED)
def test_a_file_that_is_not_what_was_exported_is_refused(wrong: str, export: Path, target: Store) -> None:
    """Sound lines are not enough: they must be all those that the manifest counted, as they were."""
    change, words = NOT_AS_EXPORTED[wrong]
    path = rewrite(export, FILE, change, signed=False)
    with pytest.raises(Invalid, match=words) as refused:
        importer(target).run(export, "ops")

    assert str(path) in str(refused.value)
    assert not any(everything(target).values())


@pytest.mark.parametrize("full", [False, True])
def test_two_lines_with_one_key_are_refused_before_either_is_stored(full: bool, export: Path, target: Store) -> None:
    """Neither is silently dropped, whether the table was empty or not; the message names both lines."""
    if full:
        importer(target).load(export)
    before = rows(target, LEADS)
    path = rewrite(export, FILE, lambda lines: [*lines, lines[1].replace(b"example.com", b"example.org")], signed=True)
    last = len(path.read_bytes().splitlines())
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops", on_conflict="overwrite" if full else "fail")

    assert f"{path}, line {last}: the item has the same key as that of line 2" == str(refused.value)
    assert before == rows(target, LEADS)


def test_an_item_in_the_file_of_other_keys_is_refused(export: Path, source: Store, target: Store) -> None:
    """A file holds the keys of its part, so a key that is in two files is found, and neither item wins silently."""
    stray = (export / "leads/1.jsonl").read_bytes().splitlines(keepends=True)[0]
    path = rewrite(export, FILE, lambda lines: [*lines, stray.replace(b"example.com", b"example.org")], signed=True)
    last = len(path.read_bytes().splitlines())
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops")

    assert f"{path}, line {last}: by its lead_id the item belongs into leads/1.jsonl" == str(refused.value)
    assert [] == rows(target, LEADS)
    exported(source, export.with_name("packed"), compress=True)
    importer(target).run(export.with_name("packed"), "ops")


@pytest.mark.parametrize("name", [FILE, "leads/1.jsonl"])
def test_a_rehearsal_refuses_what_the_import_would_refuse(name: str, export: Path, target: Store) -> None:
    """Two lines of one key, and a line in a file of other keys, are found without a write, in the same words."""
    first = (export / FILE).read_bytes().splitlines(keepends=True)[0]
    rewrite(export, name, lambda lines: [*lines, first], signed=True)
    with pytest.raises(Invalid) as foreseen:
        ImportPreviewService(target).run(export)
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops")

    assert str(refused.value) == str(foreseen.value)


def test_two_lines_with_one_key_are_refused_across_batches(target: Store, tmp_path: Path) -> None:
    """In a sorted file the second follows the first, so it is found however long the file is."""
    with closing(sqlite_store(tmp_path / "many.db")) as many:
        many.batch_put(OPS, [{"pk": "many", "sk": f"{number:05}"} for number in range(BATCH_ITEMS)])
        (name,) = exported(many, tmp_path / "export")
    path = rewrite(tmp_path / "export", name, lambda lines: [*lines, lines[-1]], signed=True)
    with pytest.raises(Invalid) as refused:
        importer(target).run(tmp_path / "export", "ops")

    assert f"{path}, line 6001: the item has the same key as that of line 6000" == str(refused.value)


MANIFESTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "newer version": (lambda m: m.update(version=2), "the export has version 2, this program reads up to 1; upgrade"),
    "version as text": (lambda m: m.update(version="1"), 'version is "1"; a whole number from 1 belongs there'),
    "version 0": (lambda m: m.update(version=0), "version is 0; a whole"),
    "version below 0": (lambda m: m.update(version=-5), "version is -5; a whole"),
    "version that is true": (lambda m: m.update(version=True), "version is true; a whole"),
    "no version": (lambda m: m.pop("version"), "version is null; a whole"),
    "another format": (lambda m: m.update(format="tar"), "no manifest of an export"),
    "other keys": (lambda m: m["tables"].update(leads=["lead_id:S"]), "other table keys"),
    "no hashes": (lambda m: [f.pop("sha256") for f in m["files"]], "files.0.sha256"),
    "unknown table": (lambda m: m["files"][0].update(table="orders"), "there is no table 'orders'"),
    "missing file": (lambda m: m["files"][0].update(path="leads/9.jsonl"), "leads/9.jsonl cannot be read: No such"),
    "file elsewhere": (lambda m: m["files"][0].update(path="../../etc/passwd"), "not a file of this directory"),
    "file with a NUL": (lambda m: m["files"][0].update(path="leads/\0.jsonl"), "not a file of this directory"),
    "file that is a directory": (lambda m: m["files"][0].update(path="leads"), "leads cannot be read: Is a directory"),
    "no name of a file": (lambda m: m["files"][0].update(path=""), "cannot be read: Is a directory"),
    "name without end": (lambda m: m["files"][0].update(path="x" * 5_000), "cannot be read: File name too long"),
    "half a character": (lambda m: m["files"][0].update(path="\ud800"), "cannot be read: unexpected end of hex"),
    "items without end": (lambda m: m["files"][0].update(items=10**400), "files.0.items: Input should be less than"),
    "items below 0": (lambda m: m["files"][0].update(items=-1), "files.0.items: Input should be greater than"),
    "version without end": (
        lambda m: m.update(version=10**4_000),
        f"has version 1{'0' * 49}, this program reads up to",
    ),
    "table without end": (lambda m: m["files"][0].update(table="x" * 9_000), f"no table '{'x' * 100}'; known"),
    "file named twice": (
        lambda m: m["files"].append({**m["files"][0], "path": m["files"][0]["path"].replace("/", "//./")}),
        "is named 2 times by its manifest",
    ),
    "absolute file": (lambda m: m["files"][0].update(path="/etc/passwd"), "not a file of this directory"),
}


@pytest.mark.parametrize("wrong", MANIFESTS)
def test_a_manifest_that_cannot_be_trusted_is_refused(wrong: str, export: Path, target: Store) -> None:
    """What describes the files is checked before the files are."""
    change, words = MANIFESTS[wrong]
    edit_manifest(export, change)
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops")

    assert words in str(refused.value)
    assert not any(everything(target).values())


def test_a_directory_without_an_export_is_refused(tmp_path: Path, target: Store) -> None:
    """An unfinished export has no manifest, and is none."""
    with pytest.raises(Invalid, match=r"holds no manifest\.json; give the directory of a finished export"):
        importer(target).run(tmp_path, "ops")


@pytest.mark.parametrize("text", ['{"format": ', "[" * 100_000, "\0", "", '{"version": ' + "9" * 5_000 + "}"])
def test_a_manifest_that_is_no_json_is_refused(text: str, export: Path, target: Store) -> None:
    """A manifest that was cut short, or is something else, is named in one short line, without words about Python."""
    (export / "manifest.json").write_text(text)
    with pytest.raises(Invalid, match=r"manifest\.json cannot be read") as refused:
        importer(target).run(export, "ops")

    assert 1 == str(refused.value).count("manifest.json")
    assert len(str(refused.value)) < 300
    assert "sys." not in str(refused.value)


@pytest.mark.parametrize("name", ["manifest.json", FILE])
def test_a_pipe_is_not_waited_for(name: str, export: Path, target: Store) -> None:
    """What is named as a file must be one; reading anything else might never end."""
    (export / name).unlink()
    os.mkfifo(export / name)
    with pytest.raises(Invalid) as refused:
        importer(target).run(export, "ops")

    assert f"{export / name} cannot be read: it is no regular file" == str(refused.value)


@pytest.mark.parametrize("directory", ["x" * 300, "file/below", "loop/below"])
def test_a_path_where_there_can_be_no_export_is_refused(directory: str, tmp_path: Path, target: Store) -> None:
    """A name that is too long is a mistake of whoever typed it, not of the program."""
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
    """Whether it was cut short, overwritten or never packed."""
    exported(source, tmp_path / "packed", compress=True)
    path = tmp_path / "packed/leads/0.jsonl.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Invalid, match=r"line [0-9]+: ") as refused:
        importer(target).run(tmp_path / "packed", "ops")

    assert str(path) in str(refused.value)
    assert not any(everything(target).values())


def test_a_packed_file_with_a_wrong_line_is_refused_by_that_line(source: Store, target: Store, tmp_path: Path) -> None:
    """Lines are counted in the text, not in the packed bytes."""
    exported(source, tmp_path / "packed", compress=True)
    name = "leads/0.jsonl.gz"
    path = tmp_path / "packed" / name
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(with_line(b"?\n")(lines))))
    sign(tmp_path / "packed", name)
    with pytest.raises(Invalid, match="line 2: the line is not JSON"):
        importer(target).run(tmp_path / "packed", "ops")
