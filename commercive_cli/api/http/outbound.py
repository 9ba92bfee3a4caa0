"""HTTP calls to other services: two seconds, no redirects, no proxies, https unless it is this machine."""

import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 2.0
"""For a whole request, from connecting to the last byte; resolving the host's name is not included."""

LARGEST_ANSWER = 256 * 1024


class RequestFailed(Exception):
    """The server did not answer in time, or not in HTTP."""


class RequestUnsent(RequestFailed):
    """There was no connection, or the request cannot be put into HTTP; nothing was sent."""


@dataclass(frozen=True)
class Response:
    """The server's answer; header names are in lower case."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


SendRequest = Callable[[str, str, Mapping[str, str], bytes], Response]
"""Sends method, URL, headers and body; raises RequestFailed."""


class _Deadline:
    """The deadline of a request; `now` returns seconds."""

    def __init__(self, now: Callable[[], float], seconds: float) -> None:
        self._now = now
        self._ends = now() + seconds

    def left(self) -> float:
        """Return the seconds until the deadline; raise TimeoutError after it."""
        left = self._ends - self._now()
        if left <= 0:
            raise TimeoutError
        return left


class _Incoming(io.RawIOBase):
    """Reads from a socket, with the rest of the deadline as the timeout of every read."""

    def __init__(self, source: socket.socket, deadline: _Deadline) -> None:
        self._source = source
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._source.settimeout(self._deadline.left())
        return self._source.recv_into(buffer)


def send_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    seconds: float = TIMEOUT_SECONDS,
    largest: int = LARGEST_ANSWER,
    now: Callable[[], float] = time.monotonic,
) -> Response:
    """Send one request and return what came back within these seconds in all, and no more bytes than `largest`."""
    deadline = _Deadline(now, seconds)
    try:
        parts = urlsplit(url)
        connection = (HTTPSConnection if parts.scheme == "https" else HTTPConnection)(parts.hostname or "", parts.port)
    except (ValueError, HTTPException):  # which quotes what a header could hold
        raise RequestUnsent("the address of the request is no URL") from None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    stage = "connecting"
    try:
        connection.sock = _connect(connection.host, connection.port, deadline)
        if parts.scheme == "https":
            connection.sock.settimeout(deadline.left())
            connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=connection.host)
        connection.sock.settimeout(deadline.left())
        stage = "sending"
        connection.request(method, target, body or None, dict(headers))
        stage = "reading"
        response = HTTPResponse(connection.sock, method=method)
        response.fp = io.BufferedReader(_Incoming(connection.sock, deadline))
        response.begin()
        return Response(response.status, response.read(largest), _lower(response.getheaders()))
    except (OSError, HTTPException) as error:
        failure = RequestUnsent if stage == "connecting" else RequestFailed
        raise failure(f"{parts.hostname} did not answer: {type(error).__name__}") from error
    except ValueError:  # of a host or header, which its text quotes, so that it is no cause to show
        failure = RequestFailed if stage == "reading" else RequestUnsent
        raise failure(f"the request to {parts.hostname}, or the answer, is no HTTP") from None
    finally:
        connection.close()


def _connect(host: str, port: int, deadline: _Deadline) -> socket.socket:
    """Return a connection to the first of the host's addresses that accepts one before the deadline."""
    failed = OSError("the host has no address")
    for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            return socket.create_connection((str(address[0]), port), deadline.left())
        except OSError as error:
            failed = error
    raise failed


def _lower(headers: list[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}
