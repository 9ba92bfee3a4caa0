"""`commercive tables export`, `import`, `person` and `describe --sample`, as operators use them."""

import json
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.items import Item, OtherValue
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
        (("person", "ana@example.com"), "pass one of --export FILE and --erase"),
        (("person", "ana@example.com", "--export", "-", "--dry-run"), "--yes and --dry-run go with --erase"),
        (("audit", "--yes"), "--yes goes with --fix"),
        (("describe", "--sample", "2000000"), "sample must be between 1 and 1,000,000"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: tuple[str, ...], said: str, seeded: Run) -> None:
    """Exit 2, with one line that says what to pass."""
    ran = seeded("tables", *words)

    assert (2, True) == (ran.code, said in ran.err)


def test_what_others_added_about_a_person_is_shown_whole(seeded: Run, home: Path) -> None:
    """Sets and binaries are written as DynamoDB's JSON has them."""
    lead = leads(home)[0]
    change_one(home, LEADS, tags=OtherValue("SS", ("a", "b")), photo=OtherValue("B", (b"xy",)))
    ran = seeded("tables", "person", lead["lead_email"], "--export", "-")
    shown = [json.loads(line)["item"] for line in ran.out.splitlines()]

    assert [(["a", "b"], "eHk=")] == [(item["tags"]["SS"], item["photo"]["B"]) for item in shown if "tags" in item]


def test_everything_about_a_person_is_written_to_a_file_of_one_s_own(seeded: Run, home: Path) -> None:
    """JSON lines, one item each, readable by nobody else; an existing file is not overwritten."""
    lead = leads(home)[0]
    file = home / "person.jsonl"
    ran = seeded("tables", "person", lead["lead_email"].upper(), "--export", str(file), "-o", "json")
    written = [json.loads(line) for line in file.read_text().splitlines()]
    again = seeded("tables", "person", lead["lead_email"], "--export", str(file))

    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert len(written) == sum(ran.json["items"].values())
    assert {"table": "leads", "item": json.loads(json.dumps(lead, default=float))} in written
    assert (6, True) == (again.code, "exists" in again.err)


def test_the_export_of_a_person_touches_no_other_file(seeded: Run, home: Path) -> None:
    """No file next to it and no target of a link is changed; no other file is left."""
    email = leads(home)[0]["lead_email"]
    place = home / "new"
    place.mkdir()
    (place / "person.jsonl.part").write_text("precious")
    (place / "link.jsonl").symlink_to(home / "elsewhere")
    written = seeded("tables", "person", email, "--export", str(place / "person.jsonl"))
    refused = seeded("tables", "person", email, "--export", str(place / "link.jsonl"))

    assert (0, 6) == (written.code, refused.code)
    assert "precious" == (place / "person.jsonl.part").read_text()
    assert ["link.jsonl", "person.jsonl", "person.jsonl.part"] == sorted(path.name for path in place.iterdir())
    assert not (home / "elsewhere").exists()


def test_everything_about_a_person_can_go_to_a_pipe(seeded: Run, home: Path) -> None:
    """`-` is stdout, which then has the items only; their number is on stderr."""
    email = leads(home)[0]["lead_email"]
    ran = seeded("tables", "person", email, "--export", "-")
    items = [json.loads(line) for line in ran.out.splitlines()]

    assert (0, f"commercive: {len(items)} items about {email}\n") == (ran.code, ran.err)
    assert "leads" in {item["table"] for item in items}
    assert not Path("-").exists()


@pytest.mark.parametrize("name", ["", "x" * 300, "store.db/person.jsonl", "nowhere/person.jsonl"])
def test_a_file_that_cannot_be_is_refused(name: str, seeded: Run, home: Path) -> None:
    """Exit 2 in one line, before anything is searched."""
    ran = seeded("tables", "person", "nobody@example.com", "--export", name and str(home / name))

    assert (2, 1) == (ran.code, ran.err.count("\n"))
    assert "again" not in ran.err


@pytest.mark.parametrize("words", [("export",), ("import",)])
def test_a_directory_that_cannot_be_is_refused(words: tuple[str, ...], seeded: Run, home: Path) -> None:
    """A name that is too long exits 2, not 75, since a repetition does not help."""
    ran = seeded("tables", *words, str(home / ("x" * 300)))

    assert (2, True, False) == (ran.code, "File name too long" in ran.err, "again" in ran.err)


def test_a_person_unknown_leaves_no_file(seeded: Run, home: Path) -> None:
    """Exit 5, and no file is left."""
    ran = seeded("tables", "person", "nobody@example.com", "--export", str(home / "nobody.jsonl"))

    assert 5 == ran.code
    assert [] == list(home.glob("nobody*"))


def test_erasing_asks_first(seeded: Run, home: Path) -> None:
    """Without a terminal and without --yes nothing is written; with --yes the person is erased."""
    email = leads(home)[0]["lead_email"]
    refused = seeded("tables", "person", email, "--erase")
    rehearsed = seeded("tables", "person", email, "--erase", "--dry-run", "-o", "json")
    still = email in str(leads(home))
    erased = seeded("tables", "person", email, "--erase", "--yes", "-o", "json")

    assert (2, True) == (refused.code, "--yes" in refused.err)
    assert any(change["table"] == "commercive_leads" for change in rehearsed.json["changes"])
    assert still
    assert 1 <= erased.json["items"]["leads"]
    assert email not in str(leads(home))
    assert 0 == seeded("tables", "audit").code


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
    email = leads(home)[0]["lead_email"]
    url, directory = other(seeded, home), str(home / "export")
    lines = [
        ("tables", "export", directory),
        ("--store", url, "tables", "import", directory),
        ("tables", "person", email, "--export", str(home / "person.jsonl")),
        ("tables", "person", email, "--erase", "--yes"),
    ]
    ran = [seeded(*line, "-o", output) for line in lines]

    assert [(0, 6 + (output in ("csv", "table")))] * 4 == [(each.code, len(each.out.splitlines())) for each in ran]


def test_a_rehearsal_names_each_item_once(seeded: Run) -> None:
    """`--dry-run -o ids` is for xargs: every id once, and for a table its name."""
    deleted = seeded("tables", "delete", "--dry-run", "-o", "ids").ids
    made = seeded("tables", "seed", "--messages", "10", "--leads", "2", "--dry-run", "-o", "ids").out.splitlines()

    assert [f"commercive_{table.name}" for table in TABLES] == sorted(deleted, key=deleted.index)
    assert 1 + 1 + 20 + 2 <= len(set(made)) == len(made)
