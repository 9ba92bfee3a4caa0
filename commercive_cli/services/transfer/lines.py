"""One item a line, as DynamoDB's own exports write it: {"Item": {name: attribute value}}, keys sorted, UTF-8."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.money import parse_amount
from commercive_cli.store.items import Item, decode_item, encode_item
from commercive_cli.store.limits import check_item
from commercive_cli.store.schema import Table

_TIMES = (
    "created_at",
    "updated_at",
    "last_message_at",
    "waiting_since",
    "closed_at",
    "reviewed_at",
    "last_updated",
)
_EARLIEST_MS = 100_000_000_000
"""March 1973 in milliseconds; anything less is a time in seconds until the year 5138."""


def write_line(item: Item) -> bytes:
    """Return an item as one line, equal bytes for equal items."""
    document = {"Item": encode_item(item)}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def read_line(table: Table, line: bytes) -> Item:
    """Return the item of a line; raise Invalid when it is damaged, or is no item that the table may hold."""
    if not line.endswith(b"\n"):
        raise Invalid("the line is cut short")
    item = _decoded(line)
    check_item(table, item)
    _check_values(table, item)
    return item


def _decoded(line: bytes) -> Item:
    try:
        document: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise Invalid("the line is not JSON") from None
    if not isinstance(document, dict) or not isinstance(document.get("Item"), dict):
        raise Invalid('the line is not of the form {"Item": {...}}')
    try:
        return decode_item(document["Item"])
    except (AttributeError, TypeError, ValueError, InvalidOperation):
        raise Invalid("the line holds a malformed attribute value") from None


def _check_values(table: Table, item: Item) -> None:
    for name in _TIMES:
        at = item.get(name)
        if at is None or (table.name == "affiliate_stats" and at == 0):
            continue
        if not isinstance(at, int) or isinstance(at, bool) or at < _EARLIEST_MS:
            raise Invalid(f"{name} is {at}; a time in whole milliseconds belongs there")
    if item.get("commission_amount") is not None:
        parse_amount(item["commission_amount"])
    total = item.get("total_commission", 0)
    if not isinstance(total, int | Decimal) or (Decimal(total) * 100) % 1:
        raise Invalid(f"total_commission is {total}; USD with at most two decimals belong there")
