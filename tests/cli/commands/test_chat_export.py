"""`chat export` from the command line: three formats, in which what users wrote is text."""

import csv
import io
import json
from contextlib import closing
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.port import Query
from commercive_cli.store.schema import CONVERSATIONS
from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run

HOSTILE = [
    "# no heading",
    "![x](http://evil.example/pixel.gif)",
    "<script>alert(1)</script>\n\n<img src=x>",
    "```\nfence\n```",
    "* a\n\n\n    b\n1. c",
    "www.evil.example https://evil.example",
    "| a |\n|---|\n| b |",
    "[x]: http://evil.example",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_user_wrote_is_no_markdown(store: Run, conversation: Make, home: Path, text: str) -> None:
    """The text is one block of code, word for word; nothing else in the document comes from it, or from names."""
    name = conversation(text=text, user="**u**")
    with closing(SQLiteStore(home / "store.db")) as opened:
        (item,) = opened.query(Query(CONVERSATIONS, name)).items
        opened.batch_put(CONVERSATIONS, [{**item, "store_url": "[s](http://evil.example)<b>"}])
    parsed = MarkdownIt("gfm-like", {"linkify": False}).parse(store("chat", "export", name).out)
    inline = [child for token in parsed for child in token.children or ()]

    assert [text + "\n"] == [token.content for token in parsed if token.type == "code_block"]
    assert {"text", "code_inline"} == {child.type for child in inline} - {"softbreak"}
    assert [] == [token for token in parsed if token.type in ("html_block", "fence", "table_open")]


def test_a_transcript_has_facts_and_a_heading_for_each_message(store: Run, conversation: Make) -> None:
    """Who wrote, and when exactly; who closed it."""
    name = conversation(text="Where is it?")
    store("chat", "reply", name, "It has shipped.\n\nTomorrow!", "--close")
    lines = store("chat", "export", name).out.splitlines()

    assert f"# shop.example.com, conversation {name}" == lines[0]
    assert "- user u-1" in lines
    assert next(line for line in lines if line.startswith("- closed 20")).endswith(" by admin-1")
    assert ["shop.example.com", "admin-1"] == [line.split(" ")[-1] for line in lines if line.startswith("## ")]
    assert ["    It has shipped.", "", "    Tomorrow!"] == lines[-4:-1]


@pytest.mark.parametrize("form", ["md", "json", "csv"])
def test_notes_are_a_part_of_their_own(store: Run, conversation: Make, form: str) -> None:
    """With --notes alone, never among the messages; --redact goes through them, and they are no Markdown either."""
    name = conversation(text="Where is it?")
    store("--as", "mira", "chat", "note", name, "# Call 070-555 01 42")
    without = store("chat", "export", name, "--format", form).out
    whole = store("chat", "export", name, "--format", form, "--notes").out
    redacted = store("chat", "export", name, "--format", form, "--notes", "--redact").out

    assert "mira" not in without
    assert "070-555 01 42" not in without + redacted
    assert "# Call [phone]" in redacted
    if form == "json":
        [transcript] = json.loads(whole)["transcripts"]
        assert "notes" not in json.loads(without)["transcripts"][0]
        assert ["Where is it?"] == [each["message_text"] for each in transcript["messages"]]
        assert [("mira", "# Call 070-555 01 42")] == [(each["author"], each["text"]) for each in transcript["notes"]]
    elif form == "csv":
        [row] = csv.DictReader(io.StringIO(whole))
        assert ("1", True) == (row["by_user"], row["notes"].endswith("Z mira: # Call 070-555 01 42"))
        assert row["transcript"].endswith(": Where is it?")
    else:
        lines = whole.splitlines()
        place = lines.index("## Notes, never shown to the user")
        assert 1 == sum(line.startswith("## 20") for line in lines[:place])
        assert ["    # Call 070-555 01 42"] == [line for line in lines[place:] if line.startswith("    ")]
        assert "- notes 1" in lines


def test_control_characters_are_visible_in_markdown(store: Run, conversation: Make) -> None:
    """A transcript on a terminal moves no cursor."""
    name = conversation(text="a\x1b[31mb\u202ec")

    assert r"    a\x1b[31mb\u202ec" in store("chat", "export", name).out.splitlines()


def test_csv_has_a_row_for_each_conversation(store: Run, conversation: Make) -> None:
    """Counts, times and the whole transcript; a formula is text."""
    name = conversation(text="=1+1\nsecond line")
    store("chat", "reply", name, "Answer")
    conversation(user="u-2")
    rows = list(csv.DictReader(io.StringIO(store("chat", "export", "--format", "csv").out, newline="")))
    row = next(each for each in rows if each["conversation_id"] == name)

    assert 2 == len(rows)
    assert ("1", "1", "0", "open") == (row["by_user"], row["by_admin"], row["automatic"], row["status"])
    assert row["transcript"].splitlines()[0].endswith("Z shop.example.com: '=1+1")
    assert 3 == len(row["transcript"].splitlines())


def test_json_has_records_as_the_api_has_them(store: Run, conversation: Make) -> None:
    """`-o json` and `--format json` are the same document."""
    name = conversation()
    shown = store("chat", "show", name, "-o", "json").json
    found = store("chat", "export", name, "-o", "json").json

    assert found == store("chat", "export", name, "--format", "json").json
    assert [(shown["conversation"], shown["messages"])] == [
        (each["conversation"], each["messages"]) for each in found["transcripts"]
    ]


def test_a_file_is_new_and_whole(store: Run, conversation: Make, home: Path) -> None:
    """The answer says how much is in it; a file that exists is left alone."""
    conversation()
    file = home / "all.md"
    first = store("chat", "export", "--to", str(file), "-o", "json")
    text = file.read_text(encoding="utf-8")
    second = store("chat", "export", "--to", str(file))

    assert (1, 1, "md") == tuple(first.json[name] for name in ("conversations", "messages", "format"))
    assert text.startswith("# shop.example.com")
    assert 0o600 == file.stat().st_mode & 0o777
    assert (6, text) == (second.code, file.read_text(encoding="utf-8"))


def test_ids_come_short_and_from_stdin(store: Run, conversation: Make) -> None:
    """A search's conversations are exported by a pipe; no ids there is an error and not everything."""
    name = conversation(text="customs")
    conversation(user="u-2", text="else")
    found = store("chat", "search", "customs", "-o", "ids").out

    assert 1 == store("chat", "export", "-", stdin=found).out.count("# shop")
    assert name in store("chat", "export", name[-8:]).out
    assert (2, "") == (store("chat", "export", "-").code, store("chat", "export", "-").out)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("-o ids", 2),
        ("-o wide", 2),
        ("-o csv --format json", 2),
        ("--format html", 2),
        ("--since soon", 2),
        ("01a20ef0-3c9a-7b11-9d4e-5a1f4c0e91aa", 5),
        ("--to nowhere/all.md", 2),
    ],
)
def test_what_cannot_be_is_refused(store: Run, conversation: Make, arguments: str, code: int) -> None:
    """Before anything is written."""
    conversation()
    ran = store("chat", "export", *arguments.split(" "))

    assert (code, "") == (ran.code, ran.out)


def test_redacted_means_redacted_in_every_format(store: Run, conversation: Make) -> None:
    """No format has a field that was forgotten."""
    conversation(user="ann@example.com", text="ann@example.com 070-555 01 42")

    for form in ("md", "json", "csv"):
        out = store("chat", "export", "--redact", "--format", form).out
        assert "[phone]" in out
        assert "ann@" not in out
        assert "01 42" not in out


def test_a_damaged_conversation_is_exported_and_named(store: Run, home: Path) -> None:
    """What another program wrote hides nothing, and is said to be damaged."""
    with closing(SQLiteStore(home / "store.db")) as opened:
        item = {"conversation_id": "c-1", "created_at": 1, "user_id": "u", "last_message": 7}
        opened.batch_put(CONVERSATIONS, [item])
    out = store("chat", "export").out

    assert "# u, conversation c-1" in out
    assert "- damaged in status, `updated_at`, `last_message`" in out
