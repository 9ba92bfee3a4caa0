"""Items, and their lossless encoding as DynamoDB's attribute values, which both engines and exports use."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic_core import from_json

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted, shortened

Item = dict[str, Any]
"""Attribute names to str, int, Decimal, bool, None, list, dict or OtherValue. A whole number is read back as int."""

Key = dict[str, Any]
"""The key attributes of one item: names to str or int."""

AttributeValue = dict[str, Any]
"""A tagged value such as {"S": "text"} or {"N": "12.5"}."""

NUMBER_DIGITS = 38
LARGEST_EXPONENT = 125
SMALLEST_EXPONENT = -130

_CANONICAL = re.compile(r"0|-?[1-9][0-9]*(\.[0-9]*[1-9])?|-?0\.[0-9]*[1-9]", re.ASCII)
_quoted = json.encoder.encode_basestring
_MALFORMED = "an attribute value is malformed"


@dataclass(frozen=True)
class OtherValue:
    """A binary value or a set: this program makes no use of it, and carries it as it is.

    `tag` is DynamoDB's: B, SS, NS or BS. `elements` are texts (SS), numbers as texts (NS) or bytes, sorted; B has one.
    """

    tag: str
    elements: tuple[str, ...] | tuple[bytes, ...]

    def __str__(self) -> str:
        count = len(self.elements)
        return f"{len(self.elements[0])} bytes" if self.tag == "B" else f"a set of {count}"


def _base64(value: object) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is not JSON")


_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_base64).encode


class TextItem(Item):
    """An item with its encoded text, so that storing it need not encode it again; it must not be changed."""

    __slots__ = ("text",)

    def __init__(self, item: Item, text: str) -> None:
        super().__init__(item)
        self.text = text


class UnreadableItem(Item):
    """What is known of an item that cannot be read: attributes that lie apart from it, and UNREADABLE, what it holds.

    A write replaces it only if its condition names UNREADABLE, so that nobody does so without knowing.
    """


class UnreachableItem(UnreadableItem):
    """What is known of an item whose key cannot be read either, so that no page can start behind it."""


def item_text(item: Mapping[str, Any]) -> str:
    """Return the item as JSON of attribute values: names sorted, no spaces, so equal items have equal texts."""
    return item.text if isinstance(item, TextItem) else _json(encode_item(item))


def encoded_text(encoded: Mapping[str, AttributeValue]) -> str:
    """Return the text of an item from its attribute values; fast for texts, flags and numbers in our own spelling.

    Raises Invalid for what are no attribute values.
    """
    try:
        return _fast_text(encoded) or item_text(decode_item(encoded))
    except (AttributeError, TypeError):
        raise Invalid(_MALFORMED) from None


def _fast_text(encoded: Mapping[str, AttributeValue]) -> str:
    """Return the text of an item, nothing where it holds something else than texts, flags and such numbers."""
    parts: list[str] = []
    for name in sorted(encoded):
        if len(encoded[name]) != 1:
            return ""
        [(tag, value)] = encoded[name].items()
        if tag == "S":
            parts.append(f'{_quoted(name)}:{{"S":{_quoted(value)}}}')
        elif tag == "N" and _CANONICAL.fullmatch(value):
            parts.append(f'{_quoted(name)}:{{"N":"{value}"}}')
        elif tag == "BOOL":
            parts.append(f'{_quoted(name)}:{{"BOOL":{"true" if value else "false"}}}')
        else:
            return ""
    return f"{{{','.join(parts)}}}"


def text_item(text: str) -> Item:
    """Return the item of a text; the inverse of `item_text`."""
    return decode_item(from_json(text))


def encode_item(item: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """Return the item as attribute values; raise Invalid on floats and other unknown types."""
    return {name: encode_value(value) for name, value in item.items()}


def decode_item(encoded: Mapping[str, AttributeValue]) -> Item:
    """Return the item of these attribute values; the inverse of `encode_item`. Raises Invalid for what are none."""
    try:  # texts are decoded here for speed: most values are text, and whole tables are decoded by this
        return {n: v["S"] if "S" in v and len(v) == 1 else decode_value(v) for n, v in encoded.items()}
    except (AttributeError, TypeError):
        raise Invalid(_MALFORMED) from None


def encode_value(value: Any) -> AttributeValue:
    """Return one value as an attribute value. Source: DynamoDB Developer Guide, "Supported data types"."""
    if type(value) is str:  # for speed: most values are text, and whole tables are encoded by this
        return {"S": value}
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": number_text(value)}
        case None:
            return {"NULL": True}
        case dict():
            return {"M": encode_item(value)}
        case list() | tuple():
            return {"L": [encode_value(each) for each in value]}
        case OtherValue("B", (element,)):
            return {"B": element}
        case OtherValue(tag, elements):
            return {tag: list(elements)}
    raise Invalid(f"a value of type {type(value).__name__} cannot be stored; use text, Decimal, bool, list or dict")


def decode_value(encoded: AttributeValue) -> Any:
    """Return the value of one attribute value; raise Invalid for what is none, and types that are not supported."""
    if len(encoded) != 1:
        raise Invalid(f"an attribute value holds {'more than one' if encoded else 'no'} type tag")
    [(tag, value)] = encoded.items()
    match tag:
        case "S" | "BOOL":
            return value
        case "N":
            return parse_number(value)
        case "NULL":
            return None
        case "M":
            return decode_item(value)
        case "L":
            return [decode_value(each) for each in value]
    return _other_value(tag, value)


def _other_value(tag: str, value: Any) -> OtherValue:
    """Return a binary value or set; bytes come as base64 in JSON, and as bytes from botocore."""
    try:
        match tag:
            case "B":
                return OtherValue(tag, (_bytes(value),))
            case "BS":
                return OtherValue(tag, tuple(sorted(map(_bytes, value))))
            case "SS" if all(type(each) is str for each in value):
                return OtherValue(tag, tuple(sorted(value)))
            case "NS":
                return OtherValue(tag, tuple(sorted(number_text(parse_number(each)) for each in value)))
    except (TypeError, ValueError):
        raise Invalid(f"an attribute value of type {tag} is malformed") from None
    raise Invalid(f"attribute type {tag} is unknown")


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else b64decode(value, validate=True)


def number_text(number: int | Decimal) -> str:
    """Return a finite number as DynamoDB writes it: plain digits without trailing zeros."""
    if isinstance(number, int):
        return str(number)
    if not number.is_finite():
        raise Invalid(f"{shortened(number)} is not a number that can be stored")
    return f"{_trimmed(number):f}" if number else "0"


def parse_number(text: str) -> int | Decimal:
    """Return the number in an attribute value: int when it is whole, an exact Decimal otherwise.

    Raises Invalid when the text is not a number, or not one that DynamoDB can hold.
    """
    if len(text) <= NUMBER_DIGITS and (text.isdecimal() or text.removeprefix("-").isdecimal()):
        return int(text)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Invalid(f"{quoted(text)} is not a number") from None
    significant_digits(number)
    return int(number) if number == number.to_integral_value() else number


def significant_digits(number: Decimal) -> int:
    """Return how many digits a number has without zeros at its ends; raise Invalid when DynamoDB cannot hold it.

    Source: DynamoDB Developer Guide, "Item sizes and formats".
    """
    if not number.is_finite():
        raise Invalid(f"{shortened(number)} is not a number that can be stored")
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    magnitude = number.adjusted() if digits else 0
    if len(digits) > NUMBER_DIGITS or not SMALLEST_EXPONENT <= magnitude <= LARGEST_EXPONENT:
        raise Invalid(f"a number may have {NUMBER_DIGITS} digits and a size of 1E-130 to 9.9E+125")
    return len(digits)


def _trimmed(number: Decimal) -> Decimal:
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int), "a finite Decimal has an integer exponent"
    while len(digits) > 1 and digits[-1] == 0 and exponent < 0:
        digits, exponent = digits[:-1], exponent + 1
    return Decimal((sign, digits, exponent))
