"""Settings of access tokens: their issuer, and the secret and the keys that sign them."""

from collections.abc import Mapping
from dataclasses import dataclass

from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.pasted import is_true, pasted
from commercive_cli.settings.safe_url import exact_url
from commercive_cli.settings.secret_values import JWT_SECRET, both_values
from commercive_cli.settings.supabase import project_url

ANONYMOUS = "COMMERCIVE_ALLOW_ANONYMOUS"
SHORTEST_SECRET = 32
"""Bytes of an HS256 key; a shorter one is weaker than the hash (RFC 7518, section 3.2)."""

_AUTH_PATH = "/auth/v1"
_KEY_SET_PATH = "/.well-known/jwks.json"
_NO_SECRETS = {
    ("-----BEGIN", "MFkwEwYH", "MIIBIjAN", "MIIBojAN", "MIICIjAN", "ssh-", "ecdsa-", "{"): "a key of a key set",
    ("eyJ", "sb_"): "an API key of the project",
}
"""What values begin with that are known outside, so that anybody could sign tokens with them."""


@dataclass(frozen=True)
class TokenSettings:
    """Which access tokens are accepted: the issuer, its shared secrets (HS256) and its key set (ES256, RS256).

    Either may be missing: no `secrets`, no `jwks_url`. Anonymous users count as nobody unless they are allowed.
    """

    issuer: str
    secrets: tuple[str, ...] = ()
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
        both_values(environ, JWT_SECRET, _secret),
        exact_url(environ, "COMMERCIVE_JWKS_URL", _AUTH_PATH + _KEY_SET_PATH) or issuer + _KEY_SET_PATH,
        is_true(environ, ANONYMOUS),
    )


def _secret(environ: Mapping[str, str], variable: str) -> str:
    secret = environ.get(variable, "")
    for beginnings, what in _NO_SECRETS.items():
        if secret.lstrip().startswith(beginnings):
            raise Invalid(f"{variable} holds {what}, which others know and could sign with; set the shared secret")
    if secret and len(pasted(environ, variable).encode()) < SHORTEST_SECRET:
        raise Invalid(f"{variable} must have at least {SHORTEST_SECRET} bytes")
    return secret
