"""Settings of the API, from the environment alone: who may call it, from which pages, and which Supabase project."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from commercive_cli.domain.choices import Choice, choose
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.links import DASHBOARD_URL
from commercive_cli.domain.quoting import quoted
from commercive_cli.services.records.rates import DEFAULT_RATES, Rates
from commercive_cli.settings.fallback import FallbackSettings, load_fallback
from commercive_cli.settings.limits import load_limits
from commercive_cli.settings.pasted import clean, is_true, pasted
from commercive_cli.settings.roles import EVERYTHING, AdminRoles, load_roles
from commercive_cli.settings.secret_values import ADDRESS_KEY, ANSWER_TOKEN, ORIGIN_SECRET, both_values
from commercive_cli.settings.supabase import SupabaseSettings, load_supabase
from commercive_cli.settings.tokens import SHORTEST_SECRET, TokenSettings, load_tokens

AuthMode = Literal["jwt", "none"]
CorsHeaders = Literal["api", "url"]
LOG_READS = "COMMERCIVE_LOG_READS"
ORIGINS = "COMMERCIVE_CORS_ORIGINS"
SHARE = r"^(0|1|0?\.[0-9]+|1\.0+)$"
"""A number from 0 to 1, as an expression that CloudFormation reads, too."""
ONLY_CLOUDFRONT = "COMMERCIVE_ONLY_CLOUDFRONT"
AssuranceLevel = Literal["aal1", "aal2"]
AUTH_MODES: tuple[AuthMode, ...] = ("jwt", "none")
CORS_HEADERS: tuple[CorsHeaders, ...] = ("api", "url")
ASSURANCE_LEVELS: tuple[AssuranceLevel, ...] = ("aal1", "aal2")
"""Supabase's claim `aal`: aal1 is a sign-in, aal2 one with a second factor."""

SHORTEST_TOKEN = 32
"""Characters of an answer token, and of what CloudFront proves itself with."""

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?", re.ASCII)
_TOKEN = re.compile("[!-~]+")
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII)


@dataclass(frozen=True)
class APISettings:
    """Settings of the API. `tokens` is None in mode none alone; rate limits store addresses hashed with `address_key`.

    With `origins` None, CORS is left to a proxy in front of the API. `cors_headers` (COMMERCIVE_CORS_HEADERS) says who
    sends the headers that let pages on the list read answers: `api`, or `url` for the Function URL, whose CORS settings
    then must name the same origins. Requests from other pages are refused either way. `extra_headers` are those that
    pages may send beyond the usual. Each of `answer_tokens` lets a program send automatic answers, each of
    `origin_secrets` proves that a request came through CloudFront, the only way in with `only_cloudfront`. Tokens below
    `admin_aal` make nobody an admin. `limits` are rates by name. `reads_logged` is the share of
    successful reads that are logged.
    """

    auth: AuthMode
    address_key: bytes
    tokens: TokenSettings | None = None
    origins: tuple[str, ...] | None = None
    supabase: SupabaseSettings | None = None
    cors_headers: CorsHeaders = "api"
    extra_headers: tuple[str, ...] = ()
    admin_roles: AdminRoles = field(default_factory=lambda: AdminRoles({"admin": (EVERYTHING,)}))
    answer_tokens: tuple[str, ...] = ()
    fallback: FallbackSettings | None = None
    admin_aal: AssuranceLevel | None = None
    limits: Rates = field(default_factory=lambda: DEFAULT_RATES)
    origin_secrets: tuple[str, ...] = ()
    only_cloudfront: bool = False
    reads_logged: float = 1.0


