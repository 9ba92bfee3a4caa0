"""`commercive tables diff, apply, backup, backups, restore and template`, as operators use them."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run

DROPPED = 'DROP INDEX "commercive_leads.LeadStatusIndex"'


def change(home: Path, statement: str) -> None:
    """Change the store's file without the program."""
    with closing(sqlite3.connect(home / "store.db")) as file, file:
        file.execute(statement)


def test_no_drift_is_exit_code_0(store: Run) -> None:
    """And an empty list."""
    ran = store("tables", "diff", "-o", "json")

    assert (0, []) == (ran.code, ran.json["differences"])


def test_drift_is_listed_for_people_and_machines(store: Run, home: Path) -> None:
    """One line for each difference, with the declared value, the actual value and the remedy; exit code 3."""
    change(home, DROPPED)
    ran = store("tables", "diff")

    assert 3 == ran.code
    assert "index LeadStatusIndex\tstatus S, created_at N, ALL\tmissing\ttrue\tcreate index LeadStatusIndex" in ran.out
    assert "1 differences; 1 of them `commercive tables apply` can fix" in ran.err
    assert ["commercive_leads"] == store("tables", "diff", "-o", "ids").ids


def test_before_create_everything_is_missing(run: Run) -> None:
    """Diff says so, and apply creates the tables."""
    assert 3 == run("tables", "diff").code
    assert 0 == run("tables", "apply", "--yes").code
    assert 0 == run("tables", "diff").code


def test_a_dry_apply_changes_nothing(store: Run, home: Path) -> None:
    """--dry-run shows each change of each table."""
    change(home, DROPPED)
    ran = store("tables", "apply", "--dry-run", "-o", "json")

    assert [("create index LeadStatusIndex", "commercive_leads")] == [
        (each["action"], each["table"]) for each in ran.json["changes"]
    ]
    assert (0, 3) == (ran.code, store("tables", "diff").code)


def test_apply_with_nothing_to_do_does_not_ask(store: Run) -> None:
    """A scheduled run needs no --yes as long as there is no drift."""
    assert 0 == store("tables", "apply").code


def test_what_cannot_be_fixed_in_place_is_left_with_exit_code_3(store: Run, home: Path) -> None:
    """A missing column: the remedy is printed, and nothing is changed."""
    change(home, "ALTER TABLE commercive_affiliate_stats DROP COLUMN _item")
    ran = store("tables", "apply")

    assert 3 == ran.code
    assert "commercive_affiliate_stats: columns: missing; columns cannot change in place" in ran.err
    assert "tables export DIR" in ran.err


def make_foreign(home: Path) -> None:
    """Put a table with another key in the place of the stats."""
    change(home, "DROP TABLE commercive_affiliate_stats")
    change(
        home,
        "CREATE TABLE commercive_affiliate_stats "
        "(_slot INTEGER NOT NULL, stats_id TEXT NOT NULL, _item TEXT NOT NULL, PRIMARY KEY (_slot, stats_id))",
    )


def test_beside_a_table_that_is_not_ours_nothing_is_applied(store: Run, home: Path) -> None:
    """Asked or not, rehearsed or not: exit 6, and what could be mended in the other tables stays as it is."""
    change(home, DROPPED)
    make_foreign(home)
    refused = [store("tables", *line) for line in (["apply"], ["apply", "--yes"], ["apply", "--dry-run"], ["create"])]
    drift = store("tables", "diff", "-o", "json")

    told = "commercive_affiliate_stats is not our table (its key is stats_id S, ours affiliate_id S)"
    assert [(6, "", True)] * 4 == [(ran.code, ran.out, told in ran.err) for ran in refused]
    assert (3, ["index LeadStatusIndex", "not our table"]) == (
        drift.code,
        [each["what"] for each in drift.json["differences"]],
    )


