"""`commercive tables export`, `import` and `describe --sample`, as operators use them."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.items import Item
from commercive_cli.store.schema import CONVERSATIONS, LEADS, TABLES, Table
from tests.cli.conftest import Run
from tests.services.raw_data import rows


@pytest.fixture
def seeded(run: Run) -> Run:
    """Run one command line over the demo data."""
    assert run("tables", "create", "--seed").code == 0
    return run


def leads(home: Path, name: str = "store.db") -> list[Item]:
    """Return the leads of one of the user's stores."""
    with closing(SQLiteStore(home / name)) as store:
        return rows(store, LEADS)


def change_one(home: Path, table: Table, **values: Any) -> None:
    """Change values of an item in the user's store."""
    with closing(SQLiteStore(home / "store.db")) as store:
        store.batch_put(table, [{**rows(store, table)[0], **values}])


def other(run: Run, home: Path) -> str:
    """Create the tables of a second store; return its URL."""
    url = f"sqlite:///{home}/other.db"
    assert run("--store", url, "tables", "create").code == 0
    return url


@pytest.mark.parametrize("packed", [(), ("--gzip",)])
def test_a_store_moves_by_two_commands(packed: tuple[str, ...], seeded: Run, home: Path) -> None:
    """Importing an export into another store gives the same items; the audit finds nothing, exit 0."""
    url, directory = other(seeded, home), str(home / "export")
    exported = seeded("tables", "export", directory, *packed, "-o", "json")
    imported = seeded("--store", url, "tables", "import", directory, "-o", "json")

    assert (0, 0) == (exported.code, imported.code)
    assert exported.json["items"] == imported.json["stored"]
    assert leads(home) == leads(home, "other.db")
    assert "0 broken" in imported.err


def test_importing_what_is_there_changes_nothing(seeded: Run, home: Path) -> None:
    """The same export into the same store: every item is there already."""
    seeded("tables", "export", str(home / "export"))
    again = seeded("tables", "import", str(home / "export"), "-o", "json").json

    assert 0 == sum(again["stored"].values())
    assert 60 == again["skipped"]["messages"]
    assert '"table","items","already_there"\r\n' in seeded("tables", "import", str(home / "export"), "-o", "csv").out


def test_a_rehearsed_import_says_what_it_would_meet(seeded: Run, home: Path) -> None:
    """New, equal and different items by table, and the lines that differ; exit 6 when the import would stop there."""
    url, directory = other(seeded, home), str(home / "export")
    seeded("tables", "export", directory)
    into_empty = seeded("--store", url, "tables", "import", directory, "--dry-run", "-o", "json")
    change_one(home, LEADS, lead_name="Somebody Else")
    before = leads(home)
    refused = seeded("tables", "import", directory, "--dry-run", "-o", "json")
    skipped = seeded("tables", "import", directory, "--dry-run", "--on-conflict", "skip")

    assert (0, 30, 0) == (into_empty.code, into_empty.json["new"]["leads"], sum(into_empty.json["equal"].values()))
    assert [] == leads(home, "other.db")
    assert (6, 29, 1) == (refused.code, refused.json["equal"]["leads"], refused.json["different"]["leads"])
    assert "line 1" in refused.json["places"][0]
    assert (0, True) == (skipped.code, "1 items with equal keys differ and would stay" in skipped.err)
    assert before == leads(home)


def test_an_import_of_wrong_books_exits_3(seeded: Run, home: Path) -> None:
    """The audit at the end is part of the import: what it finds is shown."""
    change_one(home, CONVERSATIONS, unread_admin=99)
    url = other(seeded, home)
    seeded("tables", "export", str(home / "export"))
    imported = seeded("--store", url, "tables", "import", str(home / "export"), "-o", "json")

    assert 3 == imported.code
    assert ["unread-admin"] == [finding["invariant"] for finding in imported.json["audit"]["findings"]]
    assert "1 broken" in imported.err
    assert "audit --fix` with that store\n" in imported.err


