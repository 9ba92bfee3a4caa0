"""What a store does about throttling: bulk work waits while anything gets through, and sends less at once.

Every other call keeps its deadline. DynamoDB throttles in the normal course of things: a new on-demand table takes
4,000 writes a second, a partition 1,000, a provisioned table what was bought.
"""

from dataclasses import replace
from functools import partial
from threading import Lock

from commercive_cli.domain.stopping import is_stopped
from commercive_cli.engines.dynamodb.retries import Attempts, Timing, stoppable_sleep
from commercive_cli.store.port import OnThrottled

PATIENCE_SECONDS = 300.0
"""How long bulk work waits while no request gets through."""

LONGEST_WAIT = 5.0
MOST_AT_ONCE = 16
_HALVED_AT_MOST_EVERY = 0.2
_GROWS_EVERY = 1.0


class Throttling:
    """What the calls of one store know of throttling; threads may share it.

    `on_throttled` is told the throttled table, and says whether this is bulk work. `concurrency` is that of bulk loads.
    """

    def __init__(self, timing: Timing, on_throttled: OnThrottled) -> None:
        self._timing = timing
        self._on_throttled = on_throttled
        self._patient = replace(timing, sleep=partial(stoppable_sleep, timing))
        self._went_on = timing.now()
        self.concurrency = Concurrency(timing)

    def went_on(self) -> None:
        """Take note that something got through."""
        self._went_on = self._timing.now()

    def attempts(self) -> Attempts:
        """Return what counts the tries of one call that is throttled."""
        return Attempts(self._patient, tries=None, longest=LONGEST_WAIT)

    def met(self, table: str) -> bool:
        """Tell that a request was throttled, and send less at once; return whether to `wait`."""
        self.concurrency.halve()
        return self._on_throttled(table)

    def wait(self, attempts: Attempts, unknown_since: float | None = None) -> bool:
        """Wait before the next try and return True; return False when nothing got through for `PATIENCE_SECONDS`.

        Returns False soon when the work of this thread is stopped. `unknown_since` is when the reply to an earlier try
        was lost. Then it is that time alone which counts: DynamoDB knows a transaction by its token for ten minutes,
        and a later try could make it a second time.
        """
        since = max(self._went_on, attempts.started) if unknown_since is None else unknown_since
        return attempts.pause(PATIENCE_SECONDS, since=since) and not is_stopped()


class LeftOvers:
    """Waits before what DynamoDB left out of a batch is asked for again.

    Bulk work waits longer each time, also where a part was done: then fewer requests, each for more, do the rest.
    """

    def __init__(self, throttling: Throttling, timing: Timing, table: str) -> None:
        self._throttling = throttling
        self._timing = timing
        self._table = table
        self._attempts, self._throttled = Attempts(timing), throttling.attempts()

    def go_on(self, left: int, *, some_done: bool) -> bool:
        """Return True, after a wait where something is left; False when nothing was done for too long."""
        if some_done:
            self._throttling.went_on()
            self._attempts = Attempts(self._timing)
        if not left:
            return True
        if self._throttling.met(self._table):
            return self._throttling.wait(self._throttled)
        return self._attempts.pause(self._timing.deadline)


class Concurrency:
    """How many requests may wait or be under way: half as many after throttling, then one more a second."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._allowed = MOST_AT_ONCE
        self._changed = timing.now()
        self._lock = Lock()

    def allowed(self) -> int:
        """Return how many requests may be under way now."""
        with self._lock:
            if self._allowed < MOST_AT_ONCE and self._since_change() >= _GROWS_EVERY:
                self._change(self._allowed + 1)
            return self._allowed

    def halve(self) -> None:
        """Take note of throttling; requests that were under way together count once."""
        with self._lock:
            if self._since_change() >= _HALVED_AT_MOST_EVERY or self._allowed == MOST_AT_ONCE:
                self._change(max(1, self._allowed // 2))

    def _since_change(self) -> float:
        return self._timing.now() - self._changed

    def _change(self, allowed: int) -> None:
        self._allowed, self._changed = allowed, self._timing.now()
