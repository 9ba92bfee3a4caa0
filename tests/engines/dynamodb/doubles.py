"""Doubles for the DynamoDB engine's tests: a scripted server, a relay to a real one, a manual clock, AWS sessions."""

import http.client
import json
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from botocore.session import Session

from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.items import Item, encode_item
from commercive_cli.store.schema import Table

NOWHERE = "/nonexistent/aws"
NAMESPACE = "com.amazonaws.dynamodb.v20120810#"


@dataclass(frozen=True)
class Request:
    """A request that the server received."""

    operation: str
    parameters: dict[str, Any]
    raw: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """A reply to send; unless `whole`, its second half is not sent."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    whole: bool = True


Answer = Reply | None
"""A reply, or None to close the connection without one."""


def success(**content: Any) -> Reply:
    return Reply(json.dumps(content).encode())


def described(table: Table) -> Reply:
    """Return DescribeTable's reply for a table that has the declared key."""
    key = list(zip(table.key_attributes(), ("HASH", "RANGE"), strict=False))
    return success(
        Table={
            "TableStatus": "ACTIVE",
            "KeySchema": [{"AttributeName": each.name, "KeyType": kind} for each, kind in key],
            "AttributeDefinitions": [{"AttributeName": each.name, "AttributeType": each.type} for each, _ in key],
        }
    )


def refusal(code: str, message: str = "because", status: int = 400, **more: Any) -> Reply:
    return Reply(json.dumps({"__type": NAMESPACE + code, "message": message, **more}).encode(), status)


def cancelled(*codes: str, old: Item | None = None) -> Reply:
    """Return the reply of a cancelled transaction, with a code for each write and the item of failed conditions."""
    item = {"Item": encode_item(old)} if old else {}
    reasons = [{"Code": code, **(item if code == "ConditionalCheckFailed" else {})} for code in codes]
    return refusal("TransactionCanceledException", CancellationReasons=reasons)


class Server(ThreadingHTTPServer):
    """An HTTP server on loopback that replies with what `answer` returns, and records every request."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.requests: list[Request] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def operations(self) -> list[str]:
        return [request.operation for request in self.requests]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: clients that close the connection are expected in these tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        request = Request(operation, json.loads(raw), raw, dict(self.headers.items()))
        self.server.requests.append(request)
        reply = self.server.answer(request)
        self.close_connection = reply is None or not reply.whole
        if reply is not None:
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        start = self.send_response_only if "Date" in reply.headers else self.send_response
        start(reply.status)
        headers = {"Content-Length": str(len(reply.body)), "x-amz-crc32": str(zlib.crc32(reply.body))}
        for name, value in (headers | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body if reply.whole else reply.body[: len(reply.body) // 2])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Print nothing."""


@contextmanager
def serving(answer: Callable[[Request], Answer]) -> Iterator[Server]:
    with Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def script(*replies: Answer) -> Callable[[Request], Answer]:
    """Return an `answer` that gives each reply in turn, and then always the last one."""
    remaining = list(replies)
    return lambda _: remaining.pop(0) if len(remaining) > 1 else remaining[0]


def relay(endpoint: str, lose: Callable[[int], bool]) -> Callable[[Request], Answer]:
    """Return an `answer` that forwards requests to the real server, and drops replies.

    It drops the reply to each request for whose number, from 0, `lose` returns True.
    """
    forwarded: list[str] = []

    def answer(request: Request) -> Answer:
        forwarded.append(request.operation)
        number = len(forwarded) - 1
        reply = carried(endpoint, request)
        return None if lose(number) else reply

    return answer


def carried(endpoint: str, request: Request) -> Reply:
    """Carry a request to the real server, and return what it replies."""
    host = urlsplit(endpoint).netloc
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        connection.request("POST", "/", request.raw, request.headers | {"Host": host})
        response = connection.getresponse()
        return Reply(response.read(), response.status)
    finally:
        connection.close()


class Watch:
    """Carries every request to the real server, and remembers those that changed something of a table."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self.operations: list[str] = []
        self.changed: list[tuple[str, str]] = []

    def __call__(self, request: Request) -> Answer:
        reply = carried(self._endpoint, request)
        self.operations.append(request.operation)
        if reply.status < 300 and not request.operation.startswith(_READS):
            self.changed += [(request.operation, name) for name in _tables_of(request)]
        return reply


_READS = ("Get", "BatchGet", "Query", "Scan", "Describe", "List")


def _tables_of(request: Request) -> set[str]:
    """Return the names of the tables that a request writes to or changes."""
    parameters = request.parameters
    writes = [part for write in parameters.get("TransactItems", ()) for kind, part in write.items() if kind != _CHECK]
    named = {part["TableName"] for part in [parameters, *writes] if "TableName" in part}
    arn = str(parameters.get("ResourceArn", "")).rpartition("/")[2]
    return {*named, *parameters.get("RequestItems", {}), *([arn] if arn else [])}


_CHECK = "ConditionCheck"


class ManualTime:
    """A clock that moves only during pauses; the random part of a pause is always the same share of its range."""

    def __init__(self, share: float = 0.5) -> None:
        self._lock = threading.Lock()
        self.seconds = 0.0
        self.pauses: list[float] = []
        self.share = share

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.pauses.append(seconds)
            self.seconds += seconds

    def random(self) -> float:
        return self.share


def isolated_session(**variables: str) -> Session:
    """Return a session that ignores the AWS profile and files of the person who runs the tests."""
    chosen = {"profile": None, "config_file": NOWHERE, "credentials_file": NOWHERE} | variables
    return Session(session_vars={name: (None, None, value, None) for name, value in chosen.items()})


def session_without_credentials() -> Session:
    session = isolated_session()
    session.get_component("credential_provider").providers.clear()
    return session


def session_with_credentials() -> Session:
    session = isolated_session()
    session.set_credentials("test", "test")
    return session


def on_sent(session: Session, tell: Callable[[str, dict[str, Any]], None]) -> None:
    """Call `tell` with operation and parameters of each request that a session is about to send to DynamoDB."""

    def note(**event: Any) -> None:
        request = event["request"]
        tell(request.headers["X-Amz-Target"].partition(".")[2], json.loads(request.body))

    session.register("before-send.dynamodb", note)


def no_more_than(most: int) -> Callable[[str], None]:
    """Return what is told of each request, and ends a test whose store would try for ever."""
    left = iter(range(most))

    def count(operation: str) -> None:
        assert next(left, None) is not None, f"{operation} is asked for without end"

    return count


def store_at(endpoint: str | None, time: ManualTime | None = None, **more: Any) -> DynamoDBStore:
    """Return a store with credentials that any test server accepts, and a prefix of its own."""
    time = time or ManualTime()
    settings: dict[str, Any] = {
        "prefix": f"t{uuid4().hex[:8]}_",
        "session": session_with_credentials(),
        "on_request": no_more_than(20_000),
    } | more
    return DynamoDBStore("eu-west-1", endpoint=endpoint, now=time.now, sleep=time.sleep, random=time.random, **settings)


@contextmanager
def tables_on(store: DynamoDBStore, *tables: Table) -> Iterator[DynamoDBStore]:
    """Create the tables; afterwards delete them and close the store."""
    for table in tables:
        store.create_table(table)
    try:
        yield store
    finally:
        for table in tables:
            store.delete_table(table)
        store.close()
