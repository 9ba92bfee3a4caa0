"""Every command prints visible characters alone, whatever is stored, typed, or set in the environment."""

import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.api.telemetry import Telemetry, Trace
from commercive_cli.cli.app import command, main
from commercive_cli.cli.groups import GROUPS, load_group
from commercive_cli.cli.inert_streams import inert, styled
from commercive_cli.domain.attributes import Kind, attributes_of
from commercive_cli.domain.models import AffiliateLink, AffiliateStats, Conversation, Lead, Message, Record
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, Table
from tests.cli.conftest import Run
from tests.cli.hidden import HIDDEN, ID, STORABLE, TEXT, hidden_in
from tests.cli.process import PROGRAM, done, environment
from tests.cli.test_help import paths

MODELS: dict[Table, type[Record]] = {
    CONVERSATIONS: Conversation,
    MESSAGES: Message,
    LEADS: Lead,
    AFFILIATE_LINKS: AffiliateLink,
    AFFILIATE_STATS: AffiliateStats,
}
VALUES: dict[Kind, Any] = {Kind.ID: ID, Kind.PERSON: ID, Kind.CHOICE: ID, Kind.TIME: 1, Kind.COUNT: 1, Kind.FLAG: False}
TYPED = {"ID": ID, "TABLE": "leads", "KEY": f"{ID} 1", "AMOUNT": "5", "SHELL": "bash", "CODE": ID}
"""What stands for an argument, so that a command gets as far as what is stored; hostile text for every other."""

FORMATS = ("table", "json", "jsonl", "csv", "ids")
FILES = ("directory", "target", "file", "export", "lock", "help")
WAITING = ("api", "serve")
ENDLESS: dict[tuple[str, ...], tuple[str, ...]] = {("chat", "watch"): ("--limit", "0")}
"""Commands that go on until somebody stops them, and what lets them end."""
STYLE = re.compile("\x1b\\[[0-9;]*m")
LEAVES = [path for path in paths() if len(path) == 2 or (path and path[0] not in GROUPS)]


def hostile_item(model: type[Record]) -> dict[str, Any]:
    """Return an item with hostile text in every attribute that takes text."""
    return {
        name: attribute.choices[0]
        if attribute.choices
        else VALUES.get(attribute.kind, 0 if attribute.kind in (Kind.AMOUNT, Kind.TOTAL) else TEXT)
        for name, attribute in attributes_of(model).items()
        if attribute.kind is not Kind.AMOUNT
    }


@pytest.fixture
def full(store: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line as a hostile actor over tables full of hidden characters."""
    with closing(SQLiteStore(home / "store.db")) as file:
        for table, model in MODELS.items():
            file.batch_put(table, [hostile_item(model)])
    (home / "templates").mkdir()
    (home / "templates" / f"{ID.replace('/', '')}.txt").write_text(TEXT)
    monkeypatch.setenv("COMMERCIVE_ACTOR", ID)
    monkeypatch.chdir(home)  # where commands leave the files that they make
    return store


def parameters(path: tuple[str, ...]) -> Sequence[Any]:
    leaf: Any = load_group(path[0]).commands[path[1]] if len(path) == 2 else command().commands[path[0]]
    found: list[Any] = leaf.params
    return found


def line(path: tuple[str, ...], *, everything: bool) -> list[str]:
    """Return a command with the arguments it needs, or with hostile text for each one that takes text."""
    words = list(path)
    for each in parameters(path):
        is_argument = each.param_type_name == "argument"
        wanted = each.required or (everything and not getattr(each, "is_flag", False)) or each.metavar == "ID"
        if wanted and each.name not in ("output", "help"):
            value = ID if everything else TYPED.get(each.metavar or "", ID)
            words += [value] if is_argument else [f"{each.opts[0]}={value}"]
    return [*words, *ENDLESS.get(path, ())]


def lines() -> Iterator[tuple[str, ...]]:
    for path in LEAVES:
        takes_format = any(each.name == "output" for each in parameters(path))
        if path != WAITING:
            for each in FORMATS if takes_format else ("",):
                yield (*line(path, everything=False), *(("-o", each) if each else ()))
        yield tuple(line(path, everything=True))


def test_no_command_prints_a_hidden_character(full: Run) -> None:
    """Stdout and stderr of all commands, in all formats, with details and tracebacks, hold none of them raw."""
    found, answered = {}, 0
    for words in lines():
        ran = full("-v", "--debug", *words)
        answered += ran.code in (0, 3)
        if raw := hidden_in(ran.out) | hidden_in(ran.err):
            found[words] = {f"{ord(c):x}" for c in raw}

    assert {} == found
    assert answered > 80


@pytest.mark.parametrize("typed", ["w" * 128, "x" * 5_000, "y " * 3_000, "z=" * 3_000])
@pytest.mark.usefixtures("full")
def test_no_message_repeats_more_than_80_characters_of_the_input(full: Run, typed: str) -> None:
    """Whichever argument or option it is given for, of whichever command; the names of files are whole."""
    found = {}
    for path in LEAVES:
        for each in parameters(path):
            if getattr(each, "is_flag", False) or each.name in (
                "help",
                "directory",
                "target",
                "file",
                "export",
                "lock",
                "package",
                "quarantine",
            ):
                continue
            is_argument = each.param_type_name == "argument"
            value = [typed] if is_argument else [f"{each.opts[0]}={typed}"]
            ends = ["--host", "no.such.host.invalid"] if path == WAITING else []
            ran = full(*line(path, everything=False), *value, *ends)
            if typed[:81] in ran.err:
                found[path, each.name] = ran.err[:300]

    assert {} == found


@pytest.mark.parametrize(
    "words",
    [
        ("chat", "show", ID),
        ("leads", "show", ID),
        ("affiliates", "show", ID),
        ("api", "call", "chat/messages", f"conversation_id={ID}"),
        ("api", "call", "admin/leads"),
        ("tables", "person", ID, "--export", "-"),
    ],
)
def test_json_is_the_stored_text_all_the_same(full: Run, words: tuple[str, ...]) -> None:
    """A program that reads the JSON gets every character that is stored."""
    ran = full(*words, *(("-o", "json") if words[0] not in ("api", "tables") else ()))

    assert TEXT in list(texts([json.loads(each) for each in documents(ran.out)]))


def documents(out: str) -> list[str]:
    return out.splitlines() if out.startswith('{"table"') else [out]


def texts(value: Any) -> Iterator[str]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, str):
        yield value
    for child in children:
        yield from texts(child)


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "words", [("chat", "list"), ("chat", "show", ID, "--no-pager"), ("leads", "show", ID), ("leads", "list")]
)
def test_a_terminal_gets_our_colours_and_nothing_else(
    full: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Tables and cards for people hold colours, and the text of users without anything that acts."""
    del full  # is what the settings lead to
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "140"}.items():
        monkeypatch.setenv(name, value)
    shown = io.BytesIO()
    with redirect_stdout(Terminal(shown, encoding="utf-8", newline="")):
        assert 0 == main(words)
    screen = shown.getvalue().decode()

    assert STYLE.search(screen)
    assert set() == hidden_in(STYLE.sub("", screen))
    assert r"\x9b" in screen


