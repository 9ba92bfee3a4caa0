"""Doors of the API: events of Lambda, bytes on the local server's socket, and answers of the servers that it asks."""

import base64
import io
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import strategies as st

from commercive_cli.api.actions import ACTIONS
from commercive_cli.api.application import Application
from commercive_cli.api.factory import create_application
from commercive_cli.api.http.connection import Limits
from commercive_cli.api.http.events import body_of
from commercive_cli.api.http.outbound import RequestFailed, Response, send_request
from commercive_cli.api.rotation import RotatingApplication
from commercive_cli.api.secrets_extension import secret_reader
from commercive_cli.api.telemetry import Telemetry
from commercive_cli.domain.text import NAME_LENGTH
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.settings.api import load_api
from commercive_cli.settings.fallback import FallbackSettings
from commercive_cli.settings.secret_values import SECRETS, with_secrets
from commercive_cli.settings.supabase import SupabaseSettings
from tests.api.http.test_limits import Running, running
from tests.api.test_seed_requests import LEAD
from tests.api.world import DASHBOARD, ISSUER, FakeClock, Handle, Issuer, World, services_over, supabase_of
from tests.e2e.any_items import put_back
from tests.e2e.embedded import make_file
from tests.proof.hostile.door import Door, Room
from tests.proof.hostile.home import scratch
from tests.proof.hostile.odd import BYTES, DEEP, NUMBERS, TEXTS, VALUES, damaged, json_of
from tests.services.audit import world as happened
from tests.services.fakes import ManualClock
from tests.services.raw_data import everything

STATUSES = (200, 204, 400, 401, 403, 404, 405, 409, 413, 429, 503)
"""The statuses of .github/API.md, without that of a bug."""

OF_HTTP = (*STATUSES, 408, 421, 431, 501, 505)
"""With those that the local server gives before an event is made."""

NAMES = {
    *(name for action in ACTIONS for name in action.params.accepted()),
    *(
        "body",
        "JSON",
        "query string",
        "event",
        "Idempotency-Key",
        "action",
        "key",
        "origin",
        "content type",
        "parameter",
    ),
}
"""One of which a refusal names."""

_EC, _RSA = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
SHORT = Limits(connections=64, idle=1.0, headers=0.3, body=0.3, answer=1.0, parting=0.05, drain=1.0)


@contextmanager
def _world() -> Iterator[tuple[World, happened.World]]:
    """Open a store in which everything has happened, with whom the API asks."""
    with scratch() as directory:
        path = Path(directory) / "store.db"
        make_file(path)
        with closing(SQLiteStore(path)) as store:
            clock = FakeClock()
            issuer = Issuer(clock, _EC, _RSA)
            there = happened.made(store, ManualClock())
            yield World(services_over(store, clock), clock, issuer, supabase_of(issuer)), there


def _answers(reply: Mapping[str, Any], statuses: tuple[int, ...] = STATUSES) -> dict[str, Any]:
    """Fail unless a reply is one that Lambda can carry and the document describes; return what it says."""
    json.dumps(reply, ensure_ascii=False).encode()
    assert type(reply["statusCode"]) is int
    for name, value in reply["headers"].items():
        assert type(value) is str, (name, value)
        assert value.isprintable(), (name, value)
    assert reply["statusCode"] in statuses, (reply["statusCode"], body_of(reply)[:300])
    body = body_of(reply)
    told: dict[str, Any] = json.loads(body) if body else {}
    if reply["statusCode"] >= 400 and body:
        assert told["success"] is False
        assert told["code"] != "internal"
        assert told["error"]
    if told.get("code") == "invalid_input":
        assert any(each in told["error"] for each in NAMES), told
    return told


def _ids(there: happened.World) -> st.SearchStrategy[str]:
    return st.sampled_from(
        [
            there.open,
            there.closed,
            there.pending,
            there.approved,
            *there.codes,
            "user-1",
            "aff-1",
            "admin-1",
            there.keyed_message,
        ]
    )


def _values(there: happened.World) -> st.SearchStrategy[Any]:
    choices = st.sampled_from(["open", "pending", "all", "approve", "user", "admin", True, 1, 12.5, "5", "2"])
    return st.one_of(_ids(there), choices, TEXTS, NUMBERS, st.just(LEAD), VALUES)


