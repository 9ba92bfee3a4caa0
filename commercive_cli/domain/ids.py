"""Identifiers: UUIDv7 (RFC 9562, section 5.7) whose timestamp is the item's `created_at`, and affiliate link codes."""

import re
import secrets
from collections.abc import Callable
from uuid import UUID

NewId = Callable[[int], str]
"""Makes a fresh id for an item created at the given millisecond."""

NewCode = Callable[[], str]
"""Makes a fresh candidate for an affiliate link code."""

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8
ENTROPY_BITS = 74
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
_UUID7 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_LAST_TIME = (1 << 48) - 1
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


def uuid7(at: int, entropy: int) -> str:
    """Return the UUIDv7 of a millisecond and 74 given bits."""
    rand_a, rand_b = entropy >> 62, entropy & ((1 << 62) - 1)
    return str(UUID(int=(at << 80) | _VERSION_7 | (rand_a << 64) | _VARIANT | rand_b))


def new_id(at: int) -> str:
    """Return a random UUIDv7 whose timestamp is `at` (milliseconds)."""
    return uuid7(at, secrets.randbits(ENTROPY_BITS))


def first_id(at: int) -> str:
    """Return the least UUIDv7 of the millisecond `at`, a lower bound for every id made then or later.

    Times before 1970 or after the year 10,889 do not fit into an id; for them, this is the nearest bound that fits.
    """
    return uuid7(min(max(at, 0), _LAST_TIME), 0)


def created_at_of(identifier: str) -> int | None:
    """Return the millisecond within a canonical UUIDv7, or None for an id of any other shape."""
    if not _UUID7.fullmatch(identifier):
        return None
    return int(identifier[:8] + identifier[9:13], 16)


def new_code() -> str:
    """Return eight random characters of Crockford's base32, about 1.1e12 possibilities."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def normal_code(text: str) -> str:
    """Return a link code as Crockford reads it: upper case, with O read as 0 and I and L as 1."""
    return text.strip().upper().translate(_LOOKALIKES)