def test_a_conflict_is_named_and_can_be_skipped(seeded: Run, home: Path) -> None:
    """Exit 6 with file and line; --on-conflict says otherwise."""
    seeded("tables", "export", str(home / "export"))
    change_one(home, LEADS, lead_name="Somebody Else")
    failed = seeded("tables", "import", str(home / "export"))

    assert (6, True) == (failed.code, ", line " in failed.err)
    assert 0 == seeded("tables", "import", str(home / "export"), "--on-conflict", "skip").code
    assert 0 == seeded("tables", "import", str(home / "export"), "--on-conflict", "overwrite").code
    assert "Somebody Else" not in {lead["lead_name"] for lead in leads(home)}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export",), "pass the directory DIR, or --s3 URI"),
        (("import",), "pass the directory DIR, or --s3 URI"),
        (("export", "DIR", "--s3", "s3://bucket"), "--s3 takes neither DIR nor --gzip"),
        (("import", "DIR", "--s3", "s3://bucket"), "--s3 takes neither DIR nor --on-conflict"),
        (("import", "nowhere"), "holds no manifest.json"),
        (("import", "DIR", "--on-conflict", "skipp"), "did you mean skip?"),
        (("audit", "--yes"), "--yes goes with --fix"),
        (("describe", "--sample", "2000000"), "sample must be between 1 and 1,000,000"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: tuple[str, ...], said: str, seeded: Run) -> None:
    """Exit 2, with one line that says what to pass."""
    ran = seeded("tables", *words)

    assert (2, True) == (ran.code, said in ran.err)


@pytest.mark.parametrize("words", [("export",), ("import",)])
def test_a_directory_that_cannot_be_is_refused(words: tuple[str, ...], seeded: Run, home: Path) -> None:
    """A name that is too long exits 2, not 75, since a repetition does not help."""
    ran = seeded("tables", *words, str(home / ("x" * 300)))

    assert (2, True, False) == (ran.code, "File name too long" in ran.err, "again" in ran.err)


def test_a_sample_shows_sizes_hot_keys_and_costs(seeded: Run) -> None:
    """Machines get the numbers; stderr says on which prices they are based."""
    ran = seeded("tables", "describe", "--sample", "1000", "-o", "json")

    assert 60 == {each["table"]: each["read"] for each in ran.json["tables"]}["messages"]
    assert ran.json["hot"][0]["table"] == "messages"
    assert "us-east-1" in ran.err
    piped = seeded("tables", "describe", "--sample", "1000")
    assert 6 == len(piped.out.splitlines()[1:])
    assert f"hot: messages {ran.json['hot'][0]['id']}, " in piped.err
    assert ["leads"] == seeded("tables", "describe", "leads", "--sample", "10", "-o", "ids").ids


@pytest.mark.parametrize("output", ["jsonl", "csv", "ids", "table"])
def test_every_format_is_for_every_answer(output: str, seeded: Run, home: Path) -> None:
    """Exports, imports and requests of persons have a row for each table in every format."""
    lead = leads(home)[0]
    person = ("tables", "person", lead["lead_email"], "--include", lead["lead_id"])
    url, directory = other(seeded, home), str(home / "export")
    lines = [
        ("tables", "export", directory),
        ("--store", url, "tables", "import", directory),
        (*person, "--export", str(home / "person.jsonl")),
        (*person, "--erase", "--yes"),
    ]
    ran = [seeded(*line, "-o", output) for line in lines]

    assert [(0, 6 + (output in ("csv", "table")))] * 4 == [(each.code, len(each.out.splitlines())) for each in ran]


def test_a_rehearsal_names_each_item_once(seeded: Run) -> None:
    """`--dry-run -o ids` is for xargs: every id once, and for a table its name."""
    deleted = seeded("tables", "delete", "--dry-run", "-o", "ids").ids
    made = seeded("tables", "seed", "--messages", "10", "--leads", "2", "--dry-run", "-o", "ids").out.splitlines()

    assert [f"commercive_{table.name}" for table in TABLES] == sorted(deleted, key=deleted.index)
    assert 1 + 1 + 20 + 2 <= len(set(made)) == len(made)
