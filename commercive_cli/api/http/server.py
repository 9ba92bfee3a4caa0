"""The local server: turns HTTP requests into Function URL events, and replies into responses."""

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from http.client import responses
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

from commercive_cli.api.http.errors import failure
from commercive_cli.api.http.events import USUAL_HEADERS
from commercive_cli.api.http.hosts import HostNames, is_loopback, names_of
from commercive_cli.api.http.local_events import http_event
from commercive_cli.domain.errors import Denied, Unavailable
from commercive_cli.domain.quoting import shortened

LARGEST_REQUEST = 6 * 1024 * 1024
"""In bytes; Lambda refuses larger requests before they reach a function."""

LARGEST_HEADERS = 32 * 1024
"""In bytes, all of a request together; four times the longest access token."""

THREADS = 16
DRAIN_SECONDS = 10.0
_POLL_SECONDS = 1.0
_DRAIN_POLL_SECONDS = 0.02

Handle = Callable[[dict[str, Any]], dict[str, Any]]
"""Answers an event."""


@dataclass(frozen=True)
class Place:
    """Where a server listens: the IP address and port of what was asked for as `host`; port 0 takes a free one."""

    host: str
    address: str
    port: int
    family: int = socket.AF_INET

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can reach it."""
        return is_loopback(self.address)


class LocalServer:
    """Serves `handle` in one place, under that place's names alone. `run` returns after `stop` was called.

    `names` are those under which it answers beside its own.
    """

    def __init__(self, handle: Handle, place: Place, names: Iterable[str] = ()) -> None:
        self._channels: dict[int, Any] = {}
        self._stopping = threading.Event()
        server = create_server(
            wsgi_app(handle, names_of(place.host, place.address, names)),
            map=self._channels,
            sockets=[_listening(place)],
            threads=THREADS,
            ident="",
            max_request_body_size=LARGEST_REQUEST,
            max_request_header_size=LARGEST_HEADERS,
            clear_untrusted_proxy_headers=True,
        )
        assert isinstance(server, BaseWSGIServer), "one socket makes one server"
        self._server = server

    @property
    def url(self) -> str:
        """Return where the server can be reached."""
        host, port = self._listeners()[0].socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def run(self) -> None:
        """Serve until `stop`; then accept no more connections, answer pending requests for up to 10 s, and return."""
        while not self._stopping.is_set():
            self._poll(_POLL_SECONDS)
        for listener in self._listeners():
            wasyncore.dispatcher.close(listener)  # its own close would also close the trigger that busy threads need
        deadline = time.monotonic() + DRAIN_SECONDS
        while any(map(_is_busy, self._connections())) and time.monotonic() < deadline:
            self._poll(_DRAIN_POLL_SECONDS)
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._channels)

    def stop(self, *_signal: object) -> None:
        """Make `run` return; may be called from a signal handler or another thread."""
        self._stopping.set()
        self._server.pull_trigger()

    def _poll(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._channels, count=1)

    def _listeners(self) -> list[Any]:
        return [each for each in self._channels.values() if getattr(each, "accepting", False)]

    def _connections(self) -> list[HTTPChannel]:
        return [each for each in self._channels.values() if isinstance(each, HTTPChannel)]


def place_of(host: str, port: int) -> Place:
    """Return where a server for `host` listens; raise Unavailable when that is no address."""
    try:
        [(family, *_, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    return Place(host, str(address[0]), port, family)


def _listening(place: Place) -> socket.socket:
    try:
        return socket.create_server((place.address, place.port), family=place.family)
    except OSError as error:
        raise _cannot_listen(place.host, place.port, error) from error


def _cannot_listen(host: str, port: int, error: OSError) -> Unavailable:
    return Unavailable(
        f"cannot listen on {shortened(host)} port {port}: {error.strerror}; choose another --host or --port"
    )


def wsgi_app(handle: Handle, names: HostNames) -> Callable[..., Iterable[bytes]]:
    """Return a WSGI application (PEP 3333) that answers with `handle` what was sent to one of the names."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            names.check(environ.get("HTTP_HOST"))
            reply = handle(_event(environ))
        except Denied as error:
            reply = replace(failure(error), headers=USUAL_HEADERS).as_lambda()
        status, body = reply["statusCode"], reply["body"].encode()
        start_response(f"{status} {responses.get(status, 'Other')}", list(reply["headers"].items()))
        return [base64.b64decode(body) if reply.get("isBase64Encoded") else body]

    return app


def _event(environ: dict[str, Any]) -> dict[str, Any]:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    return http_event(
        environ["REQUEST_METHOD"],
        environ.get("PATH_INFO") or "/",
        environ.get("QUERY_STRING", ""),
        headers,
        environ["wsgi.input"].read(),
        environ.get("REMOTE_ADDR", ""),
    )


def _is_busy(channel: HTTPChannel) -> bool:
    return bool(channel.requests or channel.total_outbufs_len)