@st.composite
def _events(draw: st.DrawFn, there: happened.World, tokens: list[str]) -> Any:
    """Draw an event as Lambda makes it, some of it odd: of payload version 2.0, or 1.0, or no event at all."""
    action = draw(st.sampled_from(ACTIONS))
    names = sorted(action.params.accepted())
    odd = _values(there)
    given = draw(st.dictionaries(st.sampled_from(names) if names else TEXTS, odd, max_size=6))
    given |= draw(st.dictionaries(TEXTS, odd, max_size=1))
    named = draw(st.sampled_from([action.name] * 8 + [*action.aliases, "chat/nothing", "\ud800", ""]))
    body, query = "", ""
    if action.method == "GET":
        query = urlencode(
            {"action": named} | {n: v if isinstance(v, str) else json_of(v) for n, v in given.items()}, errors="replace"
        )
    else:
        body = json_of({"action": named, **given})
    query = draw(
        st.sampled_from([query] * 6 + [quote("ä=\xff"), "%", "a&a", "action=health&action=health", "a=1&" * 101])
        | TEXTS
    )
    body = draw(
        st.just(body) | st.just(body) | st.just(body) | TEXTS | DEEP | BYTES.map(lambda raw: raw.decode("latin-1"))
    )
    encoded = draw(st.booleans())
    if encoded:
        body = base64.b64encode(body.encode("utf-8", "surrogatepass")).decode()[
            : draw(st.sampled_from([None, None, -1, -3]))
        ]
    headers = draw(_headers(tokens))
    method = draw(st.sampled_from([action.method] * 6 + ["OPTIONS", "HEAD", "PUT", "get", ""]) | TEXTS)
    event: dict[str, Any] = {
        "version": "2.0",
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "requestId": draw(st.just("r-1") | TEXTS),
            "http": {"method": method, "sourceIp": draw(st.just("192.0.2.1") | TEXTS)},
        },
        "body": body or None,
        "isBase64Encoded": encoded,
    }
    if draw(st.sampled_from([False] * 7 + [True])):
        event = _of_version_1(event, given)
    for name in draw(st.lists(st.sampled_from([*event, "requestContext.http"]), max_size=1)):
        at, _, inner = name.partition(".")
        event[at] = {inner: draw(VALUES)} if inner else draw(VALUES)
    return draw(st.sampled_from([event] * 20 + [None, [], "x", 5, [event]]))


def _of_version_1(event: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as API Gateway's older payload has it."""
    context = event["requestContext"]
    return {
        "version": "1.0",
        "httpMethod": context["http"]["method"],
        "path": "/",
        "headers": event["headers"],
        "multiValueHeaders": {name: [value] for name, value in event["headers"].items()},
        "queryStringParameters": {name: str(value) for name, value in given.items()} or None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"requestId": context["requestId"], "identity": {"sourceIp": "192.0.2.1"}},
        "body": event["body"],
        "isBase64Encoded": event["isBase64Encoded"],
    }


