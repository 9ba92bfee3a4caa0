"""`commercive tables`, as operators use it."""

from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import CONVERSATIONS, OPS, TABLES
from commercive_cli.store.writes import Update
from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run


def states(run: Run, *arguments: str) -> list[str]:
    """Return the six tables' states after a command."""
    return [table["state"] for table in run("tables", *arguments, "-o", "json").json["tables"]]


def test_creating_is_idempotent(run: Run) -> None:
    """The first time six tables are created, afterwards they are unchanged."""
    assert states(run, "create") == ["created"] * 6
    assert states(run, "create") == ["unchanged"] * 6


def test_a_dry_run_creates_nothing(run: Run, home: Path) -> None:
    """--dry-run names the tables that would be created."""
    changes = run("tables", "create", "--dry-run", "-o", "json").json["changes"]

    assert [("create table", f"commercive_{table.name}") for table in TABLES] == [
        (change["action"], change["table"]) for change in changes
    ]
    assert not (home / "store.db").exists()


def test_without_tables_the_way_out_is_named(run: Run) -> None:
    """A command before `tables create` says what to run."""
    ran = run("chat", "list")

    assert (ran.code, "commercive tables create" in ran.err) == (78, True)


def test_ids_are_those_of_tables_that_exist(run: Run, home: Path) -> None:
    """Missing tables are in every format but `ids`, since other programs could not use their names."""
    run("tables", "create")
    with closing(SQLiteStore(home / "store.db")) as opened:
        opened.delete_table(OPS)
    named = [run("tables", *words, "-o", "ids").ids for words in (("list",), ("describe",), ("describe", "ops"))]

    there = [f"commercive_{table.name}" for table in TABLES if table is not OPS]
    assert [there, there, []] == named
    assert states(run, "list") == ["unchanged"] * 5 + ["missing"]


def test_tables_are_listed_and_described(store: Run, conversation: Make) -> None:
    """All six, with items and keys; one by name, with or without prefix."""
    conversation()
    listed = {table["table"]: table["items"] for table in store("tables", "list", "-o", "json").json["tables"]}
    (described,) = store("tables", "describe", "leads", "-o", "json").json["tables"]

    assert (len(listed), listed["commercive_conversations"]) == (6, 1)
    assert described["keys"] == ["lead_id", "created_at"]
    assert len(store("tables", "describe", "-o", "json").json["tables"]) == 6
    assert store("tables", "describe", "commercive_leads", "-o", "ids").ids == ["commercive_leads"]


def test_a_mistyped_table_gets_the_nearest(store: Run) -> None:
    """The refusal names the nearest table and all of them."""
    ran = store("tables", "describe", "conversation")

    assert (ran.code, "did you mean conversations?" in ran.err) == (2, True)


def test_deleting_wants_the_prefix(store: Run) -> None:
    """Without a terminal --confirm takes the prefix; anything else deletes nothing."""
    assert (store("tables", "delete").code, "--confirm PREFIX" in store("tables", "delete").err) == (2, True)
    assert store("tables", "delete", "--confirm", "commercive").code == 2
    assert states(store, "list") == ["unchanged"] * 6
    assert states(store, "delete", "--confirm", "commercive_") == ["deleted"] * 6
    assert states(store, "list") == ["missing"] * 6


def test_a_dry_delete_asks_nothing(store: Run) -> None:
    """--dry-run shows the six tables that would go."""
    assert len(store("tables", "delete", "--dry-run", "-o", "json").json["changes"]) == 6
    assert states(store, "list") == ["unchanged"] * 6


@pytest.fixture
def broken(conversation: Make, home: Path) -> None:
    """Spoil one conversation's unread counter."""
    engine = SQLiteStore(home / "store.db")
    one = conversation()
    (item,) = [item for item in engine.scan(CONVERSATIONS).items if item["conversation_id"] == one]
    key = CONVERSATIONS.key_of(item)
    engine.transact(Update(CONVERSATIONS, key, set={"unread_admin": 9}))
    engine.close()


def test_an_audit_of_sound_data_finds_nothing(store: Run, conversation: Make) -> None:
    """Exit 0, and how much was checked."""
    conversation()
    ran = store("tables", "audit", "-o", "json")

    assert (ran.code, ran.json["findings"]) == (0, [])


@pytest.mark.usefixtures("broken")
def test_an_audit_finds_and_fixes(store: Run) -> None:
    """Exit 3 while an invariant is broken, 0 when --fix repaired it."""
    found = store("tables", "audit", "-o", "json")
    fixed = store("tables", "audit", "--fix", "-o", "json")

    assert (found.code, [finding["fixed"] for finding in found.json["findings"]]) == (3, [False])
    assert (fixed.code, [finding["fixed"] for finding in fixed.json["findings"]]) == (0, [True])
    assert store("tables", "audit").code == 0


@pytest.mark.usefixtures("broken")
def test_repairs_can_be_rehearsed(store: Run) -> None:
    """--fix --dry-run shows what each repair would change, and changes nothing."""
    shown = store("tables", "audit", "--fix", "--dry-run", "-o", "json")

    assert (0, [{"unread_admin": {"before": 9, "after": 1}}]) == (
        shown.code,
        [each["attributes"] for each in shown.json["changes"]],
    )
    assert 3 == store("tables", "audit").code


def test_the_demo_data_set_is_loaded_once(run: Run) -> None:
    """`create --seed` gives a dozen conversations, 6 affiliates and 30 leads, and a sound audit."""
    first, again = run("tables", "create", "--seed"), run("tables", "create", "--seed")

    assert "loaded: 12 conversations, 60 messages, 6 affiliates and 30 leads" in first.err
    assert "already there: 12 conversations" in again.err
    assert [12, 30, 6] == [
        len(run(group, "list", "--all", "-o", "ids").ids) for group in ("chat", "leads", "affiliates")
    ]
    assert 0 == run("tables", "audit").code


def test_a_dry_create_with_seed_loads_nothing(run: Run) -> None:
    """A dry run without tables says that the demo data would be loaded."""
    ran = run("tables", "create", "--seed", "--dry-run")

    assert (0, True) == (ran.code, "would be loaded" in ran.err)
    assert ["missing"] * 6 == states(run, "list")


def test_seeding_makes_what_was_asked_for(store: Run) -> None:
    """The given numbers of items are generated, every invariant holds, and a rerun changes nothing."""
    line = ("tables", "seed", "--conversations", "5", "--messages", "9", "--affiliates", "2", "--leads", "4")
    first, again = store(*line, "-o", "json").json, store(*line, "-o", "json").json

    assert (5, 9, 2, 4, True) == tuple(
        first[name] for name in ("conversations", "messages", "affiliates", "leads", "changed")
    )
    assert again["changed"] is False
    assert 0 == store("tables", "audit").code
    assert 2 == store("tables", "seed", "--conversations", "5", "--messages", "4").code


def test_too_many_messages_are_refused_by_that_name(store: Run) -> None:
    """The error is about the option that was typed, not about numbers derived from it."""
    ran = store("tables", "seed", "--messages", "99999999999")

    assert (2, "commercive: --messages must be between 0 and 10,000,000\n") == (ran.code, ran.err)
