"""One item per line, as in DynamoDB's own exports: {"Item": {name: attribute value}}, names sorted, UTF-8."""

import re
from decimal import Decimal
from functools import cache
from typing import Any

from pydantic_core import from_json

from commercive_cli.domain.attributes import Attribute, Kind, attributes_of
from commercive_cli.domain.clock import FAR_FUTURE
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import Record
from commercive_cli.domain.money import parse_amount
from commercive_cli.domain.quoting import quoted
from commercive_cli.store.items import Item, TextItem, decode_value, encoded_text, parse_number
from commercive_cli.store.schema import Table

LONGEST_LINE = 8 * 1024 * 1024
"""In bytes; more than an item of 400 KB needs as JSON, where a control character takes six bytes, an emoji twelve."""

_EARLIEST_MS = 100_000_000_000
"""March 1973 in milliseconds. Smaller numbers are taken for times in seconds, which stay below it until 5138."""

_LONGEST_TOTAL = len("-10000000000000.00")
_NUMBER = re.compile(r"-?[0-9]{1,200}(\.[0-9]{1,200})?([eE][+-]?[0-9]{1,3})?", re.ASCII)


@cache
def _attributes(record: type[Record], *kinds: Kind) -> tuple[Attribute, ...]:
    return tuple(each for each in attributes_of(record).values() if not kinds or each.kind in kinds)


@cache
def _required(table: Table) -> frozenset[str]:
    """Return the attributes that every item of the table must have; none for `ops`, whose items differ."""
    return frozenset(each.name for each in _attributes(table.record) if each.required) if table.record else frozenset()


def line_of_text(text: str) -> bytes:
    """Return the line for the text of an item; equal items have equal lines."""
    return b'{"Item":%b}\n' % text.encode()


def read_line(table: Table, line: bytes) -> Item:
    """Return the item of a line; raise Invalid when the line is damaged, or holds no item of the table.

    Sizes and keys are not checked here, but by `check_item` and by every store.
    """
    item = parse_line(line)
    required = _required(table)
    if None in item.values() or not item.keys() >= required:
        _check_required(required, item)
    record = table.record_of(item) if table.partition.name in item else table.record
    if record is not None:
        _check_times(record, item)
        _check_money(record, item)
    return item


def parse_line(line: bytes) -> TextItem:
    """Return the item of a line, of whatever table; raise Invalid when the line is damaged."""
    if not line.endswith(b"\n"):
        longer = len(line) >= LONGEST_LINE
        raise Invalid(f"the line is longer than {LONGEST_LINE:,} bytes" if longer else "the line is truncated")
    return _parse(line)


def _check_required(required: frozenset[str], item: Item) -> None:
    lacking = [name for name in sorted(required) if item.get(name) is None]
    if lacking:
        raise Invalid(f"the item lacks {', '.join(lacking)}", field=", ".join(lacking))


def _parse(line: bytes) -> TextItem:
    try:
        document = from_json(line)
    except ValueError as error:
        raise Invalid(f"the line is not JSON: {str(error).replace('line 1 ', '')}") from None
    try:
        encoded = document["Item"]
        return (_decode_simple(encoded) if b"\\" not in line else None) or _decode_any(encoded)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Invalid('the line is not of the form {"Item": {name: {type: value}}}') from None


def _decode_simple(encoded: Any) -> TextItem | None:
    """Return the item if it holds only texts without escapes, whole numbers and flags, else None.

    Most items of most exports are like that, and their texts can be made without encoding them again.
    """
    item: Item = {}
    parts: list[str] = []
    for name in sorted(encoded):
        [(tag, value)] = encoded[name].items()
        if tag == "S" and type(value) is str:
            item[name] = value
            parts.append(f'"{name}":{{"S":"{value}"}}')
        elif tag == "N" and type(value) is str and value.isascii() and value.isdecimal() and len(value) < 20:
            item[name] = number = int(value)
            parts.append(f'"{name}":{{"N":"{number}"}}')
        elif tag == "BOOL" and type(value) is bool:
            item[name] = value
            parts.append(f'"{name}":{{"BOOL":{"true" if value else "false"}}}')
        else:
            return None
    return TextItem(item, f"{{{','.join(parts)}}}")


def _decode_any(encoded: Any) -> TextItem:
    return TextItem({name: _value(name, tagged) for name, tagged in encoded.items()}, encoded_text(encoded))


def _value(name: str, tagged: Any) -> Any:
    """Return the value of an attribute value; raise Invalid unless it is one. Text comes first, as most values are."""
    [(tag, value)] = tagged.items()
    if tag == "S" and type(value) is str:
        return value
    if tag == "N" and type(value) is str:
        if not _NUMBER.fullmatch(value):
            raise Invalid(f"{name} holds {quoted(value)}, which is not a number")
        return parse_number(value)
    if tag == "M" and type(value) is dict:
        return {each: _value(each, nested) for each, nested in value.items()}
    if tag == "L" and type(value) is list:
        return [_value(name, nested) for nested in value]
    if tag in ("S", "N", "M", "L") or (tag in ("BOOL", "NULL") and type(value) is not bool):
        raise Invalid(f"{name} holds a malformed value of type {tag}")
    return decode_value(tagged)


def _check_times(record: type[Record], item: Item) -> None:
    for attribute in _attributes(record, Kind.TIME):
        at = item.get(attribute.name)
        if at is None or at == attribute.default:
            continue
        if type(at) is not int or not _EARLIEST_MS <= at < FAR_FUTURE:
            shown = str(at)[:60]
            words = f"{attribute.name} is {shown}; it must be a time in whole milliseconds, from 1973 to 6429"
            raise Invalid(words, field=attribute.name)


def _check_money(record: type[Record], item: Item) -> None:
    for attribute in _attributes(record, Kind.AMOUNT, Kind.TOTAL):
        amount = item.get(attribute.name)
        if amount is None:
            continue
        if attribute.kind is Kind.AMOUNT:
            parse_amount(amount, attribute.name)
        elif not attribute.admits(amount) or not _is_cents(amount):
            words = f"{attribute.name} is {str(amount)[:60]}; it must be USD with at most two decimals"
            raise Invalid(words, field=attribute.name)


def _is_cents(amount: int | Decimal) -> bool:
    # A number longer than the largest sum of amounts cannot be one, and could not be rounded exactly.
    return len(str(amount)) <= _LONGEST_TOTAL and amount == round(amount, 2)
