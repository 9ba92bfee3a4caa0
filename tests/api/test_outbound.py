"""Calls to Supabase over real sockets: short, without redirects, never raising anything but CallFailed."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from commercive_cli.api.outbound import LARGEST_ANSWER, CallFailed, call


@contextmanager
def answering(reply: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Answer one connection with these bytes; yields the URL and what was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/keys?a=b", asked
        thread.join()


def test_status_headers_and_body_come_back() -> None:
    """One request, one answer."""
    with answering(b"HTTP/1.1 200 OK\r\nContent-Range: 0-0/1\r\nContent-Length: 2\r\n\r\n{}") as (url, asked):
        answered = call("PATCH", url, {"apikey": "k"}, b"{}")

    assert (200, b"{}", "0-0/1") == (answered.status, answered.body, answered.headers["content-range"])
    assert asked[0].startswith(b"PATCH /keys?a=b HTTP/1.1\r\n")
    assert b"apikey: k" in asked[0]


def test_redirects_are_not_followed() -> None:
    """A key must not travel to another host."""
    with answering(b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n") as (url, _):
        assert 302 == call("GET", url, {}, b"").status


def test_an_endless_answer_is_cut() -> None:
    """Memory is bounded, whatever the other side sends."""
    size = LARGEST_ANSWER + 1000
    with answering(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + b"x" * size) as (url, _):
        assert len(call("GET", url, {}, b"").body) == LARGEST_ANSWER


@pytest.mark.parametrize("reply", [b"", b"nonsense\r\n\r\n"])
def test_what_is_no_answer_has_failed(reply: bytes) -> None:
    """Closed or garbled: CallFailed each time."""
    with answering(reply) as (url, _), pytest.raises(CallFailed):
        call("GET", url, {}, b"")


def test_nobody_there_has_failed() -> None:
    """A refused connection is said without the URL's path."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    with pytest.raises(CallFailed, match=r"127\.0\.0\.1 did not answer"):
        call("GET", f"http://127.0.0.1:{port}/secret", {}, b"")
