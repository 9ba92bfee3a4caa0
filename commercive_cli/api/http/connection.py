"""One HTTP connection: reads requests, each part within its time, and writes the answers."""

import asyncio
import logging
import math
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from http.client import responses
from tempfile import SpooledTemporaryFile

import h11

from commercive_cli.api.http.errors import failure
from commercive_cli.api.http.events import USUAL_HEADERS, TooLarge
from commercive_cli.domain.errors import Invalid, NotTaken, Unavailable

LARGEST_REQUEST = 6 * 1024 * 1024
"""In bytes; Lambda refuses larger requests before they reach a function."""

LARGEST_HEADERS = 32 * 1024
"""In bytes, all of a request together; four times the longest access token."""

_LOGGER = logging.getLogger(__name__)
_READ_BYTES = 64 * 1024
_IN_MEMORY = 512 * 1024
_WITHOUT_BODY = (204, 304)
_HEADERS_TOO_LARGE = 431


@dataclass(frozen=True)
class Limits:
    """How many connections a server has at once, and how many seconds each may take for what."""

    connections: int = 512
    idle: float = 60.0
    """Until the first byte of a request."""
    headers: float = 10.0
    """From a request's first byte to the end of its headers."""
    body: float = 30.0
    """From there to the end of its body."""
    answer: float = 30.0
    """For the client to take an answer."""
    parting: float = 0.5
    """Before a connection without a request is closed: a request may be on its way, or an answer not yet read."""
    drain: float = 3.5
    """After the server was stopped, for whatever was asked before."""


LIMITS = Limits()


@dataclass(frozen=True)
class Request:
    """A whole request; the names of headers are in lower case."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Response:
    """A whole answer, without the headers that say how it is sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Refused(Exception):
    """A request is not answered by the API; its client gets `response`, and the connection ends."""

    def __init__(self, status: int, error: Exception) -> None:
        reply = failure(error)
        self.response = Response(status, {**USUAL_HEADERS, **reply.headers}, reply.body.encode())


Answer = Callable[[Request], Awaitable[Response]]
"""Answers a request; takes its time."""


