"""Makes the API application from settings and services, for the Lambda handler, the local server and tests."""

from collections.abc import Iterable
from functools import partial

from commercive_cli.api.actions import BY_NAME
from commercive_cli.api.application import Application
from commercive_cli.api.auth.affiliates import AffiliateIds
from commercive_cli.api.auth.authenticator import Authenticator, TokenAuthenticator, TrustingAuthenticator
from commercive_cli.api.auth.key_sets import keys_of
from commercive_cli.api.auth.tokens import TokenReader
from commercive_cli.api.fallback import LARGEST_ANSWER, SECONDS, Fallback
from commercive_cli.api.http.breaker import Breaker
from commercive_cli.api.http.cloudfront import CloudFront
from commercive_cli.api.http.cors import Cors
from commercive_cli.api.http.outbound import SendRequest, send_request
from commercive_cli.api.operations import Backend
from commercive_cli.api.supabase import AffiliateTable
from commercive_cli.api.telemetry import Telemetry
from commercive_cli.bootstrap import Services
from commercive_cli.domain.clock import Clock
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted
from commercive_cli.services.records.rate_limits import RateLimits
from commercive_cli.settings.api import APISettings
from commercive_cli.settings.roles import VARIABLE as ROLES
from commercive_cli.settings.roles import covers

TRUSTING = "auth mode none: anybody who reaches this API may read and change everything; never deploy it in this mode"


FORWARD: SendRequest = partial(send_request, seconds=SECONDS, largest=LARGEST_ANSWER + 1)
"""How requests are passed on to another backend."""


def create_application(
    settings: APISettings,
    services: Services,
    telemetry: Telemetry,
    *,
    clock: Clock | None = None,
    send: SendRequest = send_request,
    forward: SendRequest = FORWARD,
) -> Application:
    """Return the application over `services`, with their clock unless there is another.

    `send` makes the calls to Supabase, `forward` those to another backend.

    Logs a warning in mode none. Raises Invalid for a role that is granted something that is not an action.
    """
    _check_patterns(pattern for patterns in settings.admin_roles.grants.values() for pattern in patterns)
    clock = clock or services.clock
    affiliates = AffiliateTable(settings.supabase, send) if settings.supabase else None
    if settings.tokens is None:
        telemetry.warn(TRUSTING)
    return Application(
        Backend(
            services,
            RateLimits(settings.address_key, settings.limits),
            telemetry.not_synced,
            affiliates,
            clock,
        ),
        _authenticator(settings, affiliates, clock, send),
        telemetry,
        Cors(settings.origins, settings.cors_headers == "api", settings.extra_headers),
        _fallback(settings, clock, forward),
        CloudFront(settings.origin_secrets, settings.only_cloudfront),
        settings.reads_logged,
    )


def _authenticator(
    settings: APISettings, table: AffiliateTable | None, clock: Clock, send: SendRequest
) -> Authenticator:
    tokens = settings.tokens
    if tokens is None:
        return TrustingAuthenticator()
    return TokenAuthenticator(
        TokenReader(tokens.issuer, keys_of(tokens, clock, send), clock, tokens.allow_anonymous),
        settings.admin_roles,
        AffiliateIds(table, clock),
        settings.answer_tokens,
        settings.admin_aal,
    )


def _fallback(settings: APISettings, clock: Clock, forward: SendRequest) -> Fallback | None:
    if settings.fallback is None:
        return None
    return Fallback(settings.fallback, Breaker("the backend of this action", clock), forward)


def _check_patterns(patterns: Iterable[str]) -> None:
    for pattern in patterns:
        if not any(covers(pattern, name) for name in BY_NAME):
            raise Invalid(f"{ROLES}: {quoted(pattern)} fits no action; the actions are {', '.join(BY_NAME)}")
