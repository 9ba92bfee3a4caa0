"""The one filter through which the texts of libraries and servers pass before people or logs see them.

It knows the secrets that this process was given, and how secrets usually look.
"""

import hmac
import re
from collections.abc import Iterable
from functools import cache

SHORTEST = 8
"""Characters; what is shorter is no secret worth hiding, but may be a word that stands in any message."""

_HIDDEN = "(secret)"
_PATTERNS = (
    (r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", _HIDDEN),
    (r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", _HIDDEN),
    (r"\bsb_secret_[\w-]+", _HIDDEN),
    (r"\b((?i:bearer)) +[\w.~+/=-]{8,}", rf"\1 {_HIDDEN}"),
    (
        r"\b((?i:x-amz-security-token|(?:x-amz-)?signature|apikey|password))(\s*[:=]\s*)\S+",
        rf"\1\2{_HIDDEN}",
    ),
    (r"(?<=://)[^\s/@:]*:[^\s/@]*(?=@)", _HIDDEN),
)
"""Keys of AWS, tokens (RFC 7519), keys of Supabase, values of headers and parameters, and passwords in URLs."""

_known: set[str] = set()


def remember_secrets(secrets: Iterable[str | None]) -> None:
    """Hide these values from now on, also in part: a library may quote the one part that it could not read."""
    for secret in secrets:
        if secret:
            _known.update(piece for piece in re.findall(r"[!-~]+", secret) if len(piece) >= SHORTEST)


def is_one_of(given: str, secrets: Iterable[str]) -> bool:
    """Return whether a text is one of these secrets; how long that takes tells nothing of them but their lengths."""
    held = given.encode("utf-8", "replace")
    return sum(hmac.compare_digest(held, secret.encode()) for secret in secrets) > 0


def redact(text: str) -> str:
    """Return the text without secrets."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    for pattern, replacement in _compiled():
        text = pattern.sub(replacement, text)
    return text


@cache
def _compiled() -> list[tuple[re.Pattern[str], str]]:
    """Return the patterns; most commands have nothing to hide, and need none."""
    return [(re.compile(pattern), replacement) for pattern, replacement in _PATTERNS]
