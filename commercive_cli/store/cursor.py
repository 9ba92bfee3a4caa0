"""Cursors: opaque page tokens that say where the next page of a listing starts, and are valid for that listing only."""

import base64
import binascii
import hashlib
import json
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.items import Key
from commercive_cli.store.limits import LARGEST_KEY_NUMBER, check_key
from commercive_cli.store.schema import Table

_LONGEST_CURSOR = 32_768
"""Room for a key in each partition of a listing, at the 2 KB that a partition key may have."""


def encode_cursor(listing: str, position: dict[str, Any]) -> str:
    """Return a URL-safe token for `position` (JSON values) within the listing that `listing` describes."""
    text = json.dumps(position, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    body = text.encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(_checksum(listing, body) + body).decode().rstrip("=")


def decode_cursor(listing: str, cursor: str, *, longest: int = _LONGEST_CURSOR) -> dict[str, Any]:
    """Return the position in a token; raise Invalid when it is damaged, too long or was made by another listing."""
    if len(cursor) > longest:
        raise invalid_cursor()
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        checksum, body = raw[:8], raw[8:]
        if checksum != _checksum(listing, body):
            raise ValueError
        position = json.loads(body)
        if not isinstance(position, dict):
            raise TypeError
        json.dumps(position, ensure_ascii=False).encode()  # JSON's escapes can stand for what no text has
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise invalid_cursor() from None
    return position


def decode_key(table: Table, cursor_part: Any, index: str | None = None) -> Key:
    """Return a part of a decoded cursor as the key of an item; raise Invalid unless it is one.

    The checksum finds accidents, not attacks: anybody who knows the listing can make it. So the shape is checked again.
    """
    names = {attribute.name for attribute in table.key_attributes(index)}
    if not isinstance(cursor_part, dict) or cursor_part.keys() != names:
        raise invalid_cursor()
    try:
        check_key(table, cursor_part, index)
    except Invalid:
        raise invalid_cursor() from None
    return cursor_part


def check_start(place: Any, since: Any, until: Any = None) -> None:
    """Raise Invalid when the sort key after which a page starts lies beyond the bounds of its listing (`Query`)."""
    if (since is not None and place <= since) or (until is not None and place > until):
        raise invalid_cursor()


def decode_time_and_id(cursor_part: Any) -> tuple[int, str]:
    """Return a part of a decoded cursor as a time (ms) and an id; raise Invalid unless it is that."""
    match cursor_part:
        case [int() as at, str() as identifier] if not isinstance(at, bool) and abs(at) < LARGEST_KEY_NUMBER:
            return at, identifier
    raise invalid_cursor()


def invalid_cursor() -> Invalid:
    """Return the error for a cursor that is damaged or was made by another listing."""
    return Invalid(
        "cursor is damaged or belongs to another listing; repeat the same command and filters, or start without it",
        field="cursor",
    )


def _checksum(listing: str, body: bytes) -> bytes:
    return hashlib.sha256(listing.encode() + b"\0" + body).digest()[:8]
