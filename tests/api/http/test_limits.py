"""Nobody takes another's place at the local server: idle clients, slow ones, and those that are there when it stops.

Limits are short where a test waits for one to pass, and far away where none may.
"""

import http.client
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from commercive_cli.api.http.connection import LIMITS, Limits
from commercive_cli.api.http.last_call import takes_no_more
from commercive_cli.api.http.server import THREADS, LocalServer, place_of

HEADERS = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
OK = {"statusCode": 200, "headers": {}, "body": "done"}


@dataclass
class Running:
    """A server in a thread, and what it does with an event."""

    server: LocalServer
    ended: "Future[None]"
    address: tuple[str, int] = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.server.url)
        self.address = (parts.hostname or "", parts.port or 0)

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=60)

    def ask(self, connection: http.client.HTTPConnection | None = None) -> http.client.HTTPResponse:
        """Ask on a connection that stays open, or on one for this request alone."""
        if connection is None:
            with closing(http.client.HTTPConnection(*self.address, timeout=60)) as own:
                return self.ask(own)
        connection.request("GET", "/")
        response = connection.getresponse()
        response.read()
        return response


@contextmanager
def running(
    handle: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: OK, limits: Limits = LIMITS
) -> Iterator[Running]:
    server = LocalServer(handle, place_of("127.0.0.1", 0), limits=limits)
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(server.run)
        try:
            yield Running(server, ended)
        finally:
            server.stop()
            ended.result(60)


