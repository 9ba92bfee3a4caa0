"""Text that users wrote reaches the terminal as text, whatever it holds and whatever the format."""

import pytest

from tests.e2e.conftest import Program

HOSTILE = "red \x1b[31malert\x1b[0m [/b] [bold]x \u202egnp.exe\u202c \x07\x9b2J \u2066hidden\u2069 =1+1"
RAW = ("\x1b", "\x07", "\x9b", "\u202e", "\u202c", "\u2066", "\u2069")
FORMATS = ("table", "json", "jsonl", "csv", "ids")


@pytest.fixture
def conversation(embedded: Program) -> str:
    """A conversation whose only message is hostile."""
    embedded("tables", "create")
    sent = embedded("chat", "send", "--user", "u\x1b[2J", "--store-url", "s.com", "-F", "-", stdin=HOSTILE.encode())
    assert 0 == sent.code, sent.err
    return embedded("chat", "list", "-o", "ids").out.strip()


@pytest.mark.parametrize("output", FORMATS)
def test_no_format_lets_a_control_character_through(embedded: Program, conversation: str, output: str) -> None:
    """Lists and threads hold no raw escape sequence, bell or bidirectional override in any format."""
    shown = [
        embedded("chat", "list", "-o", output),
        embedded("chat", "show", conversation, "-o", output),
        embedded("chat", "reply", conversation, HOSTILE, "--dry-run", "-o", output),
        embedded("chat", "search", "alert", "-o", output),
        embedded("chat", "report", "-o", output),
        embedded("chat", "export", "--format", "csv" if output == "csv" else "json" if output == "json" else "md"),
    ]

    assert [0] * 6 == [ran.code for ran in shown]
    assert [] == [c for c in RAW for ran in shown if c in ran.out + ran.err]


def test_json_keeps_the_text(embedded: Program, conversation: str) -> None:
    """What is made inert on the way out is still the same text to a program that reads the JSON."""
    shown = embedded("chat", "show", conversation, "-o", "json").json

    assert HOSTILE == shown["messages"][0]["message_text"]


def test_markup_is_shown_as_typed(embedded: Program, conversation: str) -> None:
    """Square brackets that look like markup come out as they were typed."""
    assert "[/b] [bold]x" in embedded("chat", "show", conversation).out


@pytest.mark.parametrize("text", [b"half \xed\xa0\x80 of a pair", b"nul \0 byte"])
def test_what_no_store_can_carry_is_refused(embedded: Program, text: bytes) -> None:
    """NUL characters and halves of surrogate pairs are refused with exit code 2, and nothing is stored."""
    embedded("tables", "create")
    refused = embedded("chat", "send", "--user", "u", "--store-url", "s.com", "-F", "-", stdin=text)

    assert 2 == refused.code
    assert 1 == refused.err.count("\n")
    assert "" == embedded("chat", "list", "-o", "ids").out
