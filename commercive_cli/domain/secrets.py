"""The one filter through which the texts of libraries and servers pass before people or logs see them.

It knows the secrets that this process was given, and how secrets usually look.
"""

import re
from collections.abc import Iterable

SHORTEST = 8
"""Characters; what is shorter is no secret worth hiding, but may be a word that stands in any message."""

_HIDDEN = "(secret)"
_VISIBLE = re.compile(r"[!-~]+")
_PATTERNS = (
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), _HIDDEN),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), _HIDDEN),
    (re.compile(r"\bsb_secret_[\w-]+"), _HIDDEN),
    (re.compile(r"\b(bearer) +[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    (
        re.compile(r"\b(x-amz-security-token|(?:x-amz-)?signature|apikey|password)(\s*[:=]\s*)\S+", re.IGNORECASE),
        rf"\1\2{_HIDDEN}",
    ),
    (re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]*(?=@)"), _HIDDEN),
)
"""Keys of AWS, tokens (RFC 7519), keys of Supabase, values of headers and parameters, and passwords in URLs."""

_known: set[str] = set()


def remember_secrets(secrets: Iterable[str | None]) -> None:
    """Hide these values from now on, also in part: a library may quote the one part that it could not read."""
    for secret in secrets:
        _known.update(piece for piece in _VISIBLE.findall(secret or "") if len(piece) >= SHORTEST)


def redact(text: str) -> str:
    """Return the text without secrets."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
