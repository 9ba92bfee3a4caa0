"""Lines: whatever an item holds, it reads back as it was, from our own lines and from others' spellings of them."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.transfer.jsonl import line_of_text, read_line
from commercive_cli.store.items import Item, TextItem, encode_item, item_text
from commercive_cli.store.schema import OPS

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)
NUMBERS = st.one_of(
    st.integers(-(10**37), 10**37),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20),
)
SCALARS = st.one_of(st.text(st.characters(codec="utf-8"), max_size=20), NUMBERS, st.booleans(), st.none())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=6).map(
    lambda item: {name: value for name, value in item.items() if name not in ("at", "created_at", "total_commission")}
)


def line_of(item: Item) -> bytes:
    return line_of_text(item_text(item))


@given(ITEMS)
def test_an_item_reads_back_as_it_was_written(item: Item) -> None:
    """Every digit and every character, and the text that is handed on is the item's own."""
    read = read_line(OPS, line_of(item))

    assert item == read
    assert isinstance(read, TextItem)
    assert item_text(item) == read.text


@given(ITEMS, st.booleans())
def test_how_a_line_is_spelled_does_not_matter(item: Item, escaped: bool) -> None:
    """Spaces, the order of attributes and escapes are a matter of taste; the text is the same."""
    shuffled = dict(reversed(encode_item(item).items()))
    line = json.dumps({"Item": shuffled}, ensure_ascii=escaped, indent=None).encode() + b"\r\n"

    assert line_of(item) == line_of(read_line(OPS, line))


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=3)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(["Item", "S", "N", "M", "L", "BOOL", "NULL", "B"]), inner, max_size=2),
        ),
        max_leaves=8,
    )
)
def test_no_json_makes_reading_fail_in_another_way_than_refusing(document: Any) -> None:
    """A damaged line is an error of the input, never one of the program."""
    for whole in (document, {"Item": document}, {"Item": {"a": document}}):
        try:
            item = read_line(OPS, json.dumps(whole).encode() + b"\n")
        except Invalid:
            continue
        assert not any(isinstance(value, float) for value in item.values())


def test_equal_numbers_are_written_equally() -> None:
    """12.50 is 12.5, and a whole number has no point."""
    assert line_of({"a": Decimal("12.5"), "b": 100}) == line_of({"b": Decimal("1.00E+2"), "a": Decimal("12.500")})
