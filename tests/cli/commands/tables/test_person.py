"""`commercive tables person`: one person's data is shown, exported and erased, and nobody else's."""

import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.cli.drafts import Drafts
from commercive_cli.settings.state import drafts_directory
from commercive_cli.settings.store_url import parse_store_url
from commercive_cli.store.items import Item, OtherValue
from commercive_cli.store.schema import LEADS
from tests.api.postgrest import NEW_KEY, PostgREST, postgrest
from tests.cli.commands.conftest import Make, conversation, lead, link
from tests.cli.commands.tables.test_data import change_one, leads, seeded
from tests.cli.conftest import Run

__all__ = ["conversation", "lead", "link", "seeded"]

USER, PARTNER = "5f0c2f9e-6d1b-4c55-9a52-0d7b1f6f2a11", "AFF-7Q2M9XKD"


@pytest.fixture
def supabase(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgREST]:
    """A project in the environment."""
    with postgrest() as project:
        monkeypatch.setenv("COMMERCIVE_SUPABASE_URL", project.url)
        monkeypatch.setenv("COMMERCIVE_SUPABASE_KEY", NEW_KEY)
        yield project


@pytest.fixture
def drafts(home: Path) -> Drafts:
    """Return the drafts for the store."""
    return Drafts(drafts_directory(parse_store_url(f"sqlite:///{home}/store.db", "test", home)))


@pytest.fixture
def mine(seeded: Run, home: Path) -> tuple[Item, tuple[str, ...]]:
    """Return a lead of the demo data, and the arguments that take it for a person's."""
    del seeded  # has filled the store
    found = leads(home)[0]
    return found, ("tables", "person", found["lead_email"], "--include", found["lead_id"])


def raw(home: Path) -> bytes:
    """Return all bytes of the store's files."""
    return b"".join(path.read_bytes() for path in home.glob("store.db*"))


def test_what_is_found_is_listed_and_nothing_is_written(seeded: Run, home: Path) -> None:
    """Alone, the command counts what is theirs and lists what may be, with the reason; `-o ids` for --include."""
    lead = leads(home)[0]
    before = raw(home)
    shown = seeded("tables", "person", lead["lead_email"], "-o", "json").json
    ids = seeded("tables", "person", lead["lead_email"], "-o", "ids").ids
    taken = seeded("tables", "person", lead["lead_email"], "--include", lead["lead_id"][-8:], "-o", "json").json

    assert ({}, [lead["lead_id"]], False) == (shown["items"], ids, shown["confirmed"])
    assert [{"id": lead["lead_id"], "kind": "lead", "reason": f"lead_email: {lead['lead_email']}"}] == shown[
        "candidates"
    ]
    assert {"leads": 1} == {kind: count for kind, count in taken["items"].items() if kind == "leads"}
    assert before == raw(home)


def test_what_others_added_about_a_person_is_shown_whole(
    mine: tuple[Item, tuple[str, ...]], seeded: Run, home: Path
) -> None:
    """Sets and binaries are written as DynamoDB's JSON has them."""
    change_one(home, LEADS, tags=OtherValue("SS", ("a", "b")), photo=OtherValue("B", (b"xy",)))
    ran = seeded(*mine[1], "--export", "-")
    shown = [json.loads(line)["item"] for line in ran.out.splitlines()]

    assert [(["a", "b"], "eHk=")] == [(item["tags"]["SS"], item["photo"]["B"]) for item in shown if "tags" in item]


def test_everything_of_a_person_is_written_to_a_file_of_one_s_own(
    mine: tuple[Item, tuple[str, ...]], seeded: Run, home: Path
) -> None:
    """JSON lines, one item each, readable by nobody else; an existing file is not overwritten, and no other touched."""
    lead, line = mine
    file, link = home / "person.jsonl", home / "link.jsonl"
    (home / "person.jsonl.part").write_text("precious")
    link.symlink_to(home / "elsewhere")
    ran = seeded(*line, "--export", str(file), "-o", "json")
    written = [json.loads(line) for line in file.read_text().splitlines()]
    again, refused = seeded(*line, "--export", str(file)), seeded(*line, "--export", str(link))

    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert len(written) == sum(ran.json["items"].values())
    assert {"table": "leads", "item": json.loads(json.dumps(lead, default=float))} in written
    assert (6, True, 6) == (again.code, "exists" in again.err, refused.code)
    assert "precious" == (home / "person.jsonl.part").read_text()
    assert not (home / "elsewhere").exists()


