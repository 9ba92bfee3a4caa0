"""Lines of exports: an item is read back as it was written, also when another program wrote the line."""

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
    """Every digit and character is read back, and the item's text is that of the line."""
    read = read_line(OPS, line_of(item))

    assert item == read
    assert isinstance(read, TextItem)
    assert item_text(item) == read.text


@given(ITEMS, st.booleans())
def test_a_line_may_have_other_spaces_order_and_escapes(item: Item, escaped: bool) -> None:
    """Lines that differ in spaces, the order of attributes and escapes give the same text."""
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
def test_any_json_is_read_or_refused_as_invalid(document: Any) -> None:
    """A damaged line is invalid input and never an internal error."""
    for whole in (document, {"Item": document}, {"Item": {"a": document}}):
        try:
            item = read_line(OPS, json.dumps(whole).encode() + b"\n")
        except Invalid:
            continue
        assert not any(isinstance(value, float) for value in item.values())


def test_equal_numbers_are_written_equally() -> None:
    """Equal numbers, as 12.50 and 12.5, or 1E+2 and 100, give equal lines."""
    assert line_of({"a": Decimal("12.5"), "b": 100}) == line_of({"b": Decimal("1.00E+2"), "a": Decimal("12.500")})
