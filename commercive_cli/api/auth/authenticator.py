"""Identifies the caller of a request: by access token in mode jwt, not at all in mode none."""

from dataclasses import dataclass
from typing import Any, Protocol

from commercive_cli.api.actions import Action
from commercive_cli.api.auth.affiliates import AffiliateIds
from commercive_cli.api.auth.principal import TRUSTED, Principal
from commercive_cli.api.auth.tokens import Identity, TokenReader, bearer
from commercive_cli.api.http.events import HTTPRequest
from commercive_cli.domain.models import AI_SENDER
from commercive_cli.domain.secrets import is_one_of
from commercive_cli.settings.api import ASSURANCE_LEVELS, AssuranceLevel
from commercive_cli.settings.roles import AdminRoles, covers


class Authenticator(Protocol):
    """Identifies the caller of a request."""

    def caller(self, request: HTTPRequest, action: Action[Any]) -> Principal:
        """Return who asks for an action; raise Unauthenticated when nobody knows who that is."""
        ...


class TrustingAuthenticator:
    """Mode none: every client is trusted, as by the seed's backend."""

    def caller(self, _request: HTTPRequest, _action: Action[Any]) -> Principal:
        """Return a caller who may do anything."""
        return TRUSTED


@dataclass(frozen=True)
class TokenAuthenticator:
    """Mode jwt: the access token says who asks, and its app_metadata in which role and as which affiliate.

    Each of `answer_tokens` stands for the program that writes automatic answers, in the actions that take one. A token
    below `admin_aal` makes nobody an admin.
    """

    reader: TokenReader
    roles: AdminRoles
    affiliates: AffiliateIds
    answer_tokens: tuple[str, ...] = ()
    admin_aal: AssuranceLevel | None = None

    def caller(self, request: HTTPRequest, action: Action[Any]) -> Principal:
        """Return the token's subject, an admin if the role is one for this action."""
        authorization = request.header("authorization")
        if action.takes_answer_token and self._is_answerer(authorization):
            return Principal(AI_SENDER, admin=True)
        identity = self.reader.identify(authorization)
        may = self.roles.patterns(identity.role)
        granted = any(covers(pattern, name) for pattern in may for name in action.names)
        weak = granted and not self._is_strong(identity)
        return Principal(
            identity.subject,
            admin=granted and not weak,
            role=identity.role,
            may=may,
            affiliate_ids=lambda: self.affiliates.of(identity),
            email=identity.email,
            lacks=self.admin_aal if weak else None,
        )

    def _is_strong(self, identity: Identity) -> bool:
        levels = ASSURANCE_LEVELS[ASSURANCE_LEVELS.index(self.admin_aal) :] if self.admin_aal else (identity.aal,)
        return identity.aal in levels

    def _is_answerer(self, authorization: str | None) -> bool:
        return is_one_of(bearer(authorization) or "", self.answer_tokens)