def test_everything_of_a_person_can_go_to_a_pipe(mine: tuple[Item, tuple[str, ...]], seeded: Run) -> None:
    """`-` is stdout, which then has the items only; their number is on stderr."""
    ran = seeded(*mine[1], "--export", "-")
    items = [json.loads(line) for line in ran.out.splitlines()]

    assert (0, True) == (ran.code, f"{len(items)} items of {mine[0]['lead_email']}\n" in ran.err)
    assert "leads" in {item["table"] for item in items}
    assert not Path("-").exists()


def test_no_address_stands_in_the_list_of_processes(mine: tuple[Item, tuple[str, ...]], seeded: Run) -> None:
    """`-` reads the person from stdin, and on further lines what --also takes."""
    lead = mine[0]
    given = f"{lead['lead_email']}\n+49 151 0000 1111\n"
    ran = seeded("tables", "person", "-", "--include", lead["lead_id"], "-o", "json", stdin=given)

    assert ([lead["lead_email"].casefold()], ["+4915100001111"]) == (ran.json["addresses"], ran.json["numbers"])
    assert 1 == ran.json["items"]["leads"]


@pytest.mark.parametrize("name", ["", "x" * 300, "store.db/person.jsonl", "nowhere/person.jsonl"])
def test_a_file_that_cannot_be_is_refused(name: str, seeded: Run, home: Path) -> None:
    """Exit 2 in one line, before anything is searched."""
    ran = seeded("tables", "person", "nobody@example.com", "--export", name and str(home / name))

    assert (2, 1) == (ran.code, ran.err.count("\n"))
    assert "again" not in ran.err


WRONG = {
    "nobody@example.com": (5, "nothing in the tables is about nobody@example.com"),
    "u-404": (5, "Archives, exports and backups are not searched"),
    "U-1": (5, "there is 'u-1'"),
    "+4915112345678": (5, "nothing in the tables is about +4915112345678"),
    "+123": (2, "9 to 15 digits follow the +"),
    "ai-assistant": (2, "is no person"),
    "u-1 --also u-9": (5, "nothing in the tables is about u-9"),
    "u-1 --include 0197aaaa": (2, "'0197aaaa' is no candidate"),
    "ann@example.com --erase --yes --include b@example.com": (2, "'b@example.com' is no candidate"),
    "ann@example.com --export -": (5, "1 candidates may be"),
    "u-1 --most 2": (2, "--most 3"),
    "u-1 --most 2 --erase --yes": (2, "may be an account that people share"),
    "u-1 --erase --export -": (2, "pass one of --export FILE and --erase"),
    "u-1 --dry-run": (2, "--dry-run goes with --erase"),
    "u-1 --yes": (2, "--yes goes with --export and --erase"),
    "u-1 --erase": (2, "--yes"),
}


@pytest.mark.parametrize(("line", "said"), WRONG.items())
def test_what_cannot_be_meant_is_refused(
    line: str, said: tuple[int, str], store: Run, conversation: Make, lead: Make, home: Path
) -> None:
    """One line says what is wrong and what to do; nothing is written."""
    store("chat", "reply", conversation(user="u-1"), "Soon")
    lead()
    before = raw(home)
    ran = store("tables", "person", *line.split())

    assert (said[0], True) == (ran.code, said[1] in ran.err), ran.err
    assert before == raw(home)


def test_erasing_asks_first(mine: tuple[Item, tuple[str, ...]], seeded: Run, home: Path) -> None:
    """Without a terminal and without --yes nothing is written; with --yes the person is erased from the raw file."""
    lead, line = mine
    email = lead["lead_email"]
    refused = seeded(*line, "--erase")
    rehearsed = seeded(*line, "--erase", "--dry-run", "-o", "json")
    still = email in str(leads(home))
    erased = seeded(*line, "--erase", "--yes", "-o", "json")

    assert (2, True) == (refused.code, "--yes" in refused.err)
    assert any(change["table"] == "commercive_leads" for change in rehearsed.json["changes"])
    assert still
    assert 1 <= erased.json["items"]["leads"]
    assert email.encode() not in raw(home)
    assert 0 == seeded("tables", "audit").code


def test_on_a_terminal_the_sum_is_shown_and_a_no_changes_nothing(
    at_terminal: Run, conversation: Make, home: Path
) -> None:
    """What is theirs by kind, then the question; also before an export."""
    conversation(user="u-1")
    before = raw(home)
    for last in ("--erase", f"--export {home}/one"):
        seen = at_terminal("tables", "person", "u-1", *last.split(), typed="n\n")

        assert 2 == seen.code, seen.out
        assert "theirs: conversations 1, messages 1" in seen.out
        assert "cancelled; nothing was written" in seen.out
    assert before == raw(home)
    assert not (home / "one").exists()


