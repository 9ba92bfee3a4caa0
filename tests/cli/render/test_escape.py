"""Text of users cannot control a terminal or hide other output."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.cli.render.escape import escape, escape_json, escape_lines
from tests.cli.hidden import HIDDEN


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u202egnp.exe", r"a\u202egnp.exe"),
        ("line\nbreak\r\ttab\x00\x7f", r"line\nbreak\r\ttab\x00\x7f"),
        ("\u2028\u2029\ufeff\u200b\u2066", r"\u2028\u2029\ufeff\u200b\u2066"),
        ("\U000e0041", r"\U000e0041"),
        ("\udce9", r"\udce9"),
        ("[bold]não[/] 👨‍👩‍👧 می‌خ", r"[bold]não[/] 👨\u200d👩\u200d👧 می\u200cخ"),
        ("♥\ufe0f ✔\ufe0e 👍🏽 é 한국어", "♥\ufe0f ✔\ufe0e 👍🏽 é 한국어"),
        ("a\ufe0f ♥\ufe0f\ufe0f ♥\ufe01 葛\U000e0100", r"a\ufe0f ♥️\ufe0f ♥\ufe01 葛\U000e0100"),
        ("a\u115fb\u3164c\u2800d\u034fe\ufffff", r"a\u115fb\u3164c\u2800d\u034fe\ufffff"),
    ],
)
def test_what_a_terminal_would_obey_becomes_visible(raw: str, shown: str) -> None:
    """Control characters, overrides and invisible characters are escaped; scripts, emoji and markup are not."""
    assert shown == escape(raw)


def test_no_hidden_character_survives() -> None:
    """Of all code points, exactly those are escaped that are hidden by Unicode's tables, each visibly and by itself."""
    escaped = {character for character in map(chr, range(0x110000)) if escape(character) != character}

    assert HIDDEN == escaped
    assert {True} == {escape(f"a{character}").isascii() for character in HIDDEN}


@given(st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "L"])))
def test_line_breaks_can_be_kept(text: str) -> None:
    """Prose keeps its line breaks; all other dangerous characters are escaped."""
    assert [escape(line) for line in text.split("\n")] == escape_lines(text).split("\n")


@given(st.text())
def test_json_means_the_same(text: str) -> None:
    """An escaped JSON document has the same value, and no character that a terminal interprets."""
    written = escape_json(json.dumps(text, ensure_ascii=False))

    assert text == json.loads(written)
    assert written == escape(written)
