"""Sends every request to DynamoDB: tries again where that can help, and raises this project's errors."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from commercive_cli.domain.errors import (
    SAME_KEY,
    BeginAnew,
    CommerciveError,
    Misconfigured,
    NoCredentials,
    NotPermitted,
    NotTaken,
    Unauthenticated,
    Unavailable,
)
from commercive_cli.engines.dynamodb.connection import Connection
from commercive_cli.engines.dynamodb.endpoint import Endpoint
from commercive_cli.engines.dynamodb.errors import translated
from commercive_cli.engines.dynamodb.failure_kinds import (
    SENDING_ERRORS,
    FailureKind,
    code_of,
    is_about_time,
    is_throttled,
    kind_of,
)
from commercive_cli.engines.dynamodb.retries import Attempts, Timing
from commercive_cli.engines.dynamodb.throttling import Throttling
from commercive_cli.engines.dynamodb.write_rate import WriteRate
from commercive_cli.store.port import ClockCorrected, never_waiting

UNSENT_SECONDS = 0.5

OnRequest = Callable[[str], None]
"""Is called with the operation's name for every HTTP request that is attempted."""

_IN_PART = ("BatchGetItem", "BatchWriteItem")
"""Operations that succeed also where nothing of them was done; their callers know whether anything was."""

_WRITES = "TransactWriteItems"
"""The operation whose requests hold times that its caller took from the clock."""

_READS = ("Get", "BatchGet", "Query", "Scan", "Describe", "List")
_SILENT_ON_OUTCOME: dict[type[CommerciveError], type[CommerciveError]] = {
    Unavailable: Unavailable,
    NotTaken: Unavailable,
    Unauthenticated: Unauthenticated,
    NoCredentials: NoCredentials,
    NotPermitted: NotPermitted,
    Misconfigured: Misconfigured,
}
"""Errors of a last try that do not tell whether an earlier try was carried out, and what they become where one was."""


class RequestSender:
    """Sends requests by operation name, and tries again while that can help and the deadline has not passed.

    Bulk work waits longer while it is throttled, and `rate` lets no more writes through than it may. `timeout_factor`
    multiplies the deadline and the longest wait for one reply.
    """

    def __init__(
        self,
        connection: Connection,
        timing: Timing,
        on_request: OnRequest | None = None,
        *,
        throttling: Throttling | None = None,
        rate: WriteRate | None = None,
        timeout_factor: int = 1,
    ) -> None:
        self._connection = connection
        self._timing = timing
        self._on_request = on_request
        self._timeout_factor = timeout_factor
        self.throttling = throttling or Throttling(timing, never_waiting)
        self._rate = rate or WriteRate(timing, None)
        deadline = timing.deadline * timeout_factor
        self._retried_for = {
            FailureKind.FINAL: 0.0,
            FailureKind.BUSY: deadline,
            FailureKind.LOST: deadline - connection.read_seconds(timeout_factor),
            FailureKind.UNSENT: UNSENT_SECONDS,
        }

    def __call__(
        self, operation: str, request: Mapping[str, Any], *, already_done: str | None = None
    ) -> dict[str, Any]:
        """Return the response to an operation such as "GetItem".

        What is refused because this machine's clock is wrong is signed again once, with the time of the refusal. But
        a transaction holds times of that clock, too, so its caller has to make it anew: it raises ClockCorrected. The
        first read that shows it raises BeginAnew, for callers that do so, while nothing was written.

        `already_done` is the error code which, after a lost reply, means that an earlier try had worked; the response
        is then empty. Raises the errors that `errors.translated` returns.
        """
        tables = _tables(request)
        tries = _Tries(self._timing, self._retried_for, self.throttling, ", ".join(tables))
        signed_again = False
        while True:
            ahead = self._connection.time.ahead
            try:
                return self._send_once(operation, request)
            except NoCredentials as error:
                raise _with_outcome(error, operation, lost=tries.lost) from error.__cause__
            except SENDING_ERRORS as error:
                if tries.lost and already_done is not None and code_of(error) == already_done:
                    return {}
                if is_about_time(error) and self._connection.time.ahead != ahead and not signed_again:
                    if operation == _WRITES and not tries.lost:
                        raise _times_are_wrong(self._connection.endpoint) from error
                    signed_again = True
                elif not tries.go_on(error):
                    translation = translated(error, self._connection.endpoint, operation, tables)
                    raise _with_outcome(translation, operation, lost=tries.lost) from error

    def _send_once(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        send = partial(self._connection.send, operation, timeout_factor=self._timeout_factor)
        if self._on_request is not None:
            self._on_request(operation)
        asked = self._connection.time.local()
        try:
            response = self._rate.sending(request, send)
        except ClientError as error:
            self._note_time(operation, dict(error.response), asked)
            raise
        self._note_time(operation, response, asked)
        self._connection.wrote = self._connection.wrote or not operation.startswith(_READS)
        if operation not in _IN_PART:
            self.throttling.went_on()
        return response

    def _note_time(self, operation: str, reply: Mapping[str, Any], asked: int) -> None:
        """Take note of the time in a reply; raise BeginAnew where a reader had better begin anew with it."""
        is_news = self._connection.note_time(reply, asked)
        if is_news and operation.startswith(_READS) and self._connection.time.anew and not self._connection.wrote:
            raise BeginAnew(self._connection.time)


class _Tries:
    """The tries of one call; `retried_for` says how long each kind of failure is worth another one."""

    def __init__(
        self, timing: Timing, retried_for: Mapping[FailureKind, float], throttling: Throttling, tables: str
    ) -> None:
        self._timing = timing
        self._retried_for = retried_for
        self._throttling = throttling
        self._tables = tables
        self._attempts = Attempts(timing)
        self._throttled = throttling.attempts()
        self._unknown_since: float | None = None

    @property
    def lost(self) -> bool:
        """Whether an earlier try may have been carried out."""
        return self._unknown_since is not None

    def go_on(self, error: Exception) -> bool:
        """Wait after a failed try and return True, or return False when no other one shall follow."""
        kind = kind_of(error)
        if kind is FailureKind.LOST and not self.lost:
            self._unknown_since = self._timing.now()
        if is_throttled(error) and self._throttling.met(self._tables):
            self._attempts = Attempts(self._timing)
            return self._throttling.wait(self._throttled, self._unknown_since)
        return kind is not FailureKind.FINAL and self._attempts.pause(self._retried_for[kind])


def _times_are_wrong(endpoint: Endpoint) -> ClockCorrected:
    return ClockCorrected(
        f"{endpoint} refused a write of this machine's time, which is wrong and corrected now; nothing was written, "
        "try again"
    )


def _with_outcome(error: Exception, operation: str, *, lost: bool) -> Exception:
    """Add to the message that an earlier try may have been carried out, unless the error's type rules that out."""
    kind = next((known for own, known in _SILENT_ON_OUTCOME.items() if type(error) is own), None)
    if not lost or kind is None or operation.startswith(_READS):
        return error
    next_step = SAME_KEY if operation == _WRITES else "it is safe to do it again"
    unknown = kind(f"{error}; outcome unknown, {next_step}")
    unknown.outcome_unknown = True
    return unknown


def _tables(request: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the tables in a request, each once."""
    parts = [request, *(part for write in request.get("TransactItems", ()) for part in write.values())]
    named = [part["TableName"] for part in parts if "TableName" in part]
    return tuple(dict.fromkeys([*named, *request.get("RequestItems", {})]))
