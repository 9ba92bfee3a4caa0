"""Settings of access tokens: their issuer, and the secret and the keys that sign them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.pasted import pasted
from commercive_cli.settings.safe_url import exact_url
from commercive_cli.settings.supabase import project_url

ANONYMOUS = "COMMERCIVE_ALLOW_ANONYMOUS"
SECRET = "COMMERCIVE_JWT_SECRET"  # noqa: S105 - the variable's name
SHORTEST_SECRET = 32
"""Bytes of an HS256 key; a shorter one is weaker than the hash (RFC 7518, section 3.2)."""

_AUTH_PATH = "/auth/v1"
_KEY_SET_PATH = "/.well-known/jwks.json"
_YES_OR_NO: tuple[Literal["false", "true"], ...] = ("false", "true")
_NO_SECRETS = {
    ("-----BEGIN", "MFkwEwYH", "MIIBIjAN", "MIIBojAN", "MIICIjAN", "ssh-", "ecdsa-", "{"): "a key of a key set",
    ("eyJ", "sb_"): "an API key of the project",
}
"""What values begin with that are known outside, so that anybody could sign tokens with them."""


@dataclass(frozen=True)
class TokenSettings:
    """Which access tokens are accepted: the issuer, its shared secret (HS256) and its key set (ES256, RS256).

    Either may be missing: no `secret`, no `jwks_url`. Anonymous users count as nobody unless they are allowed.
    """

    issuer: str
    secret: str | None = None
    jwks_url: str = ""
    allow_anonymous: bool = False


def load_tokens(environ: Mapping[str, str]) -> TokenSettings:
    """Return the settings; raise Invalid when there is no issuer, or naming the variable that is wrong."""
    url = project_url(environ)
    issuer = exact_url(environ, "COMMERCIVE_JWT_ISSUER", _AUTH_PATH) or (f"{url}{_AUTH_PATH}" if url else "")
    if not issuer:
        raise Invalid(
            "the issuer of access tokens is not set: set COMMERCIVE_SUPABASE_URL, or COMMERCIVE_JWT_ISSUER; "
            "to try the API locally without tokens, pass --auth none"
        )
    return TokenSettings(
        issuer,
        _secret(environ),
        exact_url(environ, "COMMERCIVE_JWKS_URL", _AUTH_PATH + _KEY_SET_PATH) or issuer + _KEY_SET_PATH,
        choose(pasted(environ, ANONYMOUS) or "false", _YES_OR_NO, ANONYMOUS) == "true",
    )


def _secret(environ: Mapping[str, str]) -> str | None:
    secret = environ.get(SECRET, "")
    for beginnings, what in _NO_SECRETS.items():
        if secret.lstrip().startswith(beginnings):
            raise Invalid(f"{SECRET} holds {what}, which others know and could sign with; set the shared secret")
    if secret and len(pasted(environ, SECRET).encode()) < SHORTEST_SECRET:
        raise Invalid(f"{SECRET} must have at least {SHORTEST_SECRET} bytes")
    return secret or None
