"""`commercive api serve`: the seed's example over raw HTTP, on SQLite and on a real DynamoDB-compatible server."""

import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.api.http.test_cors import PREFLIGHT
from tests.api.test_seed_requests import LEAD
from tests.api.world import DASHBOARD

ROOT = Path(__file__).parents[3]


class Served:
    """A running server, and one HTTP request at a time to it; `log` is what it said, once it ended."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.process = process
        self.url = url
        self.log = ""

    def request(
        self, method: str, target: str = "/", body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        try:
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            text = response.read()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, json.loads(text or b"{}")
        finally:
            connection.close()

    def get(self, query: str) -> dict[str, Any]:
        return self.request("GET", f"/?{query}")[2]

    def post(self, **body: Any) -> dict[str, Any]:
        """Send a body as the seed's step 1 does: without a content type."""
        return self.request("POST", "/", json.dumps(body).encode())[2]


def status_of(served: Served, headers: dict[str, str]) -> int:
    """Return the status of an answer that need not be JSON."""
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)
    connection.request("GET", "/?action=health", None, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def environment(store: str, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COMMERCIVE_")}
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return kept | credentials | {"COMMERCIVE_STORE": store, "PYTHONPATH": str(ROOT), **more}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "commercive_cli", *arguments]


@contextmanager
def serving(store: str, *options: str, **variables: str) -> Iterator[Served]:
    process = subprocess.Popen(  # noqa: S603 - our own program
        command("api", "serve", "--port", "0", *options),
        env=environment(store, **variables),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    served = Served(process, announced_url(process.stderr))
    with ThreadPoolExecutor(1) as reader:  # a full pipe would stop the server
        rest = reader.submit(process.stderr.read)
        try:
            yield served
        finally:
            process.terminate()
            process.wait(timeout=60)
            served.log = rest.result()
            process.stderr.close()


def announced_url(log: Iterable[str]) -> str:
    """Return the URL that a started server prints."""
    said: list[str] = []
    for line in log:
        said.append(line)
        if "listening on" in line:
            return line.split("listening on ")[1].split(",")[0]
    pytest.fail("".join(said))


def create_tables(store: str) -> None:
    subprocess.run(command("tables", "create"), env=environment(store), check=True, capture_output=True)  # noqa: S603


@pytest.fixture(scope="module")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('serve')}/store.db"
    create_tables(url)
    return url


@pytest.fixture(scope="module")
def served(sqlite_url: str) -> Iterator[Served]:
    with serving(sqlite_url, "--auth", "none", "--origin", DASHBOARD) as server:
        yield server


def twelve_steps(api: Served) -> None:
    """Walk through the seed's example (section 12) and on through the affiliates' half of section 2."""
    sent = api.post(
        action="chat/send",
        user_id="user-123",
        store_url="mystore.myshopify.com",
        message="Hello, I need help",
        conversation_id=None,
    )
    conversation_id = sent["conversation_id"]
    mine = api.get("action=chat/conversations&user_id=user-123")["conversations"]
    first = api.get(f"action=chat/messages&conversation_id={conversation_id}")["messages"]
    listed = api.get("action=admin/conversations&status=open&limit=100")["conversations"]
    replied = api.post(
        action="chat/reply", conversation_id=conversation_id, admin_id="admin-456", message="Hi! How can I help you?"
    )
    both = api.get(f"action=chat/messages&conversation_id={conversation_id}")["messages"]
    marked = api.post(action="chat/mark-read", conversation_id=conversation_id, reader_type="user")
    read = api.get("action=chat/conversations&user_id=user-123")["conversations"]
    closed = api.post(action="chat/close", conversation_id=conversation_id)
    link = api.post(
        action="affiliate/create-link", affiliate_id="user-123", affiliate_email="a@example.com", store_url="my.shop"
    )
    found = api.get("action=affiliate/get-link&affiliate_id=user-123")["affiliate_link"]
    submitted = api.post(action="affiliate/submit-lead", link_id=link["link_id"], lead_data=LEAD)
    pending = api.get("action=admin/leads&status=pending&limit=100")["leads"]
    decided = api.post(lead_id=submitted["lead_id"], action="approve", commission_amount=25.5, admin_notes="good")
    stats = api.get("action=affiliate/stats&affiliate_id=user-123")["stats"]

    writes = (sent, replied, marked, closed, link, submitted, decided)
    assert [True] * len(writes) == [answer["success"] for answer in writes]
    assert [[conversation_id]] * 2 == [[c["conversation_id"] for c in each] for each in (mine, listed)]
    assert (1, 0) == (listed[0]["unread_admin"], listed[0]["unread_user"])
    assert ["Hello, I need help"] == [m["message_text"] for m in first]
    assert [("user", "user-123"), ("admin", "admin-456")] == [(m["sender_type"], m["sender_id"]) for m in both]
    assert (1, 0) == (marked["marked"], read[0]["unread_user"])
    assert link["affiliate_url"] == found["affiliate_url"]
    assert f"https://dashboard.commercive.co/affiliate-form?ref={link['link_id']}" == link["affiliate_url"]
    assert [submitted["lead_id"]] == [lead["lead_id"] for lead in pending]
    assert (1, 1, 25.5) == (stats["total_leads"], stats["approved_leads"], stats["total_commission"])


def fifty_at_once(api: Served) -> None:
    """Send one request fifty times at once, and the same key with another body."""
    body = {"action": "chat/send", "user_id": "fifty", "message": "once"}

    def send(message: str) -> tuple[int, dict[str, Any]]:
        sent = json.dumps(body | {"message": message}).encode()
        status, _, answer = api.request("POST", "/", sent, {"Idempotency-Key": "k"})
        return status, answer

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(send, ["once"] * 50))

    conversations = api.get("action=chat/conversations&user_id=fifty")["conversations"]
    assert [answers[0]] * 50 == answers
    assert (200, [1]) == (answers[0][0], [c["unread_admin"] for c in conversations])
    assert 409 == send("another")[0]


