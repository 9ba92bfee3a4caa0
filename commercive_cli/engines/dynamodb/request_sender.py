"""The one wall around botocore: every request goes through here, is tried again here, and fails in our words."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name

from commercive_cli.domain.errors import SAME_KEY, NotPermitted, Unauthenticated, Unavailable
from commercive_cli.engines.dynamodb.connection import Connection
from commercive_cli.engines.dynamodb.errors import explained
from commercive_cli.engines.dynamodb.failure_kinds import SENDING_ERRORS, FailureKind, code_of, kind_of
from commercive_cli.engines.dynamodb.retries import Attempts, Timing

UNSENT_SECONDS = 0.5

OnRequest = Callable[[str], None]
"""Hears the operation's name for every HTTP request that is attempted."""

_READS = ("Get", "Query", "Scan", "Describe", "List")
_SAYS_NOTHING = (Unavailable, Unauthenticated, NotPermitted)


class RequestSender:
    """Sends requests by operation name, and again while that can help and the deadline is not over.

    `patience` makes the deadline, and the wait for a single reply, so many times longer.
    """

    def __init__(
        self, connection: Connection, timing: Timing, on_request: OnRequest | None = None, *, patience: int = 1
    ) -> None:
        self._connection = connection
        self._timing = timing
        self._on_request = on_request
        self._patience = patience
        deadline = timing.deadline * patience
        self._retried_for = {
            FailureKind.FINAL: 0.0,
            FailureKind.BUSY: deadline,
            FailureKind.LOST: deadline - connection.read_seconds(patience),
            FailureKind.UNSENT: UNSENT_SECONDS,
        }

    def __call__(self, operation: str, request: Mapping[str, Any], *, settled: str | None = None) -> dict[str, Any]:
        """Return the response to an operation such as "GetItem".

        `settled` is the error code that, after a lost reply, means that the first try had worked: the answer is then
        empty. Raises what `dynamodb_errors.explained` says; an error unknown there is raised as it is.
        """
        attempts = Attempts(self._timing)
        lost = False
        while True:
            try:
                return self._send(operation, request)
            except SENDING_ERRORS as error:
                kind = kind_of(error)
                if lost and settled is not None and code_of(error) == settled:
                    return {}
                lost = lost or kind is FailureKind.LOST
                if kind is FailureKind.FINAL or not attempts.pause(self._retried_for[kind]):
                    told = explained(error, self._connection.place, operation, _tables(request))
                    if told is None:
                        raise
                    raise _with_outcome(told, operation, lost=lost) from error

    def _send(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        send: Callable[..., dict[str, Any]] = getattr(self._connection.client(self._patience), xform_name(operation))
        if self._on_request is not None:
            self._on_request(operation)
        return send(**request)


def _with_outcome(error: Exception, operation: str, *, lost: bool) -> Exception:
    """Add to the message that an earlier try may have been carried out, unless the error says what became of it."""
    told = next((kind for kind in _SAYS_NOTHING if type(error) is kind), None)
    if not lost or told is None or operation.startswith(_READS):
        return error
    next_step = SAME_KEY if operation == "TransactWriteItems" else "it is safe to do it again"
    return told(f"{error}; outcome unknown, {next_step}")


def _tables(request: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the tables that a request is about, each once."""
    parts = [request, *(part for write in request.get("TransactItems", ()) for part in write.values())]
    named = [part["TableName"] for part in parts if "TableName" in part]
    return tuple(dict.fromkeys([*named, *request.get("RequestItems", {})]))
