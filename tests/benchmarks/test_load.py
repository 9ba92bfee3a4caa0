"""32 clients at `api serve`: requests a second beside a bare loop, how long the slowest wait, one hot record.

    python -m tests.benchmarks load

The bare loop is the same HTTP layer in a process of its own, which answers a constant of the same size. Both are asked
by the same clients in turns. CPU is that of the serving process alone, not of clients and not of DynamoDB's stand-in.
How late the latest of a hundred come says something of us only where the bare loop's do not: other work on the machine
delays both.
"""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from commercive_cli.api.http.events import USUAL_HEADERS
from commercive_cli.api.http.server import LocalServer, place_of
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS, MESSAGES
from tests.api.http.test_serve import Served, announced_url, create_tables, serving
from tests.api.test_seed_requests import LEAD
from tests.benchmarks.measuring import ROOT, python
from tests.services.transfer.stores import connected

pytestmark = pytest.mark.benchmark

CLIENTS = 32
SECONDS = float(os.environ.get("COMMERCIVE_TEST_SECONDS", "2"))
TURNS = 2
MOST_TIMES_MEDIAN = 10
CROWDS = (1, 2, 4, 8, 16, 32)
UNLIMITED = "address=999999/d,address-day=999999/d,network=999999/d,link=999999/d"
COLUMNS = ("req/s", "bare", "share", "CPU ms", "bare", "p50 ms", "p99", "bare")
HEADINGS = f"{'action':22} {' '.join(each.rjust(7) for each in COLUMNS)}"
CONSTANT = "from tests.benchmarks.test_load import serve_constant; serve_constant()"
RETRIED = (409, 503)
"""What a caller may get where many write to one record, each after nothing was written."""

Request = tuple[str, dict[str, Any]]
"""An action and its parameters."""


@dataclass
class Client:
    """One of the clients, and what it remembers between its requests."""

    number: int
    conversation: str = ""
    link: str = ""
    last: str = ""
    lead_ids: list[str] = field(default_factory=list)
    asked: int = 0


Ask = Callable[[Client], Request]
READS: dict[str, Ask] = {
    "health": lambda _: ("health", {}),
    "chat/conversations": lambda c: ("chat/conversations", {"user_id": f"user-{c.number}"}),
    "chat/messages": lambda c: ("chat/messages", {"conversation_id": c.conversation, "limit": 20}),
    "chat/notes": lambda c: ("chat/notes", {"conversation_id": c.conversation}),
    "admin/conversations": lambda _: ("admin/conversations", {"limit": 20}),
    "affiliate/get-link": lambda c: ("affiliate/get-link", {"affiliate_id": f"aff-{c.number}"}),
    "affiliate/stats": lambda c: ("affiliate/stats", {"affiliate_id": f"aff-{c.number}"}),
    "admin/leads": lambda _: ("admin/leads", {"status": "pending", "limit": 20}),
}
WRITES: dict[str, Ask] = {
    "chat/send": lambda c: (
        "chat/send",
        {"user_id": f"user-{c.number}", "message": "Where is it?", "conversation_id": c.conversation},
    ),
    "chat/reply": lambda c: (
        "chat/reply",
        {"admin_id": "bench", "message": "On its way.", "conversation_id": c.conversation},
    ),
    "chat/answer": lambda c: (
        "chat/answer",
        {"message": "We look into it.", "conversation_id": c.conversation, "if_last": c.last},
    ),
    "chat/mark-read": lambda c: ("chat/mark-read", {"conversation_id": c.conversation, "reader_type": "admin"}),
    "chat/close, reopen": lambda c: (
        "chat/reopen" if c.asked % 2 else "chat/close",
        {"conversation_id": c.conversation, "admin_id": "bench"},
    ),
    "affiliate/create-link": lambda c: (
        "affiliate/create-link",
        {"affiliate_id": f"new-{c.number}-{time.monotonic_ns()}", "email": "a@example.com"},
    ),
    "affiliate/submit-lead": lambda c: ("affiliate/submit-lead", {"link_id": c.link, "lead_data": LEAD}),
    "admin/approve-lead": lambda c: (
        "admin/approve-lead",
        {"lead_id": c.lead_ids[c.asked % len(c.lead_ids)], "decision": "approve", "commission_amount": 5},
    ),
}
GETS = frozenset(READS)


@dataclass(frozen=True)
class Answered:
    """One answer: its milliseconds, its status, its code where it is a failure, and its size."""

    ms: float
    status: int
    code: str
    size: int


