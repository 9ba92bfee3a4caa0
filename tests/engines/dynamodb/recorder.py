"""Remembers what AWS would decide about: a relay to the real server that reads every request on its way.

It stands on the wire, so it hears whatever client sends.
"""

from typing import Any

from tests.engines.dynamodb.doubles import Reply, Request, carried
from tests.policies import Call, calls_of


class Recorder:
    """Carries every request to the real server; `calls` are those since they were last `taken`."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self.calls: set[Call] = set()

    def __call__(self, request: Request) -> Reply:
        self.note(request.operation, request.parameters)
        return carried(self._endpoint, request)

    def note(self, operation: str, parameters: dict[str, Any]) -> None:
        """Remember a request."""
        self.calls.update(calls_of(operation, parameters))

    def taken(self) -> set[Call]:
        """Return the calls, and begin anew."""
        calls, self.calls = self.calls, set()
        return calls
