"""200 idle clients, 200 that send a byte a second, and 32 honest ones at `api serve`: who waits, and for how long.

    pytest -m benchmark -s tests/benchmarks/test_serve_crowd.py

The slow ones come again when they are cut, so that it is 200 all the time. Then SIGTERM, while all are there.
"""

import http.client
import resource
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.api.http.test_serve import Served, create_tables, serving

pytestmark = pytest.mark.benchmark

IDLE, SLOW, HONEST = 200, 200, 32
SECONDS = 20.0
TIMES_ALONE = 5
BEGINNINGS = (
    b"GET /?action=health HTTP/1.1\r\nX-Slow: ",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
)


def test_a_crowd_slows_honest_clients_down_little(tmp_path: Path) -> None:
    """Their 99th percentile is within 5 times of that alone, no request fails, and none is cut at the end."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    store = f"sqlite:///{tmp_path}/store.db"
    create_tables(store)
    with serving(store, "--auth", "none") as api:
        alone = p99(honest(api, SECONDS))
        with crowd(api), ThreadPoolExecutor(1) as pool:
            among = p99(honest(api, SECONDS))
            last = pool.submit(honest, api, SECONDS)
            threading.Event().wait(1)
            asked = time.monotonic()
            api.process.terminate()
            code = api.process.wait(timeout=10)
            ended = time.monotonic() - asked
            answered = len(last.result())
    said = f"p99 alone {alone:.1f} ms, among the crowd {among:.1f} ms; stopped in {ended:.1f} s, {answered} answers"
    sys.stdout.write(f"{said}\n")

    assert among < TIMES_ALONE * alone
    assert (0, True) == (code, ended < 5)


def honest(api: Served, seconds: float) -> list[float]:
    """Have 32 clients ask for so long, or until each is told to go; return the milliseconds of every answer."""
    with ThreadPoolExecutor(HONEST) as pool:
        return [each for times in pool.map(lambda _: times_of_one(api, seconds), range(HONEST)) for each in times]


def times_of_one(api: Served, seconds: float) -> list[float]:
    """Fail when a request is not answered, or not with 200."""
    times = []
    end = time.monotonic() + seconds
    with closing(http.client.HTTPConnection(urlsplit(api.url).netloc, timeout=30)) as connection:
        while time.monotonic() < end:
            begun = time.perf_counter()
            connection.request("GET", "/?action=chat/conversations&user_id=nobody")
            response = connection.getresponse()
            response.read()
            times.append((time.perf_counter() - begun) * 1000)
            assert 200 == response.status
            if response.getheader("connection") == "close":
                break
    return times


@contextmanager
def crowd(api: Served) -> Iterator[None]:
    address = "127.0.0.1", urlsplit(api.url).port or 0
    ended = threading.Event()
    with ExitStack() as held, ThreadPoolExecutor(1) as pool:
        for _ in range(IDLE):
            held.enter_context(socket.create_connection(address, timeout=10))
        pool.submit(drip, address, ended)
        try:
            yield
        finally:
            ended.set()


def drip(address: tuple[str, int], ended: threading.Event) -> None:
    """Keep 200 connections, and send a byte a second on each."""
    clients: list[socket.socket] = []
    while not ended.wait(1):
        clients = [each for each in clients if sent(each)]
        while len(clients) < SLOW and not ended.is_set():
            try:
                clients.append(socket.create_connection(address, timeout=10))
            except OSError:  # the server has stopped
                break
            sent(clients[-1], BEGINNINGS[len(clients) % 2])
    for each in clients:
        each.close()


def sent(client: socket.socket, what: bytes = b"x") -> bool:
    try:
        client.sendall(what)
    except OSError:
        client.close()
        return False
    return True


def p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]
