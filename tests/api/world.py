"""The collaborators of API tests: a client, a clock, an issuer of access tokens, and a fake of Supabase."""

import base64
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from commercive_cli.api.factory import create_application
from commercive_cli.api.http.events import body_of
from commercive_cli.api.http.outbound import RequestFailed, Response, SendRequest
from commercive_cli.api.telemetry import Telemetry
from commercive_cli.bootstrap import Services, bootstrap
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.settings.api import APISettings, AuthMode
from commercive_cli.settings.resolve import Settings
from commercive_cli.settings.store_url import StoreURL
from commercive_cli.settings.supabase import SupabaseSettings
from commercive_cli.settings.tokens import TokenSettings
from commercive_cli.store.port import Store

ISSUER = "https://project.supabase.co/auth/v1"
ADDRESS = "198.51.100.7"
SUPABASE = SupabaseSettings("https://project.supabase.co", "service-key")
START_MS = 1_760_000_000_000
DASHBOARD = "https://dashboard.commercive.co"
_services = count()

Handle = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Answers events: an Application, or the handler of a package."""


class FakeClock:
    """A clock in milliseconds that a test advances, and that moves by one with each call."""

    def __init__(self) -> None:
        self.now = START_MS

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


class Outside:
    """Stands for Supabase and other backends: answers by URL, remembers what was sent, fails on demand."""

    def __init__(self, answers: Mapping[str, Response]) -> None:
        self.answers = dict(answers)
        self.sent: list[tuple[str, str, Mapping[str, str], bytes]] = []

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        self.sent.append((method, url, headers, body))
        for start, answered in self.answers.items():
            if url.startswith(start):
                return answered
        raise RequestFailed("nobody answers there")


@dataclass
class Issuer:
    """Signs access tokens as Supabase does, with an EC key by default."""

    clock: FakeClock
    ec_key: ec.EllipticCurvePrivateKey
    rsa_key: rsa.RSAPrivateKey
    key_id: str = "ec-1"

    def claims(self, subject: str, *, admin: bool = False, **changes: Any) -> dict[str, Any]:
        now = self.clock.now // 1000
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": "authenticated",
            "role": "authenticated",
            "sub": subject,
            "iat": now,
            "exp": now + 3600,
            "email": f"{subject}@example.com",
            "app_metadata": {"provider": "email"} | ({"role": "admin"} if admin else {}),
            "user_metadata": {},
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, subject: str, *, admin: bool = False, **changes: Any) -> str:
        return self.sign(self.claims(subject, admin=admin, **changes))

    def sign(self, claims: dict[str, Any], *, key_id: str | None = None, **headers: Any) -> str:
        return jwt.encode(claims, self.ec_key, "ES256", headers={"kid": key_id or self.key_id, **headers})

    def anon_key(self) -> str:
        """Return the public key of a project, which is itself a signed token."""
        return self.sign({"iss": ISSUER, "ref": "project", "role": "anon", "iat": 1, "exp": 4_000_000_000})

    def key_set(self) -> dict[str, Any]:
        public = [(self.key_id, self.ec_key, "ES256"), ("rsa-1", self.rsa_key, "RS256")]
        return {"keys": [_jwk(key_id, key, algorithm) for key_id, key, algorithm in public]}


def supabase_of(issuer: Issuer) -> Outside:
    """Return a Supabase that publishes the issuer's keys."""
    return Outside({f"{ISSUER}/.well-known/jwks.json": Response(200, json.dumps(issuer.key_set()).encode())})


def _jwk(key_id: str, key: Any, algorithm: str) -> dict[str, Any]:
    kind: Any = jwt.get_algorithm_by_name(algorithm)
    entry: dict[str, Any] = kind.to_jwk(key.public_key(), as_dict=True)
    return entry | {"kid": key_id, "alg": algorithm, "use": "sig"}


@dataclass
class Answer:
    """An answer: status, JSON body and headers."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]
    raw: bytes = b""

    @property
    def code(self) -> str:
        """Return the error code, or `ok`."""
        return str(self.body.get("code", "ok"))


@dataclass
class Client:
    """Sends events to an application, as the Function URL does."""

    handle: Handle
    log: io.StringIO = field(default_factory=io.StringIO)
    headers: dict[str, str] = field(default_factory=dict)
    address: str = ADDRESS
    _ids: Any = field(default_factory=count)

    def send(
        self,
        method: str,
        query: str = "",
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        encoded: bool = False,
    ) -> Answer:
        raw = base64.b64encode(body).decode() if isinstance(body, bytes) else body
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/",
            "rawQueryString": query,
            "headers": {**self.headers, **(headers or {})},
            "requestContext": {
                "requestId": f"request-{next(self._ids)}",
                "http": {"method": method, "path": "/", "sourceIp": self.address, "userAgent": "test"},
            },
            "isBase64Encoded": encoded or isinstance(body, bytes),
        } | ({} if raw is None else {"body": raw})
        reply = self.handle(event)
        told = body_of(reply)
        is_json = reply["headers"].get("content-type") == "application/json"
        return Answer(reply["statusCode"], json.loads(told or b"{}") if is_json else {}, reply["headers"], told)

    def get(self, action: str, query: str = "", **headers: str) -> Answer:
        return self.send("GET", f"action={action}" + (f"&{query}" if query else ""), None, headers)

    def post(self, action: str, *, key: str | None = None, **values: Any) -> Answer:
        body = {"action": action, **values}
        return self.send("POST", "", json.dumps(body), {"idempotency-key": key} if key else None)

    def as_(self, token: str | None) -> "Client":
        """Return the same client with an access token, or without any."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return Client(self.handle, self.log, headers, self.address, self._ids)

    def from_(self, address: str) -> "Client":
        """Return the same client at another address."""
        return Client(self.handle, self.log, self.headers, address, self._ids)


@dataclass
class World:
    """A store with its services, a clock, an issuer of tokens, and the fake of Supabase."""

    services: Services
    clock: FakeClock
    issuer: Issuer
    outside: Outside

    def open(
        self,
        auth: AuthMode = "none",
        forward: SendRequest | None = None,
        telemetry: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Client:
        """Return a client of an application in the given mode; `forward` passes requests on to another backend."""
        log = io.StringIO()
        tokens = TokenSettings(ISSUER, jwks_url=f"{ISSUER}/.well-known/jwks.json")
        defaults: dict[str, Any] = {
            "auth": auth,
            "address_key": b"k" * 32,
            "tokens": tokens if auth == "jwt" else None,
            "origins": (DASHBOARD,),
        }
        log_of = Telemetry(log, service=f"test-{next(_services)}", **(telemetry or {}))
        api = APISettings(**(defaults | settings))
        outside = self.outside
        door = create_application(
            api, self.services, log_of, clock=self.clock, send=outside, forward=forward or outside
        )
        return Client(door, log)

    def count(self, table: Any) -> int:
        """Return how many items a table holds."""
        return len(self.services.store.scan(table).items)


def services_over(store: Store, clock: Clock = system_clock) -> Services:
    return bootstrap(Settings(store=StoreURL("sqlite"), actor="test"), store=store, clock=clock)
