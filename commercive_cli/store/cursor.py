"""Cursors: opaque page tokens that say where a listing goes on, and refuse to go on in another listing."""

import base64
import binascii
import hashlib
import json
from typing import Any

from commercive_cli.domain.errors import Invalid

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
    except (ValueError, binascii.Error):
        raise Invalid(
            "cursor is damaged or belongs to another listing; repeat the same command and filters, or start without it",
            field="cursor",
        ) from None
    assert isinstance(position, dict), "a sealed body is what encode_cursor made"
    return position


def _seal(listing: str, body: bytes) -> bytes:
    return hashlib.sha256(listing.encode() + b"\0" + body).digest()[:8]