def _headers(tokens: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    values = st.one_of(TEXTS, VALUES)
    known = {
        "authorization": st.sampled_from([f"Bearer {each}" for each in tokens] * 3)
        | TEXTS
        | st.builds("Bearer {}".format, TEXTS),
        "content-type": st.just("application/json") | values,
        "origin": st.just(DASHBOARD) | st.sampled_from(["null", "https://evil.example"]) | values,
        "idempotency-key": st.just("k-1") | values,
        "access-control-request-method": st.just("POST") | values,
        "x-commercive-origin": values,
        "cloudfront-viewer-address": values,
        "x-forwarded-for": values,
        "content-length": values,
    }
    return st.fixed_dictionaries({}, optional=known)


@contextmanager
def events() -> Iterator[Room]:
    """Open the function in both modes."""
    with _world() as (world, there):
        before = everything(world.services.store)
        tokens = _tokens(world.issuer)
        outside = FallbackSettings("https://other.example/api", ("other/",))
        doors = [world.open("jwt", fallback=outside).handle, world.open("none").handle]

        def attempt(given: tuple[int, Any]) -> None:
            mode, event = given
            reply = doors[mode](event)
            told = _answers(reply)
            after = everything(world.services.store)
            if after != before:
                put_back(world.services.store, before)
            assert after == before or told.get("success") is True, "what was refused was written"

        yield Room(st.tuples(st.sampled_from([0, 1, 1]), _events(there, tokens)), attempt)


def _tokens(issuer: Issuer) -> list[str]:
    with_rsa = jwt.encode(issuer.claims("user-1"), issuer.rsa_key, "RS256", headers={"kid": "rsa-1"})
    expired = issuer.token("user-1", exp=5)
    return [issuer.token("user-1"), issuer.token("boss", admin=True), with_rsa, expired, issuer.anon_key()]


_TARGETS = [
    b"/",
    b"/?action=health",
    b"/?action=admin/leads&limit=2",
    b"*",
    b"http://localhost/?action=health",
    b"/%ff?\xff=\x00",
    b"//x",
]
_LINES = [
    b"Host: localhost",
    b"Host: 127.0.0.1",
    b"Host: evil.example",
    b"Content-Length: 5",
    b"Content-Length: 99999999999999999999",
    b"Content-Length: -1",
    b"Content-Length: 5, 6",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Expect: 100-continue",
    b"Connection: close",
    b"Connection: upgrade\r\nUpgrade: h2c",
    b"Content-Type: application/json",
    b"Content-Type: \xff",
    b"Authorization: Bearer \xe9",
    b"X: y\r\n folded",
    b": empty",
    b"no colon",
    b"X: \x00",
    b"Origin: null",
]
_BODIES = [
    b"",
    b"{}",
    b'{"action":"health"}',
    b'5\r\n{"a":\r\n0\r\n\r\n',
    b"zz\r\n",
    b"0\r\n\r\n",
    b"ffffffffffffffffff\r\n",
]


def _requests() -> st.SearchStrategy[bytes]:
    whole = st.builds(
        lambda method, target, version, lines, end, body: (
            method + b" " + target + b" " + version + b"\r\n" + b"".join(line + end for line in lines) + end + body
        ),
        st.sampled_from([b"GET", b"POST", b"HEAD", b"OPTIONS", b"PUT", b"CONNECT", b"TRACE", b"g\xffT", b""]),
        st.sampled_from(_TARGETS) | BYTES,
        st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9", b"HTTP/1.1 x", b""]),
        st.lists(st.sampled_from(_LINES) | BYTES, max_size=6).map(lambda lines: [b"Host: localhost", *lines]),
        st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"]),
        st.sampled_from(_BODIES) | BYTES,
    )
    return st.lists(damaged(whole) | whole | whole | BYTES, min_size=1, max_size=3).map(b"".join)


def _served(handle: Handle) -> AbstractContextManager[Running]:
    return running(lambda event: dict(handle(event)), SHORT)


@contextmanager
def http() -> Iterator[Room]:
    """Open the local server over the function."""
    with _world() as (world, _), _served(world.open("none").handle) as server:

        def attempt(sent: bytes) -> None:
            with closing(server.connect()) as client:
                with suppress(OSError):  # it need not read all of what it refuses
                    client.sendall(sent)
                    client.shutdown(socket.SHUT_WR)
                _are_answers(_received(client))
            assert 200 <= server.ask().status < 500, "it does not answer others any more"

        yield Room(_requests(), attempt)


def _received(client: socket.socket) -> bytes:
    found = bytearray()
    with suppress(ConnectionError):
        while part := client.recv(65_536):
            found += part
    return bytes(found)


class _Bytes:
    """As much of a socket as the standard library's reader of answers needs."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file = file

    def makefile(self, _mode: str) -> io.BytesIO:
        return self._file


def _are_answers(received: bytes) -> None:
    """Fail unless the bytes are answers of HTTP, one behind the other, each with a documented status."""
    file, seen = io.BytesIO(received), 0
    while file.tell() < len(received):
        start = file.tell()
        response = HTTPResponse(_Bytes(io.BytesIO(received[start:])))  # type: ignore[arg-type]
        try:
            response.begin()
            length = int(response.headers.get("content-length", 0))
        except HTTPException as error:
            raise AssertionError(f"no answer of HTTP: {received[start : start + 200]!r}") from error
        head = received.index(b"\r\n\r\n", start) + 4
        assert response.status in OF_HTTP, received[start : start + 300]
        seen += 1
        file.seek(min(head + length, len(received)) if not received[head:].startswith(b"HTTP/1.1") else head)


_JWK: dict[str, list[Any]] = {
    "kty": ["EC", "RSA", "oct", "OKP"],
    "crv": ["P-256", "P-384", ""],
    "use": ["sig", "enc"],
    "alg": ["ES256", "RS256", "none", "HS256"],
    "kid": ["ec-1", "rsa-1"],
    "key_ops": [["verify"], ["sign"]],
}


def _key_sets(issuer: Issuer) -> st.SearchStrategy[Any]:
    """Return key sets: the issuer's, with entries replaced."""
    sound: list[dict[str, Any]] = issuer.key_set()["keys"]
    parts = {name: st.sampled_from(choices) | VALUES for name, choices in _JWK.items()}
    parts |= {
        name: TEXTS | VALUES | st.sampled_from(["AQAB", "AA", "gA" * 400, "gA" * 60_000, sound[0]["x"]])
        for name in ("x", "y", "n", "e", "d", "k", "x5c")
    }
    entries = st.builds(
        lambda like, odd: {**like, **odd}, st.sampled_from([*sound, {}]), st.fixed_dictionaries({}, optional=parts)
    )
    return st.lists(entries | VALUES, max_size=3).map(lambda keys: {"keys": keys}) | VALUES


_ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.sampled_from(["user-1", "aff-1", None, "active"]) | VALUES
            for name in ("user_id", "affiliate_id", "form_url", "store_url", "status")
        },
    )
    | VALUES,
    max_size=3,
)
_HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "content-range", "location", "set-cookie", "content-length"]),
    st.sampled_from(["application/json", "*/0", "0-0/1", "0-9/x", "", "text/html; charset=\xff", "a\r\nb", "9" * 500])
    | TEXTS,
    max_size=2,
)
_CODES = st.sampled_from([200, 200, 200, 204, 206, 301, 400, 401, 404, 429, 500, 503, 0, 99, 1000])


