"""Cursors: they start the next page exactly where the last one ended, and are valid in one listing only."""

import string
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.cursor import decode_cursor, decode_key, decode_time_and_id, encode_cursor
from commercive_cli.store.schema import OPS

POSITIONS = st.dictionaries(
    st.text(max_size=20), st.none() | st.booleans() | st.integers() | st.text(max_size=40), max_size=4
)


@given(st.text(max_size=40), POSITIONS)
def test_a_cursor_holds_its_position(listing: str, position: dict[str, Any]) -> None:
    """A cursor gives back its position in its own listing, and is safe in a URL and in a shell."""
    cursor = encode_cursor(listing, position)

    assert position == decode_cursor(listing, cursor)
    assert not set(cursor) - set(string.ascii_letters + string.digits + "-_")


@given(st.text(max_size=40), st.text(max_size=40), POSITIONS)
def test_a_cursor_of_another_listing_is_refused(listing: str, other: str, position: dict[str, Any]) -> None:
    """A cursor is refused when the command or a filter is not the one that made it."""
    assume(listing != other)
    cursor = encode_cursor(listing, position)

    with pytest.raises(Invalid, match="another listing"):
        decode_cursor(other, cursor)


@given(st.text(max_size=10), POSITIONS, st.data())
def test_a_damaged_cursor_is_refused(listing: str, position: dict[str, Any], data: st.DataObject) -> None:
    """A cursor with one character changed, removed or added is refused, wherever that character is."""
    cursor = encode_cursor(listing, position)
    at = data.draw(st.integers(0, len(cursor) - 2))
    replacement = data.draw(st.sampled_from(string.ascii_letters + "-_ \n=+/é\0"))
    assume(replacement != cursor[at])
    damaged = [
        cursor[:at] + replacement + cursor[at + 1 :],
        cursor[:at] + replacement + cursor[at:],
        cursor[:at],
        cursor[at + 1 :],
    ]

    for each in damaged:
        with pytest.raises(Invalid):
            decode_cursor(listing, each)


@given(st.text(max_size=60))
@example("")
@example("\ud800")
@example("A" * 5_000)
@example("====")
@example("null")
def test_made_up_cursors_are_refused(cursor: str) -> None:
    """Any text that no listing made is refused as an invalid cursor; the error names the field."""
    with pytest.raises(Invalid) as refused:
        decode_cursor("listing", cursor)

    assert "cursor" == refused.value.field


def test_an_oversized_cursor_is_refused() -> None:
    """Not even a genuine cursor may have more than 32,768 characters."""
    with pytest.raises(Invalid):
        decode_cursor("listing", encode_cursor("listing", {"k": "x" * 32_000}))


def test_a_place_in_time_is_a_number_that_can_be_a_key() -> None:
    """What is larger than any key, or is none, is no place in a list."""
    assert (2**63 - 2, "a") == decode_time_and_id([2**63 - 2, "a"])
    for at in (2**63 - 1, -(2**63) + 1, True, 5.0, "5", None):
        with pytest.raises(Invalid):
            decode_time_and_id([at, "a"])


def test_a_key_has_its_names_and_no_other() -> None:
    """Whoever adds to a key, or leaves out a part, has made a cursor that no list gives out."""
    key = {"pk": "p", "sk": "s"}

    assert key == decode_key(OPS, dict(key))
    for odd in ({**key, "more": "x"}, {"pk": "p"}, {}, ["p", "s"], None):
        with pytest.raises(Invalid):
            decode_key(OPS, odd)