@dataclass(frozen=True)
class Place:
    """A running API, its store, and its clients."""

    api: Served
    store: Store
    clients: Sequence[Client]


@contextmanager
def running(engine: str, directory: Path, request: pytest.FixtureRequest, limits: str = UNLIMITED) -> Iterator[Place]:
    """Yield the API over an empty store, with a conversation, a link and a lead for each client."""
    with ExitStack() as opened:
        if engine == "sqlite":
            url = f"sqlite:///{directory}/load.db"
            store: Store = opened.enter_context(closing(SQLiteStore(directory / "load.db")))
        else:
            endpoint = request.getfixturevalue("real_endpoint")
            prefix = f"load{time.monotonic_ns()}_"
            url = f"dynamodb://eu-west-1?endpoint={endpoint}&prefix={prefix}"
            store = opened.enter_context(closing(connected(endpoint, prefix)))
        create_tables(url)
        api = opened.enter_context(serving(url, "--auth", "none", COMMERCIVE_LIMITS=limits))
        yield Place(api, store, [_settled(api, Client(number)) for number in range(CLIENTS)])


def _settled(api: Served, client: Client) -> Client:
    user, affiliate = f"user-{client.number}", f"aff-{client.number}"
    client.conversation = api.post(action="chat/send", user_id=user, message="Hello")["conversation_id"]
    client.link = api.post(action="affiliate/create-link", affiliate_id=affiliate, email="a@example.com")["link_id"]
    return client


def ask(connection: http.client.HTTPConnection, client: Client, request: Request) -> Answered:
    """Send a request, remember what the next one needs, and return how it was answered."""
    action, parameters = request
    begun = time.perf_counter()
    if action in GETS:
        connection.request("GET", f"/?{urlencode({'action': action, **parameters})}")
    else:
        connection.request("POST", "/", json.dumps({"action": action, **parameters}))
    response = connection.getresponse()
    body = response.read()
    ms = (time.perf_counter() - begun) * 1000
    answer = json.loads(body)
    client.asked += 1
    client.last = answer.get("message_id", client.last)
    if "lead_id" in answer and action == "affiliate/submit-lead":
        client.lead_ids.append(answer["lead_id"])
    return Answered(ms, response.status, answer.get("code", ""), len(body))


def siege(url: str, clients: Sequence[Client], ask_of: Ask, seconds: float) -> tuple[list[Answered], float]:
    """Have each client ask one request after the other for so long; return the answers and the seconds it took."""
    begin = threading.Barrier(len(clients) + 1)
    started: list[float] = []

    def one(client: Client) -> list[Answered]:
        client.asked, found = 0, []
        with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
            connection.connect()
            begin.wait()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                found.append(ask(connection, client, ask_of(client)))
        return found

    with ThreadPoolExecutor(len(clients)) as pool:
        futures = [pool.submit(one, client) for client in clients]
        begin.wait()
        started.append(time.monotonic())
        answers = [each for future in futures for each in future.result()]
    return answers, time.monotonic() - started[0]


