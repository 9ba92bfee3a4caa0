"""`commercive tables adopt` and `tables mend --quarantine`, as whoever switches over uses them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.conftest import Run
from tests.engines.dynamodb.legacy import legacy_tables
from tests.services.adopt.old_backend import old_backend

MESSY = old_backend(5, messy=True)


@pytest.fixture
def export(tmp_path: Path) -> str:
    return str(MESSY.export(tmp_path / "export"))


@pytest.fixture
def clean(tmp_path: Path) -> str:
    return str(old_backend(3).export(tmp_path / "clean"))


@pytest.fixture
def live(real_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The same data as live tables; a store URL that reads them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    prefix = f"old-{uuid4().hex[:8]}_"
    with legacy_tables(real_endpoint, prefix, MESSY.tables_by_name):
        yield f"dynamodb://eu-west-1?prefix={prefix}&endpoint={real_endpoint}"


def test_a_rehearsal_lists_all_problems(store: Run, export: str, home: Path) -> None:
    """Every kind with its count, examples and what is done about it; exit 3; nothing is written, no file is made."""
    told = store("tables", "adopt", export, "--dry-run", "--quarantine", str(home / "aside.jsonl"))
    shown = store("tables", "adopt", export, "--dry-run", "-o", "json")
    counted = sum(each["count"] for each in shown.json["problems"] if each["kind"] == "quarantine")

    assert (3, 3) == (told.code, shown.code)
    assert shown.json["in_quarantine"] == counted > 0
    for each in shown.json["problems"]:
        assert f"{each['count']} {each['table']} {each['kind']}: {each['done']}; {each['examples'][0]}" in told.err
    assert "dry run: nothing was written" in told.err
    assert not (home / "aside.jsonl").exists()
    assert [] == store("chat", "list", "-o", "json").json["conversations"]


def test_clean_data_is_complete(store: Run, clean: str) -> None:
    """Exit 0, every figure balances, the audit finds nothing, and another run brings nothing."""
    first, again = store("tables", "adopt", clean, "-o", "json"), store("tables", "adopt", clean, "-o", "json")

    assert (0, 0) == (first.code, again.code)
    assert all(each["balanced"] for each in [*first.json["reconciliation"], *again.json["reconciliation"]])
    assert 0 == sum(each["brought"] + each["changed"] + each["made"] for each in again.json["tables"])
    assert 0 == store("tables", "audit").code
    assert "skipped: commercive_affiliate_orders, commercive_user_preferences" in first.err


def test_both_sides_are_told_in_a_pipe_too(store: Run, export: str) -> None:
    """Where only the tables' rows go to stdout, every figure of both sides stands on stderr, with what explains it."""
    told = store("tables", "adopt", export, "--final")
    figures = store("tables", "adopt", export, "--final", "-o", "json").json["reconciliation"]
    differing = [each for each in figures if each["put_aside"]]

    assert differing
    assert 11 == len(figures) == len([line for line in told.err.splitlines() if " there, " in line])
    for each in differing:
        assert re.search(rf"{re.escape(each['figure'])}: \S+ there, \S+ put aside.*, \S+ here$", told.err, re.MULTILINE)


def test_what_is_in_quarantine_is_completed_by_commands(store: Run, export: str, home: Path) -> None:
    """Exit 7 until each line of the file is completed; then exit 0, and the audit finds nothing."""
    path = home / "aside.jsonl"
    first = store("tables", "adopt", export, "--quarantine", str(path))
    for line in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        name, item = line["table"], line["Item"]
        key = {"chat_conversations": "conversation_id", "chat_messages": "message_id", "leads": "lead_id"}[name]
        completed = {
            "chat_conversations": ["--set", "user_id=user-1", "--set", "created_at:=1749000000000"],
            "chat_messages": [],
            "leads": [
                *("--set", "affiliate_id=AFF-MENDED01", "--set", "created_at:=1749000000000"),
                *("--set", "status=pending", "--remove", "commission_amount"),
            ],
        }[name]
        if name == "chat_messages" and "comes with it" not in line["reason"]:
            some = MESSY.tables_by_name["chat_conversations"][0]["conversation_id"]
            completed = ["--set", f"conversation_id={some}"]
        if completed:
            ran = store("tables", "mend", name, item[key]["S"], "--quarantine", str(path), *completed)
            assert 0 == ran.code, ran.err
    again = store("tables", "adopt", export, "--quarantine", str(path), "-o", "json")

    assert (7, 0) == (first.code, again.code), again.err
    assert f"items are in quarantine; complete them in {path}, and run the command again" in first.err
    assert 0 == again.json["in_quarantine"]
    assert 0 == store("tables", "audit").code


def test_live_tables_are_adopted_like_their_export(store: Run, live: str, export: str, home: Path) -> None:
    """A store URL is read, slowly or consistently, and brings what the export of the same tables brings."""
    slow = store("tables", "adopt", live, "--read-units", "500", "-o", "json")
    final = store("tables", "adopt", live, "--final", "-o", "json")
    other = f"sqlite:///{home}/other.db"
    store("--store", other, "tables", "create")
    exported = store("--store", other, "tables", "adopt", export, "-o", "json")

    assert (7, 7, 7) == (slow.code, final.code, exported.code)
    assert (False, True) == (slow.json["final"], final.json["final"])
    assert [t["brought"] for t in exported.json["tables"]] == [t["brought"] for t in slow.json["tables"]]
    assert exported.json["reconciliation"] == final.json["reconciliation"] == slow.json["reconciliation"]
    assert 0 == store("tables", "audit").code


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("nowhere", 2, "nowhere is no directory"),
        ("x" * 300, 2, "cannot be read: File name too long"),
        ("{loop}", 2, "cannot be read: Too many levels of symbolic links"),
        ("{empty}", 78, "there are no tables of the former backend"),
        ("sqlite:///old.db", 2, "SOURCE must be dynamodb://REGION?prefix=commercive_ or a directory with exports"),
        ("dynamodb://", 2, "must name a region"),
        ("{clean} --read-units 5", 2, "an export has none"),
        ("{clean} --read-units 0", 2, "--read-units"),
        ("{clean} --quarantine {clean}", 2, "cannot be read"),
    ],
)
def test_wrong_sources_are_refused(store: Run, clean: str, tmp_path: Path, line: str, code: int, words: str) -> None:
    """Each in one clear line, with the exit code of its kind."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    ran = store("tables", "adopt", *line.format(clean=clean, empty=tmp_path / "empty", loop=tmp_path / "loop").split())

    assert code == ran.code
    assert words in ran.err
    assert 1 == ran.err.count("\n")


def test_tables_must_be_made_first(run: Run, clean: str) -> None:
    """Without tables, the way to get them is told."""
    ran = run("tables", "adopt", clean)

    assert 78 == ran.code
    assert "commercive tables create" in ran.err


def test_a_quarantine_file_is_changed_and_no_table(store: Run, export: str, home: Path) -> None:
    """`tables mend --quarantine` takes no option that is about tables, and needs none of them."""
    path = str(home / "aside.jsonl")
    store("tables", "adopt", export, "--quarantine", path)
    refused = store("tables", "mend", "leads", "LEAD-NOTHING", "--quarantine", path, "--remove", "x", "--dry-run")
    missing = store("tables", "mend", "leads", "nope", "--quarantine", path, "--remove", "x")

    assert (2, 5) == (refused.code, missing.code)
    assert "no table is changed" in refused.err
