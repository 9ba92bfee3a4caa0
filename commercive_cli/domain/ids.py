"""Identifiers: UUIDv7 (RFC 9562, section 5.7) whose timestamp is the item's `created_at`, and affiliate link codes."""

import re
import secrets
from collections.abc import Callable
from unicodedata import normalize
from urllib.parse import unquote
from uuid import UUID

NewId = Callable[[int], str]
"""Makes a fresh id for an item created at the given millisecond."""

NewCode = Callable[[], str]
"""Makes a fresh candidate for an affiliate link code."""

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8
ENTROPY_BITS = 74
LONGEST_CODE = 128
PASTED_LENGTH = 2_048
"""The longest text that is looked into for a link code, in characters: a whole address may be pasted."""

CANONICAL_CODE = re.compile("[0-9A-Z]+")
"""The form of our own codes, which have a claim of their own; imported codes can have it, too."""
_UNSEEN = re.compile(
    "[\\s\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+"
)
_REF = re.compile("(?:^|[?&#])ref=([^?&#]*)", re.IGNORECASE)
_PARAMETERS = re.compile("[?&#]")
_WITHIN = re.compile(r"[^\W_](?:.*[^\W_])?", re.DOTALL)
"""From the first letter or digit to the last one."""
_SEPARATORS = re.compile(r"[\W_]+")
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


def code_spellings(typed: str) -> tuple[str, ...]:
    """Return the link codes that a typed or pasted text can mean, best first, of 1 to 128 characters each.

    The text as it is, for imported codes; the code within it, that is the `ref` of an address or what stands before a
    `?`, `&` or `#`, without invisible characters, spaces and the punctuation around it; and that in capitals without
    separators, as our own codes are. O, I and L stay what they are: codes of the old system hold them. A text of more
    than 2,048 characters is no code.
    """
    stripped = typed.strip()
    if len(stripped) > PASTED_LENGTH:
        return ()
    visible = _UNSEEN.sub("", normalize("NFKC", stripped))
    ref = _REF.search(visible)
    found = _WITHIN.search(unquote(ref[1]) if ref else _PARAMETERS.split(visible)[0])
    within = found[0] if found else ""
    spellings = dict.fromkeys((stripped, within, _SEPARATORS.sub("", within).upper()))
    return tuple(code for code in spellings if 0 < len(code) <= LONGEST_CODE)
