"""Verifies Supabase access tokens and reads the caller from them (RFC 7519, RFC 8725)."""

import base64
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from jwt.types import Options

from commercive_cli.api.auth.key_sets import Keys, VerificationKey
from commercive_cli.api.http.strict_json import read_object
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Invalid, Unauthenticated
from commercive_cli.domain.text import identifier

AUDIENCE = ROLE = "authenticated"
"""The values in tokens of signed-in users; Supabase's anon and service keys have other ones."""

LONGEST_TOKEN = 8192
REMEMBERED = 256
"""How many tokens' signatures are verified once for all; whether a token is valid now is asked each time."""

LEEWAY_SECONDS = 30
"""What the issuer's clock and ours may differ by."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_FOREIGN_KEYS = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64"})
_OPTIONS: Options = {
    "require": ["exp", "sub", "iss", "aud"],
    "verify_exp": False,  # times are checked below, against the clock that was passed in
    "verify_iat": False,
    "verify_nbf": False,
}


@dataclass(frozen=True)
class Identity:
    """Who an access token speaks for; `role` and `affiliate_id` are what its app_metadata says, if it does.

    `aal` is how the person signed in: aal1, or aal2 with a second factor.
    """

    subject: str
    role: str | None = None
    affiliate_id: str | None = None
    email: str | None = None
    aal: str | None = None


@dataclass(frozen=True)
class TokenReader:
    """Verifies access tokens of one issuer; `clock` is in milliseconds. Anonymous users need to be allowed."""

    issuer: str
    keys: Keys
    clock: Clock = system_clock
    allow_anonymous: bool = False

    def identify(self, authorization: str | None) -> Identity:
        """Return the user that the token in an Authorization header was issued to.

        Raises Unauthenticated for anything but a bearer token that this issuer signed for a signed-in user and that is
        valid now, and NoKeys while the issuer's keys cannot be fetched.
        """
        token = bearer(authorization)
        if token is None:
            raise Unauthenticated("this needs an access token: send the header Authorization: Bearer <token>")
        keys = self.keys.find(*_signed_with(token))
        if not keys:
            raise _refused("it is signed with another key or algorithm than the issuer's")
        for key in keys:
            with suppress(jwt.InvalidSignatureError):
                return self._identity(_claims(token, key, self.issuer))
        raise _refused("its signature is wrong")

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        now = self.clock() / 1000
        if not now < _seconds(claims, "exp") + LEEWAY_SECONDS:
            raise _refused("it has expired")
        if "nbf" in claims and now < _seconds(claims, "nbf") - LEEWAY_SECONDS:
            raise _refused("it is not valid yet")
        if claims.get("role") != ROLE:
            raise _refused("it is a key of the project, not the token of a signed-in user")
        if not self.allow_anonymous and claims.get("is_anonymous", False) is not False:
            raise _refused("its user is anonymous")
        grants = claims.get("app_metadata")
        known = grants if isinstance(grants, Mapping) else {}
        role, email, aal = _text(known.get("role")), _text(claims.get("email")), _text(claims.get("aal"))
        return Identity(_id(claims["sub"], "sub"), role, _affiliate_id(known), email, aal)


def bearer(authorization: str | None) -> str | None:
    """Return what an Authorization header carries in the scheme Bearer, or None for any other header."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


@lru_cache(REMEMBERED)
def _signed_with(token: str) -> tuple[str | None, str | None]:
    """Return by which algorithm and key a token says that it is signed; raise Unauthenticated for what is no token."""
    if len(token) > LONGEST_TOKEN or not _COMPACT.fullmatch(token) or not all(map(_is_strict, token.split("."))):
        raise _refused("it is not a signed token")
    header = _header(token)
    return _text(header.get("alg")), _text(header.get("kid"))


def _is_strict(segment: str) -> bool:
    """Return whether a segment is canonical base64url; decoders ignore surplus bits at the end."""
    if len(segment) % 4 == 1:
        return False
    raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    return base64.urlsafe_b64encode(raw).decode().rstrip("=") == segment


@lru_cache(REMEMBERED)
def _claims(token: str, key: VerificationKey, issuer: str) -> Mapping[str, Any]:
    """Return what a token says that a key has signed; a client shows the same one for an hour."""
    try:
        return jwt.decode(token, key.material, [key.algorithm], audience=AUDIENCE, issuer=issuer, options=_OPTIONS)
    except jwt.InvalidSignatureError:
        raise
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise _refused("its claims are not those of a signed-in user of this project") from None


def _header(token: str) -> dict[str, Any]:
    segment = token.partition(".")[0]
    try:
        header = read_object(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)).decode())
    except (Invalid, UnicodeError):
        raise _refused("its header is not JSON") from None
    if _FOREIGN_KEYS & header.keys():
        raise _refused("it brings its own key")
    return header


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(f"its {name} is not a time")
    return value


def _affiliate_id(grants: Mapping[str, Any]) -> str | None:
    """Return the claim as far as it says anything; a wrong one must not let the caller be somebody else."""
    claimed = grants.get("affiliate_id")
    return None if claimed in (None, "") else _id(claimed, "affiliate_id")


def _id(claimed: object, name: str) -> str:
    try:
        if identifier(claimed, name) != claimed:
            raise _refused(f"its {name} is no id")
    except Invalid:
        raise _refused(f"its {name} is no id") from None
    return str(claimed)


def _text(claimed: object) -> str | None:
    return claimed if isinstance(claimed, str) else None


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated(f"the access token is not accepted: {why}; sign in again")
