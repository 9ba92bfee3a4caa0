"""The encoding of items: lossless and exact; values that cannot be stored are refused."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.items import (
    decode_item,
    decode_value,
    encode_item,
    encode_value,
    item_text,
    number_text,
    parse_number,
    text_item,
)

NUMBERS = st.integers(-(10**37), 10**37) | st.decimals(allow_nan=False, allow_infinity=False).filter(
    lambda number: len(number.as_tuple().digits) <= 38 and -130 <= number.adjusted() <= 125
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=20) | NUMBERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1, max_size=10), VALUES, max_size=6))
def test_an_item_reads_back_as_it_was_stored(item: dict[str, Any]) -> None:
    """Every text, number, boolean, list and object is read back equal: booleans as booleans, numbers exactly."""
    back = decode_item(encode_item(item))

    assert item == back
    assert _kinds(item) == _kinds(back)


@given(NUMBERS)
def test_numbers_are_plain_digits_and_exact(number: int | Decimal) -> None:
    """A number is stored as plain digits without an exponent or trailing zeros, and read back exactly."""
    text = number_text(number)

    assert number == parse_number(text)
    assert not set(text) - set("-.0123456789")
    assert "." not in text or not text.endswith(("0", "."))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Decimal("25.50"), "25.5"),
        (Decimal("0.00"), "0"),
        (Decimal("1E+3"), "1000"),
        (Decimal("100"), "100"),
        (Decimal("-0.10"), "-0.1"),
        (0, "0"),
        (10**37, "1" + "0" * 37),
    ],
)
def test_a_number_has_one_spelling(number: int | Decimal, text: str) -> None:
    """However a number was written, it is stored in its shortest spelling."""
    assert text == number_text(number)


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), ("-3", -3), ("12.50", Decimal("12.5")), ("12.00", 12), ("1E+2", 100)]
)
def test_whole_numbers_are_read_as_integers(text: str, number: int | Decimal) -> None:
    """A whole number is read as an int, however it was stored, and any other number as a Decimal."""
    read = parse_number(text)

    assert number == read
    assert type(number) is type(read)


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "ten", "", "1" * 39, "-" + "1" * 400, "1E+126", "1E+999999999"])
def test_a_number_that_dynamodb_cannot_hold_is_refused(text: str) -> None:
    """Text that is not a number, or a number beyond DynamoDB's range, is an error, so sums and comparisons are safe."""
    with pytest.raises(Invalid, match=r"is not a number|a number may have 38 digits"):
        parse_number(text)


@pytest.mark.parametrize("value", [1.5, b"x", {1, 2}, object(), Decimal("NaN"), Decimal("Infinity"), [0.1], {"a": 0.1}])
def test_a_value_that_cannot_be_stored_exactly_is_refused(value: object) -> None:
    """A float, bytes, a set, NaN or infinity is refused, never rounded or converted."""
    with pytest.raises(Invalid):
        encode_value(value)


@pytest.mark.parametrize(
    "encoded",
    [{"S": "a", "N": "1"}, {"B": "no base64"}, {"BS": [5]}, {"SS": [5]}, {"NS": ["ten"]}, {"NS": 5}, {"X": "a"}],
)
def test_what_is_no_attribute_value_is_refused(encoded: dict[str, Any]) -> None:
    """An item made elsewhere is refused where it is malformed, not misread."""
    with pytest.raises(Invalid):
        decode_value(encoded)


@pytest.mark.parametrize(
    ("encoded", "again"),
    [
        ({"B": "eA=="}, {"B": b"x"}),
        ({"B": b"x"}, {"B": b"x"}),
        ({"BS": ["eQ==", "eA=="]}, {"BS": [b"x", b"y"]}),
        ({"SS": ["b", "a"]}, {"SS": ["a", "b"]}),
        ({"NS": ["2.50", "10"]}, {"NS": ["10", "2.5"]}),
        ({"M": {"in": {"L": [{"SS": ["a"]}]}}}, {"M": {"in": {"L": [{"SS": ["a"]}]}}}),
    ],
)
def test_binaries_and_sets_are_carried_as_they_are(encoded: dict[str, Any], again: dict[str, Any]) -> None:
    """What another program stored survives get, export, import and transactions; sets have no order."""
    assert again == encode_value(decode_value(encoded))
    assert decode_value(encoded) == text_item(item_text({"x": decode_value(encoded)}))["x"]


def _kinds(value: object) -> object:
    """Return the types within a value; Python's `==` takes True for 1, and users do not."""
    match value:
        case bool() | None | str():
            return type(value)
        case dict():
            return {name: _kinds(each) for name, each in value.items()}
        case list():
            return [_kinds(each) for each in value]
    return "number"
