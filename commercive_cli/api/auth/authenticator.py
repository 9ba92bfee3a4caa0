"""Identifies the caller of a request: by access token in mode jwt, not at all in mode none."""

from dataclasses import dataclass
from typing import Protocol

from commercive_cli.api.auth.principal import TRUSTED, Principal
from commercive_cli.api.auth.tokens import TokenReader
from commercive_cli.api.http.events import HTTPRequest


class Authenticator(Protocol):
    """Identifies the caller of a request."""

    def caller(self, request: HTTPRequest) -> Principal:
        """Return the caller; raise Unauthenticated when the request has no valid token."""
        ...


class TrustingAuthenticator:
    """Mode none: every client is trusted, as by the seed's backend."""

    def caller(self, _request: HTTPRequest) -> Principal:
        """Return a caller who may do anything."""
        return TRUSTED


@dataclass(frozen=True)
class TokenAuthenticator:
    """Mode jwt: the access token names the caller, and its app_metadata says whether that is an admin."""

    reader: TokenReader

    def caller(self, request: HTTPRequest) -> Principal:
        """Return the token's subject as the caller."""
        identity = self.reader.identify(request.header("authorization"))
        return Principal(identity.subject, identity.admin)