def test_ids_that_supabase_proves_are_one_person_s(store: Run, supabase: PostgREST, conversation: Make) -> None:
    """The affiliate's id of a user joins by itself, from either of them; one that several users have is a candidate."""
    conversation(user=USER)
    for one in (PARTNER, "aff-1"):
        store("affiliates", "create-link", one, "--email", "x@example.com")
    supabase.add(USER, PARTNER)
    supabase.add(USER, "aff-1")
    supabase.add("9d2b2f0e-0000-4000-8000-000000000000", "aff-1")
    found = [store("tables", "person", each, "-o", "json").json for each in (USER.upper(), PARTNER, "aff-1")]

    assert [[USER, PARTNER]] * 2 == [each["ids"] for each in found[:2]]
    assert "aff-1" in [each["id"] for each in found[0]["candidates"]]
    assert (["aff-1"], True) == (found[2]["ids"], found[2]["confirmed"])
    assert {USER, "9d2b2f0e-0000-4000-8000-000000000000"} <= {each["id"] for each in found[2]["candidates"]}


def test_when_supabase_does_not_answer_nothing_is_done(store: Run, supabase: PostgREST, conversation: Make) -> None:
    """Half of a person must not pass for the whole: exit 75."""
    conversation(user="u-1")
    supabase.works = False
    ran = store("tables", "person", "u-1", "--erase", "--yes")

    assert (75, True) == (ran.code, "cannot be asked now" in ran.err)


def test_drafts_do_not_keep_the_person(store: Run, conversation: Make, home: Path, drafts: Drafts) -> None:
    """A draft to them goes with what it quotes; in other drafts their address is replaced, and the text stays."""
    theirs, other = conversation(user="u-1", text="my secret"), conversation(user="u-2")
    drafts.new(theirs, "admin-1", None, "an answer").note(quotes="> my secret")
    drafts.new(other, "admin-1", None, "ask Ann@example.com").note(quotes="> by ann@example.com")
    ran = store("tables", "person", "u-1", "--also", "ann@example.com", "--erase", "--yes")
    [draft] = drafts.every()

    assert 0 == ran.code
    assert (other, "ask [erased]", "> by [erased]") == (draft.record.conversation_id, draft.text, draft.record.quotes)
    assert not any(b"secret" in path.read_bytes() for path in (home / "state").rglob("*.*"))


def test_a_draft_that_is_being_written_is_in_reach(store: Run, conversation: Make, drafts: Drafts) -> None:
    """Its editor would write it back: exit 3 says so, and the same again, when it is closed, ends the erasure."""
    one = conversation(user="u-1")
    draft = drafts.new(one, "admin-1", None, "an answer")
    draft.note(process=1)
    first = store("tables", "person", "u-1", "--erase", "--yes")
    draft.note(process=0)
    second = store("tables", "person", "u-1", "--erase", "--yes")

    assert (3, True) == (first.code, "an editor has open" in first.err)
    assert (0, False) == (second.code, draft.exists)


def test_a_reader_that_holds_the_log_is_in_reach(store: Run, conversation: Make, home: Path) -> None:
    """While another program reads, the log keeps old pages: exit 3 says so, and the same again ends the erasure."""
    conversation(user="u-1", text="my secret")
    with closing(sqlite3.connect(home / "store.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM commercive_messages").fetchone()
        first = store("tables", "person", "u-1", "--erase", "--yes")
        held = b"my secret" in raw(home)
    second = store("tables", "person", "u-1", "--erase", "--yes")

    assert (3, True) == (first.code, "store.db-wal, as another program reads the file" in first.err)
    assert (True, 0, False) == (held, second.code, b"my secret" in raw(home))


def test_copies_that_are_out_of_reach_are_named(store: Run, conversation: Make) -> None:
    """Backups next to the file, and what nobody can know of: a note, and exit 0."""
    conversation(user="u-1")
    backup = store("tables", "backup", "-o", "json").json
    ran = store("tables", "person", "u-1", "--erase", "--yes", "-o", "json")

    assert 0 == ran.code
    assert [True] == [each.endswith(".backup") for each in ran.json["elsewhere"]], backup
    assert "archives, exports and transcripts made before, from which an import brings the person back" in ran.err