_SECRETS = st.dictionaries(st.sampled_from(sorted(SECRETS)) | TEXTS, st.just("s" * 40) | TEXTS | VALUES, max_size=3)
_DOCUMENTS = (_SECRETS.map(json_of) | VALUES.map(json_of) | TEXTS | DEEP).map(lambda text: {"SecretString": text})


def _answered(issuer: Issuer) -> st.SearchStrategy[tuple[str, Response]]:
    """Return who is asked, and what they answer: what is usual there with something odd in it, or anything at all."""
    usual = {"keys": _key_sets(issuer), "rows": _ROWS, "link": _ROWS, "other": VALUES, "secrets": _DOCUMENTS | VALUES}

    def of(who: str) -> st.SearchStrategy[tuple[str, Response]]:
        told = usual[who].map(json_of).map(str.encode)
        return st.tuples(
            st.just(who), st.builds(Response, _CODES, told | told | BYTES | DEEP.map(str.encode), _HEADERS)
        )

    return st.sampled_from(sorted(usual)).flatmap(of)


_Asked = Callable[[World, list[str], Response], Mapping[str, Any]]


def _with_keys(world: World, tokens: list[str], answered: Response) -> Mapping[str, Any]:
    """Call an action while the identity provider answers oddly."""
    world.outside.answers = {"https://project.supabase.co/auth": answered}
    token = tokens[0 if b"ec-1" in answered.body else 2]
    return world.open("jwt").handle(_event("chat/conversations", "user_id=user-1", token))


def _with_rows(world: World, tokens: list[str], answered: Response) -> Mapping[str, Any]:
    """Call an action that asks Supabase's table, which answers oddly."""
    world.outside.answers = supabase_of(world.issuer).answers | {"https://project.supabase.co/rest": answered}
    client = world.open("jwt", supabase=SupabaseSettings("https://project.supabase.co", "service-key"))
    return client.handle(_event("affiliate/stats", "affiliate_id=aff-1", tokens[0]))


def _with_link(world: World, tokens: list[str], answered: Response) -> Mapping[str, Any]:
    """Make a link, which Supabase's table is to show."""
    world.outside.answers = supabase_of(world.issuer).answers | {"https://project.supabase.co/rest": answered}
    client = world.open("jwt", supabase=SupabaseSettings("https://project.supabase.co", "service-key"))
    body = {
        "action": "affiliate/create-link",
        "affiliate_id": "aff-1",
        "affiliate_email": "a@example.com",
        "store_url": "a.example",
    }
    return client.handle(_event("", "", tokens[1], body))


def _passed_on(world: World, tokens: list[str], answered: Response) -> Mapping[str, Any]:
    """Call an action of another backend, which answers oddly."""
    world.outside.answers = {"https://other.example": answered}
    client = world.open("none", fallback=FallbackSettings("https://other.example/api", ("other/",)))
    return client.handle(_event("other/x", "", tokens[0]))


