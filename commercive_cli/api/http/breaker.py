"""A circuit breaker: who has failed five times in a row is left alone for thirty seconds."""

import threading

from commercive_cli.api.http.errors import OutsideUnavailable
from commercive_cli.domain.clock import Clock, system_clock

FAILURES = 5
PAUSE_MS = 30_000


class Breaker:
    """Counts failures of another service; safe to share between threads. `clock` is in milliseconds."""

    def __init__(self, service: str, clock: Clock = system_clock) -> None:
        self._service = service
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0

    def check(self) -> None:
        """Raise OutsideUnavailable during a pause; when it is over, one call may try, and the others wait for it."""
        with self._lock:
            if self._failures < FAILURES:
                return
            now = self._clock()
            if now < self._rests_until:
                raise OutsideUnavailable(
                    f"{self._service} failed repeatedly and is left alone for now; nothing was done"
                )
            self._rests_until = now + PAUSE_MS

    def succeeded(self) -> None:
        """Note that the service answered."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """Note that the service did not answer."""
        with self._lock:
            self._failures += 1
            self._rests_until = self._clock() + PAUSE_MS