def all_of(connection: socket.socket) -> bytes:
    """Return what comes until the server closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def drip(client: socket.socket, ended: threading.Event) -> None:
    """Send a byte now and then, until the server closes or it is told to end."""
    while not ended.wait(0.02):
        try:
            client.sendall(b"1")
        except OSError:
            return


class Gate:
    """A handler that says when it works, and goes on when it is told."""

    def __init__(self) -> None:
        self.working = threading.Semaphore(0)
        self.go_on = threading.Event()

    def __call__(self, _event: dict[str, Any]) -> dict[str, Any]:
        self.working.release()
        self.go_on.wait(60)
        return OK


class TestPlaces:
    def test_idle_and_slow_clients_stop_nobody(self) -> None:
        """More of them than there are threads: the next client is served at once, and none of theirs is cut."""
        with running() as served, ExitStack() as held:
            crowd = [held.enter_context(served.connect()) for _ in range(3 * THREADS * 3)]
            for number, each in enumerate(crowd):
                each.sendall((b"", b"GET / HTTP/1.1\r\nX-Slow: ", HEADERS)[number % 3])

            assert 200 == served.ask().status
            crowd[2].sendall(b"123456789")
            assert crowd[2].recv(12) == b"HTTP/1.1 200"

    def test_at_the_limit_the_longest_idle_one_makes_place(self) -> None:
        """Who came first and asks nothing is closed, the others stay, and the newcomer is served."""
        with running(limits=Limits(connections=4)) as served, ExitStack() as held:
            crowd = [held.enter_context(served.connect()) for _ in range(4)]
            assert 200 == served.ask().status

            assert b"" == all_of(crowd[0])
            crowd[3].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"HTTP/1.1 200" == crowd[3].recv(12)

    def test_who_waits_for_an_answer_makes_no_place(self) -> None:
        """At the limit newcomers wait when everybody else is being answered, and are served after them."""
        gate = Gate()
        with running(gate, Limits(connections=2)) as served, ThreadPoolExecutor(3) as pool:
            asking = [pool.submit(served.ask) for _ in range(2)]
            for _ in asking:
                assert gate.working.acquire(timeout=60)
            waiting = pool.submit(served.ask)
            gate.go_on.set()

            assert [200] * 3 == [each.result(60).status for each in (*asking, waiting)]

    def test_more_requests_than_threads_are_all_answered(self) -> None:
        """They wait for a thread in turn."""
        gate = Gate()
        with running(gate) as served, ThreadPoolExecutor(THREADS * 2) as pool:
            asking = [pool.submit(served.ask) for _ in range(THREADS * 2)]
            for _ in range(THREADS):
                assert gate.working.acquire(timeout=60)
            gate.go_on.set()

            assert {200} == {each.result(60).status for each in asking}


class TestTime:
    @pytest.mark.parametrize(
        ("sent", "limits", "answer"),
        [
            (b"", Limits(idle=0.2), b""),
            (b"GET / HTTP/1.1\r\nX: ", Limits(headers=0.2, parting=60), b"HTTP/1.1 408"),
            (HEADERS.replace(b"9", b"999"), Limits(body=0.2, parting=60), b"HTTP/1.1 408"),
        ],
    )
    def test_who_is_slow_is_cut_however_steadily_bytes_come(self, sent: bytes, limits: Limits, answer: bytes) -> None:
        """A byte now and then gains no time. The answer says what did not come; who sends nothing gets none."""
        ended = threading.Event()
        with running(limits=limits) as served, served.connect() as client, ThreadPoolExecutor(1) as pool:
            client.sendall(sent)
            if sent:
                pool.submit(drip, client, ended)
            said = all_of(client)
            ended.set()

        assert said.startswith(answer)
        assert bool(answer) == (b"connection: close" in said.lower())

    def test_who_does_not_take_an_answer_is_cut(self) -> None:
        """Nor does one who reads nothing keep a place."""
        large = {"statusCode": 200, "headers": {}, "body": "x" * 16_000_000}
        with running(lambda _: large, Limits(answer=0.2)) as served, served.connect() as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"HTTP/1.1 200" == client.recv(12)
            served.server.stop()
            served.ended.result(60)

            assert len(all_of(client)) < 16_000_000


class TestStopping:
    def test_whoever_asked_is_answered_and_told_that_it_is_the_last_time(self) -> None:
        """One whose request is worked on, one who waits for a thread, one whose request is half sent or not begun."""
        gate, limits = Gate(), Limits(parting=60, drain=60)
        with running(gate, limits) as served, ThreadPoolExecutor(THREADS + 1) as pool, served.connect() as half:
            kept, *others = [http.client.HTTPConnection(*served.address, timeout=60) for _ in range(THREADS + 2)]
            for each in (kept, *others):  # a server that stops is no longer there for who comes
                each.connect()
            half.sendall(HEADERS)
            asking = [pool.submit(served.ask, each) for each in others]
            for _ in range(THREADS):
                assert gate.working.acquire(timeout=60)
            served.server.stop()
            half.sendall(b"123456789")
            asking.append(pool.submit(served.ask, kept))
            gate.go_on.set()
            answers = [one.result(60) for one in asking]
            said = all_of(half)
            half.close()
            for each in (kept, *others):
                each.close()
            served.ended.result(60)

            assert {(200, "close")} == {(answer.status, answer.getheader("connection")) for answer in answers}
            assert said.startswith(b"HTTP/1.1 200")
            with pytest.raises(ConnectionRefusedError):
                served.connect()

    def test_in_the_end_nobody_is_left_without_an_answer(self) -> None:
        """What takes too long, or does not come, is told so when the time is over; the server waits for neither."""
        gate = Gate()
        with running(gate, Limits(drain=0.2)) as served, ThreadPoolExecutor(1) as pool, served.connect() as half:
            half.sendall(HEADERS)
            asking = pool.submit(served.ask)
            assert gate.working.acquire(timeout=60)
            served.server.stop()
            answer = asking.result(60)
            said = all_of(half)
            served.ended.result(60)
            gate.go_on.set()

        assert (503, "close") == (answer.status, answer.getheader("connection"))
        assert said.startswith(b"HTTP/1.1 503")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can do so")
def test_a_listening_socket_can_take_no_more_without_losing_who_has_come() -> None:
    """A new connection is not answered; one that has begun is accepted, and works."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as come:
        assert takes_no_more(listener)

        with pytest.raises(TimeoutError):
            socket.create_connection(listener.getsockname(), timeout=0.1)
        accepted, _ = listener.accept()
        with accepted:
            come.sendall(b"asked")
            assert b"asked" == accepted.recv(5)


