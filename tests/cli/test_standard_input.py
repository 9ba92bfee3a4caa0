"""`-` is stdin wherever a text or ids are taken, and what is read there is read like any file."""

import shlex
import sys
from pathlib import Path

import pytest

from tests.cli.commands.conftest import Make, conversation, lead, link
from tests.cli.conftest import Run
from tests.cli.process import PROGRAM, done, environment, run_on_terminal

__all__ = ["conversation", "lead", "link"]

ENCODED = [b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe\r\nzwei\r\n", b"\xff\xfe" + "Grüße\r\nzwei".encode("utf-16-le")]

EDITOR = """
import pathlib, sys
text, file = map(pathlib.Path, sys.argv[1:])
quoted = file.read_text("utf-8").replace("\\n", "\\r\\n")
raw = text.read_bytes()
file.write_bytes(raw + quoted.encode("utf-16-le" if raw[:2] == b"\\xff\\xfe" else "utf-8"))
"""
"""An editor that puts a text above what it was given, with the encoding and the line ends of that text."""


def last_text(run: Run, one: str) -> str:
    """Return the text of the newest message of a conversation."""
    return str(run("chat", "show", one, "--tail", "1", "-o", "json").json["messages"][0]["message_text"])


@pytest.mark.parametrize("raw", ENCODED, ids=["utf-8", "utf-16"])
@pytest.mark.parametrize("source", [("-",), ("-F", "-"), ("-F", "{file}"), ("--template", "saved"), ("--editor",)])
def test_a_message_is_the_same_text_from_everywhere(
    store: Run, conversation: Make, home: Path, monkeypatch: pytest.MonkeyPatch, source: tuple[str, ...], raw: bytes
) -> None:
    """Stdin, a file, a canned reply or the editor, in UTF-8 or UTF-16, with CRLF: the user reads the same lines."""
    one = conversation()
    saved = home / "templates" / "saved.txt"
    saved.parent.mkdir()
    saved.write_bytes(raw)
    monkeypatch.setenv("EDITOR", f"'{sys.executable}' -c {shlex.quote(EDITOR)} '{saved}'")
    arguments = [each.format(file=saved) for each in source]
    ran = store("chat", "reply", one, *arguments, stdin=raw)

    assert (0, "Grüße\nzwei") == (ran.code, last_text(store, one)), ran.err


def test_a_user_sends_from_stdin(store: Run) -> None:
    """`chat send ... -` takes the message from stdin, and never sends a hyphen."""
    sent = store("chat", "send", "--user", "u-1", "-", "-o", "json", stdin="From a pipe\n")

    assert "From a pipe" == last_text(store, sent.json["conversation_id"])


@pytest.mark.parametrize("raw", [b"{one}\r\n", "\ufeff{one}".encode(), "{one}".encode("utf-16")])
def test_one_id_comes_from_stdin(store: Run, conversation: Make, raw: bytes) -> None:
    """Where a command takes one id, - reads it."""
    one = conversation()
    encoding = "utf-16" if raw.startswith(b"\xff\xfe") else "utf-8"
    given = raw.decode(encoding).format(one=one).encode(encoding)

    assert 0 == store("chat", "show", "-", stdin=given).code
    assert [one] == [each["id"] for each in store("chat", "close", "-", "-o", "json", stdin=given).json["results"]]


def test_the_key_of_an_item_comes_from_stdin(store: Run, lead: Make) -> None:
    """What the audit names can be piped to where it is mended."""
    one = lead()
    ran = store("tables", "mend", "leads", "-", "--set", "lead_name=Bo", "--yes", stdin=f"{one}\n")

    assert 0 == ran.code, ran.err
    assert "Bo" == store("leads", "show", one, "-o", "json").json["lead"]["lead_name"]


def test_two_ids_are_not_one(store: Run, conversation: Make) -> None:
    """A command that takes one id takes none of two."""
    ran = store("chat", "show", "-", stdin=f"{conversation()}\n{conversation()}\n")

    assert (2, "there are 2 ids on stdin, and this takes one" in ran.err) == (ran.code, True)


def test_notes_and_reasons_come_from_stdin(store: Run, lead: Make) -> None:
    """What is told of a decision may be long, and come from a pipe."""
    one = lead()
    store("leads", "reject", one, "--reason", "-", stdin="Too small\r\nfor us\r\n")
    store("leads", "reject", one, "--notes", "-", "--amend", stdin="asked twice")
    shown = store("leads", "show", one, "-o", "json").json["lead"]

    assert ("Too small\nfor us", "asked twice") == (shown["rejection_reason"], shown["admin_notes"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("chat", "reply", "-", "-"),
        ("chat", "reply", "x", "-", "-F", "-"),
        ("chat", "close", "-", "-"),
        ("leads", "approve", "-", "--commission", "5", "--notes", "-"),
        ("leads", "reject", "x", "--reason", "-", "--notes", "-"),
    ],
)
def test_stdin_is_read_once(store: Run, arguments: tuple[str, ...]) -> None:
    """Two - on a line would share one stdin; nothing is done then."""
    ran = store(*arguments, stdin="a\n")

    assert (2, True) == (ran.code, "- may stand on a line once; nothing was done" in ran.err)


@pytest.mark.parametrize("text", ["--hello", "-1 is my answer", "--debugging is hard"])
def test_a_text_that_looks_like_an_option_is_explained(store: Run, conversation: Make, text: str) -> None:
    """The message shows the line that works, and it does work."""
    one = conversation()
    refused = store("chat", "reply", one, text)

    assert (2, 1) == (refused.code, refused.err.count("\n"))
    assert "a text that begins with - goes behind --: commercive chat reply ID -- TEXT" in refused.err
    assert 0 == store("chat", "reply", one, "--", text).code
    assert text == last_text(store, one)


def test_a_mistyped_option_is_named_first(store: Run) -> None:
    """The nearest option is still what is asked about."""
    assert "there is no option --clsoe; did you mean --close?; a text" in store("chat", "reply", "x", "--clsoe").err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("chat", "reply", "{one}", "-"), "reading the text from the terminal, end with Ctrl-D"),
        (("chat", "reply", "{one}", "-F", "-"), "reading the text from the terminal, end with Ctrl-D"),
        (("chat", "close", "-"), "reading the ids, one a line, from the terminal, end with Ctrl-D"),
        (("chat", "show", "-"), "reading the ids, one a line, from the terminal, end with Ctrl-D"),
    ],
)
def test_reading_from_a_terminal_is_said(conversation: Make, arguments: tuple[str, ...], told: str) -> None:
    """Who waits for a prompt is told what is waited for, and how to end it."""
    one = conversation()
    typed = "Hello\n\x04" if "{one}" in arguments else f"{one}\n\x04"
    seen = run_on_terminal([each.format(one=one) for each in arguments], typed)

    assert (0, True) == (seen.code, told in seen.screen)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("locale", "text", "encoding"),
    [
        ({"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}, "Grüße".encode(), "ascii"),
        ({"LC_ALL": "C.UTF-8"}, b"caf\xe9", "utf-8"),
    ],
)
def test_the_locale_is_named_as_the_cause(locale: dict[str, str], text: bytes, encoding: str) -> None:
    """Bytes that the locale cannot hold are no fault of the text: the message says what to set, in one line."""
    command = [*PROGRAM, "chat", "send", "--user", "u", text]
    ran = done(command, env=environment(**locale))  # type: ignore[arg-type]  # bytes are what a shell passes

    assert 2 == ran.code
    assert f"the command line is not {encoding} text, which the locale says it is: set LC_ALL" in ran.err.decode()
    assert 1 == ran.err.count(b"\n")


@pytest.mark.usefixtures("store")
def test_stdin_is_utf_8_whatever_the_locale() -> None:
    """What the message about the locale advises works in any locale."""
    ran = done(
        [*PROGRAM, "chat", "send", "--user", "u", "-", "-o", "json"],
        stdin="Grüße".encode(),
        env=environment(PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", LC_ALL="C"),
    )

    assert 0 == ran.code, ran.err