class TestTheExample:
    def test_on_sqlite(self, tmp_path: Path) -> None:
        """Every step gets the documented answer from the embedded store."""
        url = f"sqlite:///{tmp_path}/store.db"
        create_tables(url)

        with serving(url, "--auth", "none") as api:
            twelve_steps(api)

    def test_on_a_real_server(self, real_endpoint: str) -> None:
        """And the same answers from a DynamoDB-compatible server, under contention, too."""
        url = f"dynamodb://eu-west-1?prefix=serve_{uuid4().hex[:8]}_&endpoint={real_endpoint}"
        create_tables(url)

        with serving(url, "--auth", "none") as api:
            twelve_steps(api)
            fifty_at_once(api)


class TestHTTP:
    def test_a_page_on_the_list_is_permitted(self, served: Served) -> None:
        """Preflight and request, as a browser sends them."""
        permitted = served.request("OPTIONS", "/", None, PREFLIGHT)
        answered = served.request("GET", "/?action=health", None, {"Origin": DASHBOARD})
        foreign = served.request("GET", "/?action=health", None, {"Origin": "https://evil.example"})

        assert (204, DASHBOARD) == (permitted[0], permitted[1]["access-control-allow-origin"])
        assert (200, DASHBOARD) == (answered[0], answered[1]["access-control-allow-origin"])
        assert (403, None) == (foreign[0], foreign[1].get("access-control-allow-origin"))

    @pytest.mark.parametrize(
        ("method", "target", "body", "status"),
        [
            ("PUT", "/?action=health", b"{}", 405),
            ("GET", "/?action=nope", None, 404),
            ("GET", "/?action=admin/leads&limit=1,2", None, 400),
            ("GET", "/?action=admin/leads&limit=1&limit=2", None, 400),
            ("POST", "/", b"\xff\xfe", 400),
            ("POST", "/", b"[" * 10_000, 400),
            ("POST", "/", b"x" * (256 * 1024 + 1), 413),
            ("POST", "/", b'{"action":"chat/send","user_id":"u","message":"gr\xc3\xbc\xc3\x9fe"}', 200),
        ],
    )
    def test_statuses_are_those_of_the_function(
        self, served: Served, method: str, target: str, body: bytes | None, status: int
    ) -> None:
        """Raw HTTP becomes the event that Lambda would make of it."""
        answered = served.request(method, target, body)

        assert (status, status == 200) == (answered[0], answered[2]["success"])

    def test_a_body_in_chunks_is_read(self, served: Served) -> None:
        """Not every client says in advance how long its body is."""
        connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)
        parts = iter([b'{"action":"chat/send",', b'"user_id":"chunked","message":"hi"}'])

        connection.request("POST", "/", parts, encode_chunked=True, headers={"Transfer-Encoding": "chunked"})

        status = connection.getresponse().status
        connection.close()
        assert 200 == status

    @pytest.mark.parametrize("name", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8787", ""])
    def test_a_page_that_points_its_own_name_here_is_refused(self, served: Served, name: str) -> None:
        """DNS rebinding: to the browser, such a page and this server are one site. Nothing is asked of the store."""
        status, headers, answer = served.request("GET", "/?action=admin/leads", None, {"Host": name})

        assert (403, "denied", "application/json") == (status, answer["code"], headers["content-type"])
        assert "--allow-host" in answer["error"]

    @pytest.mark.parametrize("name", ["localhost", "LOCALHOST:80", "127.0.0.1", "[::1]:8787"])
    def test_this_machine_may_call_itself_by_all_its_names(self, served: Served, name: str) -> None:
        """Whatever the port, which may be another one's on the way here."""
        assert 200 == served.request("GET", "/?action=health", None, {"Host": name})[0]

    def test_headers_end_at_32_kb(self, served: Served) -> None:
        """What one request may bring before anybody looks at it, one header or thousands, is limited."""
        one = {"X-Padding": "x" * 30_000}

        assert 200 == served.request("GET", "/?action=health", None, one)[0]
        assert 431 == status_of(served, {"X-Padding": "x" * 33_000})
        assert 431 == status_of(served, {f"X-{number}": "x" for number in range(4_000)})

    def test_forwarded_addresses_are_not_believed(self, served: Served) -> None:
        """Rate limits count the address of the connection, whatever headers claim."""
        link = served.post(action="affiliate/create-link", affiliate_id="fwd", affiliate_email="a@example.com")
        lead = json.dumps({"action": "affiliate/submit-lead", "link_id": link["link_id"], "lead_data": LEAD}).encode()

        statuses = [
            served.request("POST", "/", lead, {"X-Forwarded-For": f"10.0.0.{n}", "Forwarded": f"for=10.0.0.{n}"})[0]
            for n in range(35)  # thirty at once, and one more a minute
        ]

        assert 429 in statuses

    def test_fifty_requests_at_once_with_one_key_are_one(self, served: Served) -> None:
        """Over the wire, too: fifty equal answers."""
        fifty_at_once(served)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_last_answer(sqlite_url: str, number: signal.Signals) -> None:
    """On SIGTERM or SIGINT no new connections are accepted, pending requests are answered, exit code 0."""
    with serving(sqlite_url, "--auth", "none") as api:
        api.get("action=health")
        api.process.send_signal(number)

        assert 0 == api.process.wait(timeout=60)
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", urlsplit(api.url).port or 0), timeout=60)


def test_idle_and_slow_clients_stop_nobody(served: Served) -> None:
    """Hundreds that ask nothing, or a byte at a time, and everybody else is served as before."""
    beginnings = (b"", b"GET /?action=health HTTP/1.1\r\nX-Slow: ", b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    with ExitStack() as held, ThreadPoolExecutor(8) as pool:
        for number in range(210):
            client = socket.create_connection(("127.0.0.1", urlsplit(served.url).port or 0), timeout=60)
            held.enter_context(client).sendall(beginnings[number % 3])

        answers = list(pool.map(lambda _: served.get("action=health"), range(32)))

    assert ["ok"] * 32 == [answer["status"] for answer in answers]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the files of a process that runs")
def test_when_no_file_can_be_opened_idle_clients_make_place(sqlite_url: str) -> None:
    """Nor do connections beyond what the system allows stop the server."""
    with serving(sqlite_url, "--auth", "none") as api, ExitStack() as held:
        number = api.process.pid
        _, most = resource.prlimit(number, resource.RLIMIT_NOFILE)
        resource.prlimit(number, resource.RLIMIT_NOFILE, (len(list(Path(f"/proc/{number}/fd").iterdir())) + 5, most))
        for _ in range(20):
            held.enter_context(socket.create_connection(("127.0.0.1", urlsplit(api.url).port or 0), timeout=60))

        assert 403 == api.request("GET", "/", None, {"Host": "evil.example"})[0]


def test_a_signal_leaves_nobody_without_an_answer(sqlite_url: str) -> None:
    """Clients ask without a pause when SIGTERM comes: each gets its answer, and is told to go or refused the next time.

    On Linux those are among them, too, who connect for every request: none is reset.
    """
    asks = [ask_on_one_connection] * 16 + [ask_on_new_connections] * (8 if sys.platform == "linux" else 0)
    warm = Barrier(len(asks) + 1)
    with serving(sqlite_url, "--auth", "none") as api, ThreadPoolExecutor(len(asks)) as pool:
        asking = [pool.submit(ask, api, warm) for ask in asks]
        warm.wait(60)
        api.process.terminate()

        assert 0 == api.process.wait(timeout=60)
        assert {"told", "refused"} >= {each.result(60) for each in asking}


def ask_on_one_connection(served: Served, warm: Barrier) -> str:
    """Ask again and again; return how it ended, and fail without an answer."""
    with closing(http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)) as connection:
        answer(connection)
        warm.wait(60)
        while answer(connection) != "close":
            pass
    return "told"


def ask_on_new_connections(served: Served, warm: Barrier) -> str:
    warm.wait(60)
    while True:
        with closing(http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)) as connection:
            try:
                connection.connect()
            except ConnectionRefusedError:
                return "refused"
            answer(connection)