def cpu_of(process_id: int) -> float:
    """Return the CPU seconds that a process has used (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serve_constant() -> None:
    """Answer every request with as many bytes as its query says, by the HTTP layer of `api serve`."""

    def handle(event: Mapping[str, Any]) -> dict[str, Any]:
        size = int(event["rawQueryString"].rpartition("=")[2] or 2)
        body = json.dumps({"": "x" * max(size - 8, 0)})
        return {"statusCode": 200, "headers": dict(USUAL_HEADERS), "body": body, "isBase64Encoded": False}

    server = LocalServer(handle, place_of("127.0.0.1", 0))
    sys.stderr.write(f"listening on {server.url},\n")
    sys.stderr.flush()
    server.run()


@contextmanager
def bare() -> Iterator[Served]:
    process = subprocess.Popen(python(CONSTANT), stderr=subprocess.PIPE, text=True, cwd=ROOT)  # noqa: S603 - this module
    assert process.stderr is not None
    try:
        yield Served(process, announced_url(process.stderr))
    finally:
        process.terminate()
        process.wait(timeout=60)
        process.stderr.close()


@dataclass
class Measured:
    """What a server did in its turns."""

    answers: list[Answered] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0

    def turn(self, server: Served, clients: Sequence[Client], ask_of: Ask) -> None:
        """Let the clients ask for a turn."""
        before = cpu_of(server.process.pid)
        answers, seconds = siege(server.url, clients, ask_of, SECONDS)
        self.cpu += cpu_of(server.process.pid) - before
        self.answers += answers
        self.seconds += seconds

    @property
    def rate(self) -> float:
        return len(self.answers) / self.seconds

    @property
    def p50(self) -> float:
        return median(each.ms for each in self.answers)

    @property
    def p99(self) -> float:
        return sorted(each.ms for each in self.answers)[int(len(self.answers) * 0.99)]

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu / len(self.answers)


@pytest.mark.parametrize("engine", ["sqlite", "server"])
def test_32_clients_are_answered_evenly(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """No request fails, and of each action the 99th percentile is within ten times of the median."""
    _say(f"\n{engine:8} {HEADINGS}")
    uneven: dict[str, float] = {}
    with running(engine, tmp_path, request) as place, bare() as constant:
        for name, ask_of in {**READS, **WRITES}.items():
            ours, floor = Measured(), Measured()
            if name == "chat/answer":
                siege(place.api.url, place.clients, WRITES["chat/reply"], 0.01)  # so that each knows the last message
            for _ in range(TURNS):
                ours.turn(place.api, place.clients, ask_of)
                size = round(median(each.size for each in ours.answers))
                floor.turn(constant, place.clients, partial(_constant, size))
            _say(
                f"{'':8} {name:22} {ours.rate:7,.0f} {floor.rate:7,.0f} {ours.rate / floor.rate:7.2f} "
                f"{ours.cpu_ms:7.2f} {floor.cpu_ms:7.2f} {ours.p50:7.1f} {ours.p99 / ours.p50:6.1f}x "
                f"{floor.p99 / floor.p50:6.1f}x"
            )
            failed = Counter((each.status, each.code) for each in ours.answers if each.status != 200)
            uneven |= {name: ours.p99 / ours.p50} if ours.p99 > MOST_TIMES_MEDIAN * ours.p50 else {}
            assert {} == failed, name

    assert {} == uneven


def _constant(size: int, _client: Client) -> Request:
    return "health", {"size": size}


@pytest.mark.parametrize("engine", ["sqlite", "server"])
def test_one_conversation_takes_what_it_says_it_took(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Where all write into one conversation, whoever is refused is told to try again, and what was taken is there."""
    taken: list[Answered] = []
    with running(engine, tmp_path, request) as place:
        one = place.clients[0].conversation
        message = ("chat/reply", {"admin_id": "bench", "message": "hot", "conversation_id": one})
        _say(f"\n{engine}, one conversation")
        for crowd in CROWDS:
            taken += _crowded(place, crowd, lambda _: message)
        stored = [item for item in query_items(place.store, Query(MESSAGES, one)) if item["message_text"] == "hot"]

    assert len(taken) == len(stored)


@pytest.mark.parametrize("engine", ["sqlite", "server"])
def test_one_affiliate_counts_every_lead_once(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Where all leads go to one affiliate, its stats count those that were taken, each once."""
    taken: list[Answered] = []
    with running(engine, tmp_path, request) as place:
        lead = ("affiliate/submit-lead", {"link_id": place.clients[0].link, "lead_data": LEAD})
        _say(f"\n{engine}, one affiliate")
        for crowd in CROWDS:
            taken += _crowded(place, crowd, lambda _: lead)
        leads = [*query_items(place.store, Query(LEADS, "aff-0", "AffiliateLeadsIndex"))]
        stats = place.store.get(AFFILIATE_STATS, {"affiliate_id": "aff-0"})

    assert stats is not None
    assert len(taken) == len(leads) == stats["total_leads"] == stats["pending_leads"]


def _crowded(place: Place, crowd: int, ask_of: Ask) -> list[Answered]:
    """Return what was taken of a crowd's requests; print how many were, and what the others were told."""
    answers, seconds = siege(place.api.url, place.clients[:crowd], ask_of, SECONDS)
    taken = [each for each in answers if each.status == 200]
    refused = Counter(f"{each.status} {each.code}" for each in answers if each.status != 200)
    times = sorted(each.ms for each in answers)
    _say(
        f"  {crowd:3} clients: {len(taken) / seconds:7,.1f} taken/s, {len(answers) - len(taken):5} of {len(answers):6} "
        f"refused, p50 {median(times):6.1f} p99 {times[int(len(times) * 0.99)]:7.1f} ms  {dict(refused) or ''}"
    )
    assert {each.status for each in answers} <= {200, *RETRIED}
    return taken


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
