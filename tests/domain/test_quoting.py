"""What messages repeat of the input: 80 characters at most, whole characters as a reader sees them."""

import ast
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import commercive_cli
from commercive_cli.domain.quoting import LONGEST, quoted, shortened


@given(st.text(max_size=200) | st.integers(78, 82).map("x".__mul__))
@example("x" * 81)
def test_nothing_longer_than_80_characters_is_repeated(text: str) -> None:
    """Short input is repeated whole, longer input ends in an ellipsis."""
    shown = shortened(text)

    assert len(shown) <= 80 == LONGEST
    assert (len(text) > LONGEST) == (shown != text)
    assert text.startswith(shown.removesuffix("…")) or shown == text


@pytest.mark.parametrize(
    "cluster", ["e\u0301", "👍🏽", "👩\u200d👩\u200d👧", "🇩🇪", "\r\n", "\u1112\u1161\u11ab", "❤\ufe0f", "क\u094d"]
)
@pytest.mark.parametrize("offset", range(8))
def test_no_character_is_cut_in_two(cluster: str, offset: int) -> None:
    """Accents, skin tones, families, flags and syllables stay whole or are left out."""
    shown = shortened("x" * (74 + offset % 2) + cluster * 20).removesuffix("…")[74 + offset % 2 :]

    assert shown == cluster * (len(shown) // len(cluster))


def test_a_mountain_of_accents_is_cut_all_the_same() -> None:
    """One letter with a thousand accents is no way around the limit."""
    assert LONGEST == len(shortened("e" + "\u0301" * 1000))


def test_quotes_show_where_it_begins_and_ends() -> None:
    """Control characters within quotes are escapes."""
    assert r"'a\x1b b'" == quoted("a\x1b b")
    assert f"'{'x' * 79}…'" == quoted("x" * 1000)


def test_messages_repeat_input_by_this_function_alone() -> None:
    """No message formats a value in quotes by itself, which would have no limit, but for previews of messages."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in Path(commercive_cli.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FormattedValue) and node.conversion == ord("r") and "preview(" not in ast.unparse(node)
    ]

    assert ["store_url.py"] == [each.partition(":")[0] for each in found]  # which quotes 20 plain characters at most