class TestMessages:
    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            (b"nonsense\r\n\r\n", b"400"),
            (b"GET / HTTP/1.1\r\n\r\n", b"400"),  # without a host
            (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6291457\r\n\r\n", b"413"),
            (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", b"501"),
        ],
    )
    def test_what_is_not_understood_gets_json_and_the_connection_ends(self, sent: bytes, status: bytes) -> None:
        """Nothing after it can be told apart."""
        with running() as served, served.connect() as client:
            client.sendall(sent)
            said = all_of(client)

        assert said.split()[1] == status
        assert {"success", "error", "code"} == json.loads(said.partition(b"\r\n\r\n")[2]).keys()

    @pytest.mark.parametrize("is_chunked", [False, True])
    def test_a_body_beyond_6_mb_is_refused_and_its_client_hears_of_it(self, is_chunked: bool) -> None:
        """Though it sends all of it before it reads."""
        body = iter([b"x" * 3_200_000] * 2) if is_chunked else b"x" * 6_400_000
        limits = Limits(body=60, parting=60)
        with running(limits=limits) as served, closing(http.client.HTTPConnection(*served.address, timeout=60)) as asks:
            asks.request("POST", "/", body, encode_chunked=is_chunked)
            response = asks.getresponse()

            assert (413, "too_large") == (response.status, json.loads(response.read())["code"])

    def test_events_are_what_lambda_makes_of_requests(self) -> None:
        """Path decoded, query as it came, equal headers in a row, a body in chunks as one, and no header of a proxy."""
        events: list[dict[str, Any]] = []

        def note(event: dict[str, Any]) -> dict[str, Any]:
            events.append(event)
            return OK

        with running(note) as served, served.connect() as client:
            client.sendall(
                b"POST //a%20b?x=%201 HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\nx-a: 2\r\nX_B: 3\r\n"
                b"X-Forwarded-For: 192.0.2.1\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n"
                b"Expect: 100-continue\r\n\r\n"
            )
            assert b"HTTP/1.1 100 \r\n\r\n" == client.recv(100)
            client.sendall(b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\nGET http://localhost/z HTTP/1.1\r\n")
            client.sendall(b"Host: localhost\r\nConnection: close\r\n\r\n")
            said = all_of(client)

        first, second = events
        assert 2 == said.count(b"HTTP/1.1 200 OK")
        assert ("/a b", "x=%201", "abc") == (first["rawPath"], first["rawQueryString"], first["body"])
        assert {"host": "localhost", "x-a": "1, 2", "content-length": "3"}.items() <= first["headers"].items()
        assert not {"x_b", "x-forwarded-for", "transfer-encoding"} & first["headers"].keys()
        assert "/z" == second["rawPath"]

    def test_a_bug_is_answered_and_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        """With what every bug of the API is answered, and the reason in the log alone."""
        with running(lambda _: {"secret": 1}) as served:
            connection = http.client.HTTPConnection(*served.address, timeout=60)
            connection.request("GET", "/")
            response = connection.getresponse()
            answer = json.loads(response.read())
            connection.close()

        assert (500, "internal", "close") == (response.status, answer["code"], response.getheader("connection"))
        assert "KeyError" in caplog.text

    def test_head_gets_the_headers_alone(self) -> None:
        """And the connection goes on."""
        with running() as served:
            connection = http.client.HTTPConnection(*served.address, timeout=60)
            connection.request("HEAD", "/")
            head = connection.getresponse()
            head.read()

            assert (200, "4") == (head.status, head.getheader("content-length"))
            assert 200 == served.ask(connection).status
            connection.close()
