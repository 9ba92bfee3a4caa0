"""Settings of the API, from the environment alone: who may call it, from which pages, and which Supabase project."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.links import DASHBOARD_URL

AuthMode = Literal["jwt", "none"]
CorsHeaders = Literal["api", "url"]
AUTH_MODES: tuple[AuthMode, ...] = ("jwt", "none")
CORS_HEADERS: tuple[CorsHeaders, ...] = ("api", "url")
SHORTEST_SECRET = 32
"""Bytes of an HS256 key; a shorter one is weaker than the hash (RFC 7518, section 3.2)."""

_LOOPBACK = r"(localhost|127\.0\.0\.1|\[::1\])"
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?", re.ASCII)
_SAFE_URL = re.compile(rf"(https://[^\s/?#@]+|http://{_LOOPBACK}(:[0-9]+)?)(/[^\s?#]*)?", re.ASCII)


@dataclass(frozen=True)
class TokenSettings:
    """Which access tokens are accepted: the issuer, and its shared secret (HS256) or its key set (ES256, RS256)."""

    issuer: str
    secret: str | None = None
    jwks_url: str = ""


@dataclass(frozen=True)
class SupabaseSettings:
    """The project whose `affiliate` table gets a copy of each link, and the key that may write it."""

    url: str
    key: str


@dataclass(frozen=True)
class APISettings:
    """Settings of the API. `tokens` is None in mode none alone; rate limits store addresses hashed with `address_key`.

    With `origins` None, CORS is left to a proxy in front of the API. `cors_headers` (COMMERCIVE_CORS_HEADERS) says who
    sends the headers that let pages on the list read answers: `api`, or `url` for the Function URL, whose CORS settings
    then must name the same origins. Requests from other pages are refused either way.
    """

    auth: AuthMode
    address_key: bytes
    tokens: TokenSettings | None = None
    origins: tuple[str, ...] | None = None
    supabase: SupabaseSettings | None = None
    cors_headers: CorsHeaders = "api"


def load_api(
    environ: Mapping[str, str], *, auth: str | None = None, origins: tuple[str, ...] | None = None
) -> APISettings:
    """Return the API's settings; `auth` and `origins` come from the command line.

    Raises Invalid naming the variable that is missing or wrong, as when mode jwt has no issuer.
    """
    mode: AuthMode = choose(auth or environ.get("COMMERCIVE_API_AUTH") or "jwt", AUTH_MODES, "COMMERCIVE_API_AUTH")
    url = _safe_url(environ, "COMMERCIVE_SUPABASE_URL")
    return APISettings(
        auth=mode,
        tokens=_tokens(environ, url) if mode == "jwt" else None,
        address_key=_address_key(environ, mode),
        origins=_origins(environ.get("COMMERCIVE_CORS_ORIGINS"), origins),
        supabase=_supabase(environ, url),
        cors_headers=choose(environ.get("COMMERCIVE_CORS_HEADERS") or "api", CORS_HEADERS, "COMMERCIVE_CORS_HEADERS"),
    )


def _tokens(environ: Mapping[str, str], url: str) -> TokenSettings:
    issuer = _safe_url(environ, "COMMERCIVE_JWT_ISSUER") or (f"{url}/auth/v1" if url else "")
    if not issuer:
        raise Invalid(
            "the issuer of access tokens is not set: set COMMERCIVE_SUPABASE_URL, or COMMERCIVE_JWT_ISSUER; "
            "to try the API locally without tokens, pass --auth none"
        )
    secret = environ.get("COMMERCIVE_JWT_SECRET") or None
    if secret is not None and len(secret.encode()) < SHORTEST_SECRET:
        raise Invalid(f"COMMERCIVE_JWT_SECRET must have at least {SHORTEST_SECRET} bytes")
    jwks_url = _safe_url(environ, "COMMERCIVE_JWKS_URL") or f"{issuer}/.well-known/jwks.json"
    return TokenSettings(issuer, secret, jwks_url)


def _supabase(environ: Mapping[str, str], url: str) -> SupabaseSettings | None:
    key = environ.get("COMMERCIVE_SUPABASE_KEY", "")
    if not key.isascii() or not key.isprintable():
        raise Invalid("COMMERCIVE_SUPABASE_KEY must be printable ASCII, as it goes into a header")
    return SupabaseSettings(url, key) if url and key else None


def _address_key(environ: Mapping[str, str], mode: AuthMode) -> bytes:
    key = environ.get("COMMERCIVE_ADDRESS_KEY", "").encode()
    if not key and mode == "none":
        return secrets.token_bytes(SHORTEST_SECRET)
    if len(key) < SHORTEST_SECRET:
        raise Invalid(
            f"COMMERCIVE_ADDRESS_KEY must hold {SHORTEST_SECRET} random bytes or more, such as `openssl rand -hex 32` "
            "prints; the rate limits store callers' addresses hashed with it"
        )
    return key


def _origins(listed: str | None, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if listed is None and given is None:
        return None
    return tuple(_origin(each) for each in (*(listed or "").replace(",", " ").split(), *(given or ())))


def _origin(origin: str) -> str:
    if not _ORIGIN.fullmatch(origin):
        raise Invalid(
            f"CORS origin {origin[:80]!r} must be exact, like {DASHBOARD_URL}: no path, no wildcard, lower case"
        )
    return origin


def _safe_url(environ: Mapping[str, str], variable: str) -> str:
    """Return a URL without its trailing slash; http is allowed for this machine only."""
    url = environ.get(variable, "")
    if url and not _SAFE_URL.fullmatch(url):
        raise Invalid(f"{variable} must be an https URL, or http on this machine, without a query")
    return url.rstrip("/")
