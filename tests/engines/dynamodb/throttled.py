"""A DynamoDB that takes so many writes a second and throttles beyond them, in front of a real server.

What it takes is carried to the server and carried out there. It answers as DynamoDB does: a batch is done in part, with
the rest in UnprocessedItems, or refused when nothing of it can be done; a transaction is done or refused.
"""

import json
from collections.abc import Callable, Iterator
from itertools import cycle
from threading import Lock
from typing import Any

from tests.engines.dynamodb.doubles import Answer, Reply, Request, cancelled, carried, refusal

REFUSALS = ("ProvisionedThroughputExceededException", "ThrottlingException")


class Bucket:
    """Tokens that come back at a rate, up to those of `burst` seconds; the clock is the test's."""

    def __init__(self, a_second: float, now: Callable[[], float], burst: float = 1.0) -> None:
        self._a_second = a_second
        self._now = now
        self._most = a_second * burst
        self._tokens = self._most
        self._filled = now()

    def take(self, wanted: int, *, whole: bool) -> int:
        """Return how many of the wanted tokens there were; none where all are needed and one is missing."""
        now = self._now()
        self._tokens = min(self._most, self._tokens + (now - self._filled) * self._a_second)
        self._filled = now
        given = min(wanted, int(self._tokens))
        if whole and given < wanted:
            return 0
        self._tokens -= given
        return given


class ThrottledServer:
    """Takes `writes` a second; reads are not limited unless `reads` (pages a second) are.

    `throttled` counts the requests that were refused or done in part, `written` the writes that were carried out.
    """

    def __init__(
        self, endpoint: str, now: Callable[[], float], *, writes: float, reads: float | None = None, burst: float = 1.0
    ) -> None:
        self._endpoint = endpoint
        self._writes = Bucket(writes, now, burst)
        self._reads = None if reads is None else Bucket(reads, now, burst)
        self._refusals: Iterator[str] = cycle(REFUSALS)
        self._lock = Lock()
        self.throttled = 0
        self.written = 0

    def drain(self) -> None:
        """Take no more writes until the clock has gone on."""
        self._taken(self._writes, 10**9, whole=False)

    def __call__(self, request: Request) -> Answer:
        match request.operation:
            case "BatchWriteItem":
                return self._batch(request)
            case "TransactWriteItems":
                return self._transaction(request)
            case "Scan" | "Query" if self._reads is not None and not self._taken(self._reads, 1, whole=True):
                return self._refusal()
        return carried(self._endpoint, request)

    def _batch(self, request: Request) -> Answer:
        ((table, puts),) = request.parameters["RequestItems"].items()
        taken = self._taken(self._writes, len(puts), whole=False)
        if not taken:
            return self._refusal()
        self.written += taken
        rest = {table: puts[taken:]} if puts[taken:] else {}
        return _with_rest(carried(self._endpoint, _only(request, {table: puts[:taken]})), rest)

    def _transaction(self, request: Request) -> Answer:
        writes = len(request.parameters["TransactItems"])
        if not self._taken(self._writes, writes, whole=True):
            with self._lock:
                return cancelled(*["None"] * (writes - 1), "ThrottlingError")
        self.written += writes
        return carried(self._endpoint, request)

    def _taken(self, bucket: Bucket, wanted: int, *, whole: bool) -> int:
        with self._lock:
            given = bucket.take(wanted, whole=whole)
            self.throttled += given < wanted
            return given

    def _refusal(self) -> Reply:
        with self._lock:
            return refusal(next(self._refusals))


def _only(request: Request, items: dict[str, Any]) -> Request:
    """Return the request with these items alone."""
    parameters = {**request.parameters, "RequestItems": items}
    raw = json.dumps(parameters).encode()
    headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
    return Request(request.operation, parameters, raw, headers)


def _with_rest(reply: Reply, rest: dict[str, Any]) -> Reply:
    """Return a reply to a batch with the writes that were left out."""
    if reply.status >= 300:
        return reply
    return Reply(json.dumps(json.loads(reply.body) | {"UnprocessedItems": rest}).encode(), reply.status)
