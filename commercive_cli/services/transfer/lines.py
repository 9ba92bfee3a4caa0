"""One item a line, as DynamoDB's own exports write it: {"Item": {name: attribute value}}, keys sorted, UTF-8."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import AffiliateLink, Conversation, Lead, Message
from commercive_cli.domain.money import parse_amount
from commercive_cli.store.items import Item, TextItem, decode_item, encoded_text, item_text
from commercive_cli.store.limits import check_item
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, Table

LONGEST_LINE = 8 * 1024 * 1024
"""More than an item of 400 KB can become as JSON, where a control character takes six bytes, and an emoji twelve."""

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

_LONGEST_TOTAL = len("-10000000000000.00")
_NUMBER = re.compile(r"-?[0-9]{1,200}(\.[0-9]{1,200})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_CONTENTS: Mapping[str, Any] = {"S": str, "N": str, "BOOL": bool, "NULL": bool, "M": dict, "L": list}
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


def write_line(item: Item) -> bytes:
    """Return an item as one line."""
    return line_of_text(item_text(item))


def read_line(table: Table, line: bytes) -> Item:
    """Return the item of a line; raise Invalid when it is damaged, or is no item that the table may hold."""
    if not line.endswith(b"\n"):
        longer = len(line) >= LONGEST_LINE
        raise Invalid(f"the line is longer than {LONGEST_LINE:,} bytes" if longer else "the line is cut short")
    item = _decoded(line)
    check_item(table, item)
    missing = _REQUIRED.get(table.name, frozenset()) - item.keys()
    if missing:
        raise Invalid(f"the item lacks {', '.join(sorted(missing))}")
    _check_times(table, item)
    _check_money(item)
    return item


def _decoded(line: bytes) -> Item:
    try:
        document: Any = json.loads(line)
        encoded = document["Item"]
        _check_values(encoded)
        return TextItem(decode_item(encoded), encoded_text(encoded))
    except RecursionError:
        raise Invalid("the line is nested too deep") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Invalid('the line is not of the form {"Item": {name: {type: value}}}, in JSON') from None


def _check_values(encoded: Mapping[str, Any]) -> None:
    """Refuse what is no attribute value; unknown types are left to decoding, which names them."""
    for name, tagged in encoded.items():
        value: Any
        [(tag, value)] = tagged.items()
        if not isinstance(value, _CONTENTS.get(tag, object)):
            raise Invalid(f"{name} holds a malformed value of type {tag}")
        if tag == "N" and not _NUMBER.fullmatch(value):
            raise Invalid(f"{name} holds {value[:50]!r}, which is no number")
        if tag == "M":
            _check_values(value)
        elif tag == "L":
            _check_values({f"{name}[{position}]": each for position, each in enumerate(value)})


def _check_times(table: Table, item: Item) -> None:
    for name in _TIMES:
        at = item.get(name)
        if at is None or (at == 0 and table is AFFILIATE_STATS):
            continue
        if not isinstance(at, int) or isinstance(at, bool) or at < _EARLIEST_MS:
            raise Invalid(f"{name} is {at}; a time in whole milliseconds belongs there")


def _check_money(item: Item) -> None:
    amount, total = item.get("commission_amount"), item.get("total_commission", 0)
    if amount is not None:
        parse_amount(amount)
    if isinstance(total, bool) or not isinstance(total, int | Decimal) or not _is_cents(total):
        raise Invalid(f"total_commission is {str(total)[:60]}; USD with at most two decimals belong there")


def _is_cents(amount: int | Decimal) -> bool:
    # What is longer than the largest sum of amounts is none; and it could not be rounded exactly.
    return len(str(amount)) <= _LONGEST_TOTAL and amount == round(amount, 2)
