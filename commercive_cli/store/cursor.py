"""Cursors: opaque page tokens that say where a listing goes on, and refuse to go on in another listing."""

import base64
import binascii
import hashlib
import json
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.items import Key
from commercive_cli.store.schema import Table

_LONGEST = 4096


def encode_cursor(listing: str, position: dict[str, Any]) -> str:
    """Return a URL-safe token for `position` (JSON values) within the listing that `listing` describes."""
    body = json.dumps(position, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(_seal(listing, body) + body).decode().rstrip("=")


def decode_cursor(listing: str, cursor: str) -> dict[str, Any]:
    """Return the position in a token; raise Invalid when it is damaged or was made by another listing."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        seal, body = raw[:8], raw[8:]
        if len(cursor) > _LONGEST or seal != _seal(listing, body):
            raise ValueError
        position = json.loads(body)
        if not isinstance(position, dict):
            raise TypeError
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise foreign_cursor() from None
    return position


def decode_key(table: Table, cursor_part: Any, index: str | None = None) -> Key:
    """Return a part of a decoded cursor as the place of an item; raise Invalid unless it is one.

    The seal keeps accidents away, not intent: whoever knows the listing can make it. So the shape is never trusted.
    """
    types = {attribute.name: str if attribute.type == "S" else int for attribute in table.key_attributes(index)}
    if not isinstance(cursor_part, dict) or cursor_part.keys() != types.keys():
        raise foreign_cursor()
    if any(type(cursor_part[name]) is not kind or cursor_part[name] == "" for name, kind in types.items()):
        raise foreign_cursor()
    return cursor_part


def decode_place(cursor_part: Any) -> tuple[int, str]:
    """Return a part of a decoded cursor as a time (ms) and an id; raise Invalid unless it is that."""
    match cursor_part:
        case [int() as at, str() as identifier] if not isinstance(at, bool):
            return at, identifier
    raise foreign_cursor()


def foreign_cursor() -> Invalid:
    """Return the error for a cursor that no listing of ours made."""
    return Invalid(
        "cursor is damaged or belongs to another listing; repeat the same command and filters, or start without it",
        field="cursor",
    )


def _seal(listing: str, body: bytes) -> bytes:
    return hashlib.sha256(listing.encode() + b"\0" + body).digest()[:8]