def test_the_pager_gets_our_colours_and_nothing_else(full: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is longer than the screen and goes through another program is as harmless."""
    del full  # is what the settings lead to
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "140", "PAGER": f"tee {home / 'shown'}"}.items():
        monkeypatch.setenv(name, value)
    with redirect_stdout(Terminal(io.BytesIO(), encoding="utf-8", newline="")):
        assert 0 == main(("chat", "show", ID))
    screen = (home / "shown").read_text()

    assert STYLE.search(screen)
    assert set() == hidden_in(STYLE.sub("", screen))
    assert r"\x9b" in screen


def test_names_of_files_are_inert_as_completions(full: Run, home: Path) -> None:
    """Pressing Tab offers the names of canned replies, but none in which something hides: it would be typed for us."""
    del full  # is what the settings lead to
    (home / "templates" / "plain.txt").write_text("Hello")
    line = "commercive chat reply x --template "
    completed = done([*PROGRAM, line], env=environment(_COMMERCIVE_COMPLETE="zsh")).out.decode()

    assert "words\nplain\t\n" == completed
    assert set() == hidden_in(completed)


def test_logs_are_ascii() -> None:
    """A log record of `api serve`, and of the function, is JSON that no terminal obeys."""
    out = io.StringIO()
    telemetry = Telemetry(out, service="hidden")
    telemetry.done(Trace(request_id=TEXT, action=TEXT, caller=TEXT))
    telemetry.not_synced(TEXT)
    written = out.getvalue()

    assert written.isascii()
    assert [TEXT] * 2 == [
        record.get("caller") or record["problem"]
        for record in map(json.loads, written.splitlines())
        if "_aws" not in record
    ]


@pytest.mark.parametrize("character", sorted(HIDDEN - set("\n\t"))[::7])
def test_the_last_writer_stops_what_others_forgot(character: str) -> None:
    """Whatever is written to the streams, by whomever, is inert, also where colours are let through."""
    for stream in (inert, styled):
        if stream is styled and character == "\r":  # with which Rich draws over a line
            continue
        out = io.StringIO(newline="")
        stream(out).writelines([f"a{character}b\n"])

        assert "a\\" == out.getvalue()[:2]


def test_line_ends_tabs_and_colours_pass() -> None:
    """What the program itself prints is not touched."""
    plain, coloured = io.StringIO(newline=""), io.StringIO(newline="")
    inert(plain).write("a\tb\r\nc\n")
    styled(inert(coloured)).write("\x1b[1;31mred\x1b[0m \x1b]0;title\x07 \x1b[2K\r")

    assert "a\tb\r\nc\n" == plain.getvalue()
    assert "\x1b[1;31mred\x1b[0m \\x1b]0;title\\x07 \x1b[2K\r" == coloured.getvalue()


def test_the_texts_of_this_test_are_what_they_should_be() -> None:
    """They hold every kind that the promise names."""
    kinds = "\x01\x1b\x80\x9b\u202e\u2066\u200b\u200d\u115f\u1160\u3164\uffa0\u2800\u034f\U000e0041\u2028\ufdd0\ufe0f"

    assert set(kinds) <= set(STORABLE)
    assert len(ID) <= 128