class Connection:
    """Serves one client; calls `on_wait` when the client's turn begins."""

    def __init__(self, client: socket.socket, answer: Answer, limits: Limits, on_wait: Callable[[], None]) -> None:
        self._client = client
        self._answer = answer
        self._limits = limits
        self._on_wait = on_wait
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEADERS)
        self._timer: asyncio.Timeout | None = None
        self._is_idle = False
        self._is_head = False
        self._ends = math.inf
        self.waits_since = math.inf
        """Since when its client keeps us waiting, by the loop's clock; infinite while the client waits for us."""

    async def serve(self) -> None:
        """Answer requests until the client has no more or takes too long, or the server stops."""
        with suppress(OSError):  # the event loop does it only for sockets that name their protocol
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else the end of a long answer waits
        self._reader, self._writer = await asyncio.open_connection(sock=self._client)
        self._writer.transport.set_write_buffer_limits(0)  # so that `drain` waits until all is sent
        with suppress(OSError):  # the client is gone, or does not take its answer: nobody is left to be told
            try:
                while await self._exchange():
                    pass
                await self._part()
            finally:
                self._writer.transport.abort()

    def finish(self, ends: float) -> None:
        """Answer what was asked, until `ends` by the loop's clock, and then close."""
        self._ends = ends
        if self._timer is not None:
            with suppress(RuntimeError):  # it ended just now
                self._timer.reschedule(min(self._timer.when() or math.inf, self._latest()))

    async def _exchange(self) -> bool:
        """Serve one request; return whether another may follow."""
        try:
            if not await self._begins():
                return False
            response = await self._answered(await self._request())
        except h11.RemoteProtocolError as error:
            return await self._send(_unreadable(error.error_status_hint).response, is_last=True)
        except _Refused as refused:
            return await self._send(refused.response, is_last=True)
        return await self._send(response, is_last=self._is_stopping)

    async def _begins(self) -> bool:
        """Wait for the first byte of a request; return whether it came."""
        self._is_head = False
        if self._http.trailing_data[0]:
            return True
        self._is_idle = True
        try:
            async with self._clients_turn(self._limits.idle):
                return await self._read()
        except TimeoutError:
            return False
        finally:
            self._is_idle = False
            self.waits_since = self._now()

    async def _request(self) -> Request:
        head = await self._head()
        headers = [(name.decode(), value.decode("latin-1")) for name, value in head.headers]
        return Request(head.method.decode(), head.target.decode("latin-1"), headers, await self._body(head))

    async def _head(self) -> h11.Request:
        try:
            async with self._clients_turn(self._limits.headers):
                head = await self._event()
        except TimeoutError:
            raise self._too_late("headers", self._limits.headers) from None
        assert isinstance(head, h11.Request), "there are bytes, so it is a request or an error"
        self._is_head = head.method == b"HEAD"
        if sum(len(name) + len(value) + 4 for name, value in head.headers) + len(head.target) > LARGEST_HEADERS:
            raise _unreadable(_HEADERS_TOO_LARGE)
        return head

    async def _body(self, head: h11.Request) -> bytes:
        if int(dict(head.headers).get(b"content-length", 0)) > LARGEST_REQUEST:
            raise _too_large()
        try:
            async with self._clients_turn(self._limits.body):
                return await self._parts()
        except TimeoutError:
            raise self._too_late("body", self._limits.body) from None

    async def _parts(self) -> bytes:
        with SpooledTemporaryFile(_IN_MEMORY) as body:
            while isinstance(part := await self._event(), h11.Data):
                body.write(part.data)
                if body.tell() > LARGEST_REQUEST:
                    raise _too_large()
            body.seek(0)
            return body.read()

    async def _answered(self, request: Request) -> Response:
        self.waits_since = math.inf
        try:
            async with self._until(math.inf):
                return await self._answer(request)
        except TimeoutError:
            raise _Refused(503, Unavailable("the server stops before the outcome is known")) from None
        except Exception as error:
            _LOGGER.exception("a request could not be answered")
            raise _Refused(500, error) from error

    async def _send(self, response: Response, *, is_last: bool) -> bool:
        """Send an answer; return whether another request may follow."""
        async with asyncio.timeout(self._limits.answer):
            self.waits_since = self._now() + 1  # a client that takes it at once is not to be closed meanwhile
            has_body = not self._is_head and response.status not in _WITHOUT_BODY
            body = [h11.Data(data=response.body)] if has_body else []
            self._write(_head_of(response, is_last=is_last), *body, h11.EndOfMessage())
            await self._writer.drain()
        if is_last or h11.MUST_CLOSE in self._http.states.values():
            return False
        self._http.start_next_cycle()
        return True

    async def _part(self) -> None:
        """Read on for a moment after the last answer: to close with bytes unread would take the answer back."""
        self._writer.write_eof()
        async with self._clients_turn(self._limits.parting):
            while await self._reader.read(_READ_BYTES):
                pass

    async def _event(self) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                self._write(h11.InformationalResponse(status_code=100, headers=[]))
            await self._read()
        return event

    async def _read(self) -> bool:
        data = await self._reader.read(_READ_BYTES)
        self._http.receive_data(data)
        return bool(data)

    def _write(self, *events: h11.Event) -> None:
        """Write events at once: what follows in a packet of its own waits until the client has confirmed the first."""
        self._writer.write(b"".join(self._http.send(event) or b"" for event in events))

    def _clients_turn(self, seconds: float) -> asyncio.Timeout:
        """Return what limits a turn of the client; how long it has kept us waiting counts from its first turn."""
        self.waits_since = min(self.waits_since, self._now())
        self._on_wait()
        return self._until(self._now() + seconds)

    def _until(self, when: float) -> asyncio.Timeout:
        self._timer = asyncio.timeout_at(min(when, self._latest()))
        return self._timer

    def _latest(self) -> float:
        """Return until when the server is there for this connection."""
        if self._is_stopping and self._is_idle:
            return min(self._ends, self._now() + self._limits.parting)
        return self._ends

    @property
    def _is_stopping(self) -> bool:
        return self._ends < math.inf

    def _too_late(self, what: str, seconds: float) -> _Refused:
        if self._is_stopping:
            return _Refused(503, NotTaken("the server stops"))
        return _Refused(408, Invalid(f"the {what} of this request did not come within {seconds:g} s"))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _head_of(response: Response, *, is_last: bool) -> h11.Response:
    headers = {**response.headers, "date": formatdate(usegmt=True)}
    if response.status not in _WITHOUT_BODY:
        headers["content-length"] = str(len(response.body))
    if is_last:
        headers["connection"] = "close"
    reason = responses.get(response.status, "Other")
    return h11.Response(status_code=response.status, reason=reason, headers=list(headers.items()))


def _unreadable(status: int) -> _Refused:
    if status == _HEADERS_TOO_LARGE:
        return _Refused(status, TooLarge(f"the headers exceed {LARGEST_HEADERS // 1024} KB"))
    return _Refused(status, Invalid("this is no request of HTTP/1.1 that can be understood"))


def _too_large() -> _Refused:
    return _Refused(413, TooLarge(f"the body exceeds {LARGEST_REQUEST // 1024 // 1024} MB"))