def answer(connection: http.client.HTTPConnection) -> str | None:
    """Return what an answer says about its connection."""
    connection.request("GET", "/?action=chat/conversations&user_id=nobody")
    response = connection.getresponse()
    response.read()
    return response.getheader("connection")


class TestOtherMachines:
    def test_one_that_trusts_everybody_is_not_theirs_to_reach(self, sqlite_url: str) -> None:
        """Neither by option nor by variable; exit code 2, and the message names the ways out."""
        for options, variables in ((["--auth", "none"], {}), ([], {"COMMERCIVE_API_AUTH": "none"})):
            finished = subprocess.run(  # noqa: S603 - our own program
                command("api", "serve", "--port", "0", "--host", "0.0.0.0", *options),  # noqa: S104 - what is refused
                env=environment(sqlite_url, **variables),
                capture_output=True,
                text=True,
                check=False,
                timeout=60,  # it would serve for ever
            )

            assert 2 == finished.returncode
            assert "--insecure" in finished.stderr

    def test_with_insecure_it_answers_to_addresses_and_to_names_that_were_given(self, sqlite_url: str) -> None:
        """A container has another name outside; names that nobody gave are refused there, too."""
        options = ("--host", "0.0.0.0", "--auth", "none", "--insecure", "--allow-host", "API.internal")  # noqa: S104

        with serving(sqlite_url, *options) as api:
            names = ("api.internal:80", "192.0.2.7", "[2001:db8::1]", "localhost", "evil.example")
            statuses = [api.request("GET", "/?action=health", None, {"Host": name})[0] for name in names]

        assert [200, 200, 200, 200, 403] == statuses


