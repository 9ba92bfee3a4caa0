"""Settings of the API, from the environment alone: who may call it, from which pages, and which Supabase project."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.links import DASHBOARD_URL
from commercive_cli.domain.quoting import quoted
from commercive_cli.settings.fallback import FallbackSettings, load_fallback
from commercive_cli.settings.roles import EVERYTHING, AdminRoles, load_roles
from commercive_cli.settings.safe_url import safe_url
from commercive_cli.settings.supabase import SupabaseSettings, load_supabase

AuthMode = Literal["jwt", "none"]
CorsHeaders = Literal["api", "url"]
AUTH_MODES: tuple[AuthMode, ...] = ("jwt", "none")
CORS_HEADERS: tuple[CorsHeaders, ...] = ("api", "url")
SHORTEST_SECRET = 32
"""Bytes of an HS256 key; a shorter one is weaker than the hash (RFC 7518, section 3.2)."""

SHORTEST_ANSWER_TOKEN = 32
"""Characters."""

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?", re.ASCII)
_TOKEN = re.compile("[!-~]+")
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII)


@dataclass(frozen=True)
class TokenSettings:
    """Which access tokens are accepted: the issuer, and its shared secret (HS256) or its key set (ES256, RS256)."""

    issuer: str
    secret: str | None = None
    jwks_url: str = ""


@dataclass(frozen=True)
class APISettings:
    """Settings of the API. `tokens` is None in mode none alone; rate limits store addresses hashed with `address_key`.

    With `origins` None, CORS is left to a proxy in front of the API. `cors_headers` (COMMERCIVE_CORS_HEADERS) says who
    sends the headers that let pages on the list read answers: `api`, or `url` for the Function URL, whose CORS settings
    then must name the same origins. Requests from other pages are refused either way. `extra_headers` are those that
    pages may send beyond the usual. `answer_token` lets a program send automatic answers.
    """

    auth: AuthMode
    address_key: bytes
    tokens: TokenSettings | None = None
    origins: tuple[str, ...] | None = None
    supabase: SupabaseSettings | None = None
    cors_headers: CorsHeaders = "api"
    extra_headers: tuple[str, ...] = ()
    admin_roles: AdminRoles = field(default_factory=lambda: AdminRoles({"admin": (EVERYTHING,)}))
    answer_token: str | None = None
    fallback: FallbackSettings | None = None


def load_api(
    environ: Mapping[str, str], *, auth: str | None = None, origins: tuple[str, ...] | None = None
) -> APISettings:
    """Return the API's settings; `auth` and `origins` come from the command line.

    Raises Invalid naming the variable that is missing or wrong, as when mode jwt has no issuer.
    """
    mode: AuthMode = choose(auth or environ.get("COMMERCIVE_API_AUTH") or "jwt", AUTH_MODES, "COMMERCIVE_API_AUTH")
    return APISettings(
        auth=mode,
        tokens=_tokens(environ) if mode == "jwt" else None,
        address_key=_address_key(environ, mode),
        origins=_origins(environ.get("COMMERCIVE_CORS_ORIGINS"), origins),
        supabase=load_supabase(environ),
        cors_headers=choose(environ.get("COMMERCIVE_CORS_HEADERS") or "api", CORS_HEADERS, "COMMERCIVE_CORS_HEADERS"),
        extra_headers=_header_names(environ.get("COMMERCIVE_CORS_EXTRA_HEADERS", "")),
        admin_roles=load_roles(environ),
        answer_token=_answer_token(environ.get("COMMERCIVE_ANSWER_TOKEN", "")),
        fallback=load_fallback(environ),
    )


def _tokens(environ: Mapping[str, str]) -> TokenSettings:
    url = safe_url(environ, "COMMERCIVE_SUPABASE_URL")
    issuer = safe_url(environ, "COMMERCIVE_JWT_ISSUER") or (f"{url}/auth/v1" if url else "")
    if not issuer:
        raise Invalid(
            "the issuer of access tokens is not set: set COMMERCIVE_SUPABASE_URL, or COMMERCIVE_JWT_ISSUER; "
            "to try the API locally without tokens, pass --auth none"
        )
    secret = environ.get("COMMERCIVE_JWT_SECRET") or None
    if secret is not None and len(secret.encode()) < SHORTEST_SECRET:
        raise Invalid(f"COMMERCIVE_JWT_SECRET must have at least {SHORTEST_SECRET} bytes")
    jwks_url = safe_url(environ, "COMMERCIVE_JWKS_URL") or f"{issuer}/.well-known/jwks.json"
    return TokenSettings(issuer, secret, jwks_url)


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
            f"CORS origin {quoted(origin)} must be exact, like {DASHBOARD_URL}: no path, no wildcard, lower case"
        )
    return origin


def _header_names(listed: str) -> tuple[str, ...]:
    names = listed.replace(",", " ").split()
    for name in names:
        if not _HEADER.fullmatch(name):
            raise Invalid(f"COMMERCIVE_CORS_EXTRA_HEADERS: {quoted(name)} is no exact name of a header")
    return tuple(name.lower() for name in names)


def _answer_token(token: str) -> str | None:
    if token and (len(token) < SHORTEST_ANSWER_TOKEN or not _TOKEN.fullmatch(token)):
        raise Invalid(f"COMMERCIVE_ANSWER_TOKEN must have {SHORTEST_ANSWER_TOKEN} or more visible ASCII characters")
    return token or None
