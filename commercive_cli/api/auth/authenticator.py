"""Who calls, and what that lets them name: the gate of mode jwt, and the open door of mode none."""

from dataclasses import dataclass
from typing import Protocol

from commercive_cli.api.auth.principal import TRUSTED, Principal
from commercive_cli.api.auth.tokens import TokenReader
from commercive_cli.api.http.events import HTTPRequest


class Authenticator(Protocol):
    """Tells who a request comes from."""

    def caller(self, request: HTTPRequest) -> Principal:
        """Return the caller; raise Unauthenticated when nobody knows who that is."""
        ...


class TrustingAuthenticator:
    """Mode none: the client is trusted, as the seed's backend did."""

    def caller(self, _request: HTTPRequest) -> Principal:
        """Return a caller who may do anything."""
        return TRUSTED


@dataclass(frozen=True)
class TokenAuthenticator:
    """Mode jwt: the access token says who asks, and its app_metadata whether that is an admin."""

    reader: TokenReader

    def caller(self, request: HTTPRequest) -> Principal:
        """Return the token's subject."""
        identity = self.reader.identify(request.header("authorization"))
        return Principal(identity.subject, identity.admin)