def test_without_tokens_to_check_it_does_not_start(sqlite_url: str) -> None:
    """Mode jwt is the default, and says which variable is missing; exit code 78, no traceback."""
    finished = subprocess.run(  # noqa: S603 - our own program
        command("api", "serve", "--port", "0"), env=environment(sqlite_url), capture_output=True, text=True, check=False
    )

    assert 78 == finished.returncode
    assert "COMMERCIVE_SUPABASE_URL" in finished.stderr
    assert "Traceback" not in finished.stderr


class TestCall:
    def call(self, store: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        finished = subprocess.run(  # noqa: S603 - our own program
            command("api", "call", *arguments), env=environment(store), capture_output=True, text=True, check=False
        )
        return finished.returncode, json.loads(finished.stdout)

    def test_one_action_prints_its_json(self, sqlite_url: str) -> None:
        """Parameters as KEY=VALUE, KEY:=JSON, and dots for objects within."""
        _, link = self.call(
            sqlite_url, "affiliate/create-link", "affiliate_id=call", "affiliate_email=a@example.com", "store_url="
        )
        code, submitted = self.call(
            sqlite_url,
            "affiliate/submit-lead",
            f"link_id={link['link_id']}",
            "lead_data.name=Ann",
            "lead_data.email=ann@example.com",
            "lead_data.pending_orders:=3",
        )

        assert (0, True) == (code, submitted["success"])

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["chat/nope"], 5),
            (["chat/messages", "conversation_id=unknown"], 5),
            (["admin/leads", "limit=0"], 2),
            (["chat/send", "user_id=u", "message=" + "x" * 10_001], 2),
        ],
    )
    def test_failures_have_the_exit_codes_of_every_command(
        self, sqlite_url: str, arguments: list[str], code: int
    ) -> None:
        """The JSON is on stdout all the same."""
        returned, answer = self.call(sqlite_url, *arguments)

        assert (code, False) == (returned, answer["success"])


def test_requests_are_answered_though_nobody_reads_the_log(sqlite_url: str) -> None:
    """`api serve 2>&1 | head -1`: later log lines are lost, requests are answered."""
    command_line = command("api", "serve", "--port", "0", "--auth", "none")
    with subprocess.Popen(  # noqa: S603 - our own program
        command_line, env=environment(sqlite_url), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            served = Served(process, announced_url(process.stderr))
            process.stderr.close()

            assert ["ok", "ok"] == [served.get("action=health")["status"] for _ in range(2)]
        finally:
            process.terminate()
    assert 0 == process.returncode