def _with_secrets(world: World, tokens: list[str], answered: Response) -> Mapping[str, Any]:
    """Call an action while the secrets of the function are read, which come oddly."""
    world.outside.answers = supabase_of(world.issuer).answers | {"http://localhost": answered}
    environ = {"COMMERCIVE_JWT_ISSUER": ISSUER, "COMMERCIVE_ADDRESS_KEY": "k" * 32}
    telemetry = Telemetry(io.StringIO())

    def make(document: str) -> Application:
        settings = load_api(with_secrets(environ, document))
        return create_application(settings, world.services, telemetry, clock=world.clock, send=world.outside)

    rotating = RotatingApplication(secret_reader(environ, "id", world.outside), make, telemetry, world.clock)
    return rotating(_event("chat/conversations", "user_id=user-1", tokens[0]))


def _event(action: str, query: str, token: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawQueryString": f"action={action}&{query}" if action else "",
        "headers": {"authorization": f"Bearer {token}"},
        "requestContext": {"requestId": "r-1", "http": {"method": "POST" if body else "GET", "sourceIp": "192.0.2.1"}},
        **({"body": json.dumps(body)} if body else {}),
    }


_ASKED: dict[str, _Asked] = {
    "keys": _with_keys,
    "rows": _with_rows,
    "link": _with_link,
    "other": _passed_on,
    "secrets": _with_secrets,
}


@contextmanager
def outside() -> Iterator[Room]:
    """Open the function while those whom it asks answer oddly."""
    with _world() as (world, _):
        tokens = _tokens(world.issuer)

        def attempt(given: tuple[str, Response]) -> None:
            what, answered = given
            reply = _ASKED[what](world, tokens, answered)
            if what == "other" and reply["headers"].get("content-type") != "application/json":
                json.dumps(reply, ensure_ascii=False).encode()
                return
            if what == "other" and reply["statusCode"] == answered.status:
                return
            _answers(reply)

        yield Room(_answered(world.issuer), attempt)


_REPLIES = st.builds(
    lambda version, status, lines, end, body: (
        version + b" " + status + end + b"".join(line + end for line in lines) + end + body
    ),
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"ICY", b""]),
    st.sampled_from([b"200 OK", b"204 x", b"999 x", b"-1 x", b"2\xff", b"200", b""]) | BYTES,
    st.lists(
        st.sampled_from(
            [
                b"Content-Length: 2",
                b"Content-Length: -5",
                b"Content-Length: 9999999999999",
                b"Content-Length: x",
                b"Transfer-Encoding: chunked",
                b"X: \xff\x00",
                b"no colon",
                b" folded",
                b"Content-Encoding: gzip",
            ]
        )
        | BYTES,
        max_size=4,
    ),
    st.sampled_from([b"\r\n", b"\r\n", b"\n"]),
    st.sampled_from([b"{}", b"2\r\n{}\r\n0\r\n\r\n", b"zz\r\n", b"-1\r\n", b"ffffffffffffffffff\r\n{}"]) | BYTES,
)


@contextmanager
def replies() -> Iterator[Room]:
    """Open what asks other servers, to one that answers with any bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/keys"

        def attempt(reply: bytes) -> None:
            answered = _asked(listening, url, reply)
            if answered is not None:
                assert type(answered.status) is int
                assert len(answered.body) <= NAME_LENGTH << 20

        yield Room(damaged(_REPLIES) | _REPLIES | BYTES, attempt)


def _asked(listening: socket.socket, url: str, reply: bytes) -> Response | None:
    """Return what a request to a server got that answers with these bytes; None where it failed as it may."""

    def answer() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(reply)

    thread = Thread(target=answer)
    thread.start()
    try:
        return send_request("GET", url, {}, b"", seconds=20)
    except RequestFailed:
        return None
    finally:
        thread.join()


DOORS = (
    Door(
        "events",
        "the function answers every event with a documented status, and writes nothing that it refuses",
        events,
    ),
    Door("http", "the local server answers all bytes in HTTP, and goes on answering others", http, few=10),
    Door("outside", "whatever identity provider, Supabase and other backends answer, the function does", outside),
    Door("replies", "bytes in place of an answer are a failed request", replies),
)
