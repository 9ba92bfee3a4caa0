"""The local server answers pending requests, even when it is stopped meanwhile."""

import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from commercive_cli.api.http.local_events import action_event, http_event
from commercive_cli.api.http.server import LocalServer, place_of
from commercive_cli.domain.errors import Unavailable


def ask(url: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("POST", "/", b"{}", {"X-Two": "a", "Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def test_requests_in_flight_are_answered_before_it_stops() -> None:
    """A request that is being answered when the server is stopped gets its answer."""
    working, go_on = threading.Event(), threading.Event()

    def slowly(_event: dict[str, Any]) -> dict[str, Any]:
        working.set()
        go_on.wait(60)
        return {"statusCode": 200, "headers": {}, "body": "done"}

    server = LocalServer(slowly, place_of("127.0.0.1", 0))
    url = server.url
    with ThreadPoolExecutor(2) as pool:
        running, asking = pool.submit(server.run), pool.submit(ask, url)
        assert working.wait(60)
        server.stop()
        go_on.set()

        assert (200, b"done") == asking.result(60)
        assert running.result(60) is None


def test_an_answer_comes_in_one_piece() -> None:
    """Head and body are one packet: a second one would wait until the client confirms the first, on Linux for 40 ms."""
    server = LocalServer(lambda _: {"statusCode": 200, "headers": {}, "body": "done"}, place_of("127.0.0.1", 0))
    address = "127.0.0.1", urlsplit(server.url).port or 0
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(server.run)
        with socket.create_connection(address, timeout=60) as client:
            received = []
            for _ in range(3):
                client.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{address[1]}\r\n\r\n".encode())
                received.append(client.recv(65_536))
        server.stop()
        running.result(60)

    assert [(True, True)] * 3 == [(each.startswith(b"HTTP/1.1 200"), each.endswith(b"\ndone")) for each in received]


def test_an_address_in_use_is_said() -> None:
    """Not a traceback."""
    server = LocalServer(lambda _: {}, place_of("127.0.0.1", 0))
    port = urlsplit(server.url).port or 0

    with pytest.raises(Unavailable, match=f"port {port}"):
        LocalServer(lambda _: {}, place_of("127.0.0.1", port))

    server.stop()
    server.run()


class TestEvents:
    def test_text_stays_text_and_the_rest_is_base64(self) -> None:
        """As Lambda does it, by content type."""
        kinds = {
            "application/json; charset=utf-8": False,
            "text/plain": False,
            "application/octet-stream": True,
            "": True,
        }

        events = {kind: http_event("POST", "/", "", {"content-type": kind}, b"{}", "192.0.2.1") for kind in kinds}

        assert kinds == {kind: event["isBase64Encoded"] for kind, event in events.items()}

    def test_bytes_that_are_no_text_are_base64_whatever_they_claim(self) -> None:
        """JSON cannot carry them otherwise."""
        event = http_event("POST", "/", "", {"content-type": "application/json"}, b"\xff", "192.0.2.1")

        assert (True, "/w==") == (event["isBase64Encoded"], event["body"])

    def test_an_action_is_called_by_its_own_method(self) -> None:
        """Parameters go into the query string or the body, quoted."""
        got = action_event("admin/leads", {"status": "a&b", "limit": 5})
        posted = action_event("chat/send", {"message": "hi"})

        assert ("GET", "action=admin%2Fleads&status=a%26b&limit=5") == (
            got["requestContext"]["http"]["method"],
            got["rawQueryString"],
        )
        assert {"action": "chat/send", "message": "hi"} == json.loads(posted["body"])
