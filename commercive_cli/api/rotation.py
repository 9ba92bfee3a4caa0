"""An application whose secrets change while it runs: read every minute, and the last good ones count for an hour."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from commercive_cli.api.application import Application, replied
from commercive_cli.api.http.errors import NoSecrets, code_of, failure
from commercive_cli.api.http.events import HTTPRequest
from commercive_cli.api.http.outbound import RequestFailed
from commercive_cli.api.secrets_extension import ReadDocument
from commercive_cli.api.telemetry import Telemetry, Trace
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Invalid

REREAD_MS = 60_000
"""The shortest time between two reads: a new value counts a minute after it was stored."""

RETRY_MS = 2_000
"""The pause after a failed read while there are no secrets, without which nobody is answered."""

LONGEST_USE_MS = 3_600_000
"""How long the last good secrets count, when none can be read: an hour. A withdrawn one is accepted for no longer."""

MakeApplication = Callable[[str], Application]
"""Returns the application over the secrets in a document; raises Invalid when something in it is wrong."""


class RotatingApplication:
    """Answers Function URL events; safe to share between threads.

    The secrets are read at the first event and then once a minute. When they changed, a new application takes the place
    of the old one, and with it what that had cached. Until there are good ones every event gets a 503.
    """

    def __init__(
        self, read: ReadDocument, make: MakeApplication, telemetry: Telemetry, clock: Clock = system_clock
    ) -> None:
        self._read = read
        self._make = make
        self._telemetry = telemetry
        self._clock = clock
        self._lock = threading.Lock()
        self._document: str | None = None
        self._application: Application | None = None
        self._good_until = self._due_at = clock()

    def __call__(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the reply to an event."""
        with self._lock:
            application = self._current()
        return self._refusal(event) if application is None else application(event)

    def _current(self) -> Application | None:
        if self._clock() >= self._due_at:
            self._refresh()
        return self._application if self._clock() < self._good_until else None

    def _refresh(self) -> None:
        try:
            document = self._read()
            if document != self._document or self._application is None:
                self._application = self._make(document)
                self._document = document
            self._good_until = self._clock() + LONGEST_USE_MS
        except (RequestFailed, Invalid) as error:
            self._telemetry.no_secrets(str(error))
        now = self._clock()
        self._due_at = max(now + RETRY_MS, min(now + REREAD_MS, self._good_until))

    def _refusal(self, event: Mapping[str, Any]) -> dict[str, Any]:
        request = HTTPRequest(event)
        error = NoSecrets("the secrets of this service cannot be read now; nothing was done, try again")
        reply = failure(error)
        self._telemetry.done(Trace(request.id, outcome=code_of(error), status=reply.status))
        return replied(request, reply)
