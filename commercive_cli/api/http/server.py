"""The local server: accepts connections, turns HTTP requests into Function URL events, and replies into responses."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes

from commercive_cli.api.http.connection import LIMITS, Limits, Request, Response
from commercive_cli.api.http.errors import failure
from commercive_cli.api.http.events import USUAL_HEADERS, body_of
from commercive_cli.api.http.hosts import HostNames, is_loopback, names_of
from commercive_cli.api.http.local_events import http_event
from commercive_cli.api.http.reception import Reception
from commercive_cli.domain.errors import Denied, Unavailable
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.workers import Workers

THREADS = 16
_BACKLOG = 1024
_UNTRUSTED = frozenset({"forwarded", *(f"x-forwarded-{what}" for what in ("for", "host", "proto", "port", "by"))})
"""Headers in which a proxy names whom it speaks for: whoever comes without one can write them, too."""

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

    def __init__(self, handle: Handle, place: Place, names: Iterable[str] = (), limits: Limits = LIMITS) -> None:
        self._respond = partial(respond, handle, names_of(place.host, place.address, names))
        self._limits = limits
        self._listener = _listening(place)
        self._stopping = threading.Event()
        self._wake: Callable[[], object] = self._stopping.set
        host, port = self._listener.getsockname()[:2]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        """Where the server can be reached."""

    def run(self) -> None:
        """Serve until `stop`; then accept no more connections, answer what was asked, and return within 5 s."""
        asyncio.run(self._serve())

    def stop(self, *_signal: object) -> None:
        """Make `run` return; may be called from a signal handler or another thread."""
        self._stopping.set()
        self._wake()

    async def _serve(self) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        workers = Workers(THREADS)

        def wake() -> None:
            with suppress(RuntimeError):  # a second signal, when the loop has ended
                loop.call_soon_threadsafe(stopped.set)

        async def answer(source: str, request: Request) -> Response:
            return await asyncio.wrap_future(workers.submit(partial(self._respond, request, source)))

        self._wake = wake
        if self._stopping.is_set():
            stopped.set()
        reception = Reception(self._listener, answer, self._limits)
        reception.open()
        await stopped.wait()
        await reception.close()
        workers.stop()


def place_of(host: str, port: int) -> Place:
    """Return where a server for `host` listens; raise Unavailable when that is no address."""
    try:
        [(family, *_, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    return Place(host, str(address[0]), port, family)


def _listening(place: Place) -> socket.socket:
    try:
        return socket.create_server((place.address, place.port), family=place.family, backlog=_BACKLOG)
    except OSError as error:
        raise _cannot_listen(place.host, place.port, error) from error


def _cannot_listen(host: str, port: int, error: OSError) -> Unavailable:
    return Unavailable(
        f"cannot listen on {shortened(host)} port {port}: {error.strerror}; choose another --host or --port"
    )


def respond(handle: Handle, names: HostNames, request: Request, source: str) -> Response:
    """Answer with `handle` what was sent to one of the names from the IP address `source`."""
    try:
        headers = _headers(request)
        names.check(headers.get("host"))
        reply = handle(_event(request, headers, source))
    except Denied as error:
        reply = replace(failure(error), headers=USUAL_HEADERS).as_lambda()
    return Response(reply["statusCode"], reply["headers"], body_of(reply))


def _event(request: Request, headers: dict[str, str], source: str) -> dict[str, Any]:
    target, _, query = request.target.partition("#")[0].partition("?")
    if not target.startswith("/"):  # to a proxy, as a whole URL
        target = target.partition("://")[2].partition("/")[2]
    path = unquote_to_bytes(target.lstrip("/")).decode("latin-1")
    return http_event(request.method, f"/{path}", query, headers, request.body, source)


def _headers(request: Request) -> dict[str, str]:
    """Return the headers as Lambda passes them on: a name once, its values in a row, the body in one piece."""
    headers: dict[str, str] = {}
    for name, value in request.headers:
        if name not in _UNTRUSTED and "_" not in name:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if headers.pop("transfer-encoding", None):
        headers["content-length"] = str(len(request.body))
    return headers
