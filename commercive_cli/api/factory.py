"""Makes the API application from settings and services, for the Lambda handler, the local server and tests."""

from commercive_cli.api.application import Application
from commercive_cli.api.auth.authenticator import Authenticator, TokenAuthenticator, TrustingAuthenticator
from commercive_cli.api.auth.key_sets import keys_of
from commercive_cli.api.auth.tokens import TokenReader
from commercive_cli.api.http.cors import Cors
from commercive_cli.api.http.outbound import SendRequest, send_request
from commercive_cli.api.operations import Backend
from commercive_cli.api.supabase import LinkTable
from commercive_cli.api.telemetry import Telemetry
from commercive_cli.bootstrap import Services
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.services.records.rate_limits import RateService
from commercive_cli.settings.api import APISettings

TRUSTING = "auth mode none: anybody who reaches this API may read and change everything; never deploy it in this mode"


def create_application(
    settings: APISettings,
    services: Services,
    telemetry: Telemetry,
    *,
    clock: Clock = system_clock,
    send: SendRequest = send_request,
) -> Application:
    """Return the application over `services`; `send` makes the requests to Supabase. Logs a warning in mode none."""
    links = LinkTable(settings.supabase, telemetry.not_synced, send) if settings.supabase else None
    if settings.tokens is None:
        telemetry.warn(TRUSTING)
    return Application(
        Backend(services, RateService(services.store, settings.address_key, clock), links, clock),
        _gate(settings, clock, send),
        telemetry,
        Cors(settings.origins, sends_headers=settings.cors_headers == "api"),
    )


def _gate(settings: APISettings, clock: Clock, send: SendRequest) -> Authenticator:
    if settings.tokens is None:
        return TrustingAuthenticator()
    return TokenAuthenticator(TokenReader(settings.tokens.issuer, keys_of(settings.tokens, clock, send), clock))
