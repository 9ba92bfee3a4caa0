"""One item a line, as DynamoDB's own exports write it: {"Item": {name: attribute value}}, keys sorted, UTF-8."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic_core import from_json

from commercive_cli.domain.clock import FAR_FUTURE
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import AffiliateLink, Conversation, Lead, Message
from commercive_cli.domain.money import parse_amount
from commercive_cli.store.items import Item, TextItem, decode_value, encoded_text, parse_number
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table

LONGEST_LINE = 8 * 1024 * 1024
"""More than an item of 400 KB can become as JSON, where a control character takes six bytes, and an emoji twelve."""

_TIMES: Mapping[str, tuple[str, ...]] = {
    CONVERSATIONS.name: ("created_at", "updated_at", "last_message_at", "waiting_since", "closed_at"),
    MESSAGES.name: ("created_at",),
    LEADS.name: ("created_at", "updated_at", "reviewed_at"),
    AFFILIATE_LINKS.name: ("created_at", "updated_at"),
    AFFILIATE_STATS.name: ("last_updated",),
    OPS.name: ("created_at", "at"),
}
_EARLIEST_MS = 100_000_000_000
"""March 1973 in milliseconds; anything less is a time in seconds until the year 5138."""

_LONGEST_TOTAL = len("-10000000000000.00")
_NOTHING: frozenset[str] = frozenset()
_NUMBER = re.compile(r"-?[0-9]{1,200}(\.[0-9]{1,200})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_REQUIRED: Mapping[str, frozenset[str]] = {
    table.name: frozenset(name for name, field in record.model_fields.items() if field.is_required())
    for table, record in (
        (CONVERSATIONS, Conversation),
        (MESSAGES, Message),
        (LEADS, Lead),
        (AFFILIATE_LINKS, AffiliateLink),
    )
}


def line_of_text(text: str) -> bytes:
    """Return the line of an item's text, equal bytes for equal items."""
    return b'{"Item":%b}\n' % text.encode()


def read_line(table: Table, line: bytes) -> Item:
    """Return the item of a line; raise Invalid when it is damaged, or is no item of the table.

    Sizes and keys are not looked at: `check_item` does that, and so does every store.
    """
    if not line.endswith(b"\n"):
        longer = len(line) >= LONGEST_LINE
        raise Invalid(f"the line is longer than {LONGEST_LINE:,} bytes" if longer else "the line is cut short")
    item = _decoded(line)
    required = _REQUIRED.get(table.name, _NOTHING)
    if None in item.values() or not item.keys() >= required:
        _check_required(required, item)
    _check_times(table, item)
    if table is LEADS or table is AFFILIATE_STATS:
        _check_money(item)
    return item


def _check_required(required: frozenset[str], item: Item) -> None:
    lacking = [name for name in sorted(required) if item.get(name) is None]
    if lacking:
        raise Invalid(f"the item lacks {', '.join(lacking)}")


def _decoded(line: bytes) -> Item:
    try:
        document = from_json(line)
    except ValueError as error:
        raise Invalid(f"the line is not JSON: {str(error).replace('line 1 ', '')}") from None
    try:
        encoded = document["Item"]
        return (_plain(encoded) if b"\\" not in line else None) or _any(encoded)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Invalid('the line is not of the form {"Item": {name: {type: value}}}') from None


def _plain(encoded: Any) -> TextItem | None:
    """Return the item of texts, whole numbers and flags in which nothing is escaped, or None when there is more to it.

    Most lines of most exports are like that, and their text can be put together without encoding it again.
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


def _any(encoded: Any) -> TextItem:
    return TextItem({name: _value(name, tagged) for name, tagged in encoded.items()}, encoded_text(encoded))


def _value(name: str, tagged: Any) -> Any:
    """Return what an attribute value holds; raise Invalid unless it is one. Most are text, so that goes first."""
    [(tag, value)] = tagged.items()
    if tag == "S" and type(value) is str:
        return value
    if tag == "N" and type(value) is str:
        if not _NUMBER.fullmatch(value):
            raise Invalid(f"{name} holds {value[:50]!r}, which is no number")
        return parse_number(value)
    if tag == "M" and type(value) is dict:
        return {each: _value(each, nested) for each, nested in value.items()}
    if tag == "L" and type(value) is list:
        return [_value(name, nested) for nested in value]
    if tag in ("S", "N", "M", "L") or (tag in ("BOOL", "NULL") and type(value) is not bool):
        raise Invalid(f"{name} holds a malformed value of type {tag}")
    return decode_value(tagged)


def _check_times(table: Table, item: Item) -> None:
    for name in _TIMES[table.name]:
        at = item.get(name)
        if at is None or (at == 0 and table is AFFILIATE_STATS):
            continue
        if type(at) is not int or not _EARLIEST_MS <= at < FAR_FUTURE:
            raise Invalid(f"{name} is {str(at)[:60]}; a time in whole milliseconds, from 1973 to 6429, belongs there")


def _check_money(item: Item) -> None:
    amount, total = item.get("commission_amount"), item.get("total_commission", 0)
    if amount is not None:
        parse_amount(amount)
    if isinstance(total, bool) or not isinstance(total, int | Decimal) or not _is_cents(total):
        raise Invalid(f"total_commission is {str(total)[:60]}; USD with at most two decimals belong there")


def _is_cents(amount: int | Decimal) -> bool:
    # What is longer than the largest sum of amounts is none; and it could not be rounded exactly.
    return len(str(amount)) <= _LONGEST_TOTAL and amount == round(amount, 2)