def test_a_table_that_is_not_ours_survives_deletion(store: Run, home: Path) -> None:
    """It is listed as foreign, and as an id for another program it is not named."""
    make_foreign(home)
    listed, ids = store("tables", "list", "-o", "json").json["tables"], store("tables", "list", "-o", "ids").ids
    deleted = store("tables", "delete", "--confirm", "commercive_", "-o", "json")

    assert ["commercive_affiliate_stats"] == [each["table"] for each in listed if each["state"] == "foreign"]
    assert "commercive_affiliate_stats" not in ids
    assert 5 == len(ids)
    assert (0, True) == (deleted.code, "commercive_affiliate_stats is not our table and was left alone" in deleted.err)
    assert {"deleted": 5, "foreign": 1} == Counter(each["state"] for each in deleted.json["tables"])
    with closing(sqlite3.connect(home / "store.db")) as file:
        assert [("commercive_affiliate_stats",)] == file.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'commercive%'"
        ).fetchall()


def test_a_read_only_profile_compares_and_applies_nothing(store: Run, home: Path) -> None:
    """Diff is a read; apply, backup and restore are refused with exit code 4."""
    change(home, DROPPED)
    (home / "config.toml").write_text(f'[profiles.ro]\nread_only = true\nstore = "sqlite:///{home}/store.db"\n')

    assert 3 == store("--profile", "ro", "tables", "diff").code
    for line in (["apply", "--yes"], ["backup"], ["restore", "x", "--to", "y"]):
        assert 4 == store("--profile", "ro", "tables", *line).code
    assert [] == list(home.glob("*.backup"))


def test_a_backup_is_made_listed_and_restored(store: Run, home: Path, conversation: Make) -> None:
    """To a new file, with an audit at the end."""
    one = conversation()
    name = store("tables", "backup", "--name", str(home / "mine.backup"), "-o", "ids").out.strip()
    restored = store("tables", "restore", name, "--to", str(home / "new.db"), "-o", "json")

    assert (0, []) == (restored.code, restored.json["audit"]["findings"])
    assert f"audit of sqlite {home}/new.db: 0 broken, 0 not repaired" in restored.err
    assert [one] == store("--store", f"sqlite:///{home}/new.db", "chat", "list", "-o", "ids").ids


def test_a_restore_that_finds_broken_books_exits_3(store: Run, home: Path, conversation: Make) -> None:
    """The error names the command that repairs them; with --fix, the restore repairs them."""
    conversation()
    change(home, 'UPDATE commercive_conversations SET _item = replace(_item, \'admin":{"N":"1"\', \'admin":{"N":"7"\')')
    name = store("tables", "backup", "-o", "ids").out.strip()
    found = store("tables", "restore", name, "--to", str(home / "a.db"))
    fixed = store("tables", "restore", name, "--to", str(home / "b.db"), "--fix")

    assert (3, True) == (found.code, "tables audit --fix" in found.err)
    assert (0, True) == (fixed.code, "1 broken, 0 not repaired" in fixed.err)


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (["restore", "x"], 2, "--to"),
        (["restore", "--to", "new.db"], 2, "exactly one"),
        (["restore", "x", "--at", "1h", "--to", "new.db"], 2, "exactly one"),
        (["restore", "--at", "1h", "--to", "new.db"], 2, "no point-in-time recovery"),
        (["restore", "--at", "soon", "--to", "new.db"], 2, "--at 'soon' is not a time"),
        (["restore", "nothing.backup", "--to", "new.db"], 5, "there is no backup nothing.backup"),
        (["export", "--s3", "s3://bucket/daily"], 2, "only DynamoDB has exports to S3"),
        (["import", "--s3", "bucket"], 2, "write s3://bucket or s3://bucket/prefix"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_explained(
    store: Run, home: Path, monkeypatch: pytest.MonkeyPatch, line: list[str], code: int, words: str
) -> None:
    """One line says what was wrong, and nothing is written."""
    monkeypatch.chdir(home)
    ran = store("tables", *line)

    assert (code, True) == (ran.code, words in ran.err)
    assert not (home / "new.db").exists()


def test_the_template_is_json(run: Run) -> None:
    """Ready for `aws cloudformation deploy`, with the store's prefix in the names."""
    document = run("--store", "dynamodb://eu-west-1?prefix=live_", "tables", "template").json

    assert "live_leads" == document["Resources"]["LeadsTable"]["Properties"]["TableName"]
