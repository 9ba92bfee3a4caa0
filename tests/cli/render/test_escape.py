"""Text of users cannot control a terminal or hide other output."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.cli.render.escape import escape, escape_json, escape_lines

# Arabic and other signs of category Cf that are seen in print, and the joiners that scripts and emoji need.
VISIBLE_FORMAT = set(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u200c\u200d\U000110bd\U000110cd"
) | {chr(code) for code in range(0x13430, 0x13440)}


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
        ("[bold]não[/] 👨‍👩‍👧 نص می‌خواهم", "[bold]não[/] 👨‍👩‍👧 نص می‌خواهم"),
    ],
)
def test_what_a_terminal_would_obey_becomes_visible(raw: str, shown: str) -> None:
    """Control characters, overrides and invisible characters are escaped; scripts, emoji and markup are not."""
    assert shown == escape(raw)


@given(st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Cs"])))
def test_no_dangerous_character_survives(text: str) -> None:
    """Every control and invisible format character is escaped, those of scripts and emoji excepted."""
    assert {unicodedata.category(c) for c in escape(text) if c not in VISIBLE_FORMAT} <= {
        unicodedata.category(c) for c in "\\xU0a"
    }


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
