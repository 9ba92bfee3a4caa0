"""What DynamoDB has accepted and does not show yet: a table that was just made, a change that was just made.

Its descriptions are read eventually consistently: DescribeTable may not know a new table, and ListTagsOfResource may
show the tags of before. "Wait for a few seconds, and then try again" (API Reference, "DescribeTable", "TagResource").
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from commercive_cli.domain.errors import CommerciveError
from commercive_cli.engines.dynamodb.errors import MissingTable
from commercive_cli.engines.dynamodb.request_sender import RequestSender
from commercive_cli.engines.dynamodb.retries import Attempts, Timing

UNKNOWN_SECONDS = 120.0
"""How long a table that was made here may be unknown."""

VISIBLE_SECONDS = 30.0
"""How long a change is waited for until it shows; then it counts as accepted."""

LONGEST_POLL = 2.0

Request = Mapping[str, Any]
_MADE: dict[str, Callable[[Request], str]] = {
    "CreateTable": lambda request: str(request["TableName"]),
    "ImportTable": lambda request: str(request["TableCreationParameters"]["TableName"]),
    "RestoreTableFromBackup": lambda request: str(request["TargetTableName"]),
    "RestoreTableToPointInTime": lambda request: str(request["TargetTableName"]),
}
"""The operations that make a table, and where its name stands."""


class TableSender:
    """Sends requests about tables, and sends them again while a table is unknown that was made through this."""

    def __init__(self, send: RequestSender, timing: Timing) -> None:
        self._send = send
        self._timing = timing
        self._made: set[str] = set()

    def __call__(self, operation: str, request: Request, *, already_done: str | None = None) -> dict[str, Any]:
        """Return the response; raises what `RequestSender` raises, MissingTable after `UNKNOWN_SECONDS` at most."""
        attempts = Attempts(self._timing, tries=None, longest=LONGEST_POLL)
        while True:
            try:
                response = self._send(operation, request, already_done=already_done)
            except MissingTable:
                if _subject(request) not in self._made or not attempts.pause(UNKNOWN_SECONDS):
                    raise
            else:
                self._note(operation, request)
                return response

    def _note(self, operation: str, request: Request) -> None:
        if operation in _MADE:
            self._made.add(_MADE[operation](request))
        elif operation == "DeleteTable":
            self._made.discard(_subject(request))

    def until_visible(self, shows: Callable[[], bool]) -> bool:
        """Wait until `shows` is true, and return True; return False after `VISIBLE_SECONDS`, or when nobody tells.

        Then the change was accepted all the same: it raises nothing.
        """
        attempts = Attempts(self._timing, tries=None, longest=LONGEST_POLL)
        with suppress(CommerciveError):
            while not shows():
                if not attempts.pause(VISIBLE_SECONDS):
                    return False
            return True
        return False


def _subject(request: Request) -> str:
    """Return the name of the table that a request is about."""
    return str(request.get("TableName") or request.get("ResourceArn", "")).rpartition("/")[2]