def load_api(
    environ: Mapping[str, str], *, auth: str | None = None, origins: tuple[str, ...] | None = None
) -> APISettings:
    """Return the API's settings; `auth` and `origins` come from the command line.

    Raises Invalid naming the variable that is missing or wrong, as when mode jwt has no issuer.
    """
    mode = _choice(environ, "COMMERCIVE_API_AUTH", AUTH_MODES, auth)
    return APISettings(
        auth=mode,
        tokens=load_tokens(environ) if mode == "jwt" else None,
        address_key=_address_key(environ, mode),
        origins=_origins(environ.get(ORIGINS), origins),
        supabase=load_supabase(environ),
        cors_headers=_choice(environ, "COMMERCIVE_CORS_HEADERS", CORS_HEADERS),
        extra_headers=_header_names(environ.get("COMMERCIVE_CORS_EXTRA_HEADERS", "")),
        admin_roles=load_roles(environ),
        answer_tokens=both_values(environ, ANSWER_TOKEN, _token),
        fallback=load_fallback(environ),
        admin_aal=_admin_aal(pasted(environ, "COMMERCIVE_ADMIN_AAL")),
        limits=load_limits(environ),
        origin_secrets=both_values(environ, ORIGIN_SECRET, _token),
        only_cloudfront=_only_cloudfront(environ),
        reads_logged=_share(pasted(environ, LOG_READS) or "1"),
    )


def _choice(environ: Mapping[str, str], variable: str, choices: tuple[Choice, ...], given: str | None = None) -> Choice:
    """Return what was given, or what the variable says, or the first choice."""
    return choose(given or pasted(environ, variable) or choices[0], choices, variable)


def _address_key(environ: Mapping[str, str], mode: AuthMode) -> bytes:
    key = pasted(environ, ADDRESS_KEY).encode()
    if not key and mode == "none":
        return secrets.token_bytes(SHORTEST_SECRET)
    if len(key) < SHORTEST_SECRET:
        raise Invalid(
            f"{ADDRESS_KEY} must hold {SHORTEST_SECRET} random bytes or more, such as `openssl rand -hex 32` "
            "prints; the rate limits store callers' addresses hashed with it"
        )
    return key


def _origins(listed: str | None, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if listed is None and given is None:
        return None
    from_variable = (exact_origin(each, ORIGINS) for each in (listed or "").replace(",", " ").split())
    return (*from_variable, *map(exact_origin, given or ()))


def exact_origin(origin: str, source: str = "--origin") -> str:
    """Return an origin of pages; raise Invalid, which names its source, when it is not exactly what browsers send."""
    if not _ORIGIN.fullmatch(clean(origin, source)):
        raise Invalid(
            f"{source}: CORS origin {quoted(origin)} must be exact, like {DASHBOARD_URL}: no path, no wildcard, lower "
            "case"
        )
    return origin


def _header_names(listed: str) -> tuple[str, ...]:
    names = listed.replace(",", " ").split()
    for name in names:
        if not _HEADER.fullmatch(clean(name, "a name in COMMERCIVE_CORS_EXTRA_HEADERS")):
            raise Invalid(f"COMMERCIVE_CORS_EXTRA_HEADERS: {quoted(name)} is no exact name of a header")
    return tuple(name.lower() for name in names)


def _share(share: str) -> float:
    if not re.fullmatch(SHARE, share, re.ASCII):
        raise Invalid(f"{LOG_READS} must be a share from 0 to 1, such as 0.01, and not {quoted(share)}")
    return float(share)


def _admin_aal(level: str | None) -> AssuranceLevel | None:
    return choose(level, ASSURANCE_LEVELS, "COMMERCIVE_ADMIN_AAL") if level else None


def _token(environ: Mapping[str, str], variable: str) -> str:
    token = pasted(environ, variable)
    if token and (len(token) < SHORTEST_TOKEN or not _TOKEN.fullmatch(token)):
        raise Invalid(f"{variable} must have {SHORTEST_TOKEN} or more visible ASCII characters")
    return token


def _only_cloudfront(environ: Mapping[str, str]) -> bool:
    only = is_true(environ, ONLY_CLOUDFRONT)
    if only and not both_values(environ, ORIGIN_SECRET, _token):
        raise Invalid(f"{ONLY_CLOUDFRONT} is true, and there is no {ORIGIN_SECRET} that CloudFront could send")
    return only
