"""When to try again: after growing random pauses, with limits on the number of tries and on the time."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from commercive_cli.domain.clock import Sleep
from commercive_cli.domain.errors import Unavailable
from commercive_cli.domain.stopping import is_stopped

TRIES = 12
SHORTEST_PAUSE = 0.010
LONGEST_PAUSE = 0.500
_LOOKS_EVERY = 0.1
_FIRST_CEILING = 0.050
_DOUBLINGS = 10


@dataclass(frozen=True)
class Timing:
    """How long one call may take (`deadline`, seconds), with the clock, sleep and random numbers to use."""

    deadline: float = 10.0
    now: Callable[[], float] = time.monotonic
    sleep: Sleep = time.sleep
    random: Callable[[], float] = random.random


class Attempts:
    """Counts the tries of one call, and pauses before each further one.

    A pause is a random time from `SHORTEST_PAUSE` to a ceiling that doubles up to `longest` (seconds), so that callers
    that collided do not collide again (AWS Architecture Blog, "Exponential Backoff And Jitter").
    """

    def __init__(self, timing: Timing, *, tries: int | None = TRIES, longest: float = LONGEST_PAUSE) -> None:
        self._timing = timing
        self._tries = tries
        self._longest = longest
        self.started = timing.now()
        self.made = 1

    def pause(self, within: float, *, since: float | None = None) -> bool:
        """Wait before the next try and return True.

        Returns False at once when all tries are used up, or when the next one would start `within` seconds after
        `since`, by default when the first try began.
        """
        wait = self._next_pause()
        elapsed = self._timing.now() - (self.started if since is None else since)
        if self.made == self._tries or elapsed + wait > within:
            return False
        self._timing.sleep(wait)
        self.made += 1
        return True

    def _next_pause(self) -> float:
        ceiling = min(self._longest, _FIRST_CEILING * 2.0 ** min(self.made - 1, _DOUBLINGS))
        return SHORTEST_PAUSE + self._timing.random() * (ceiling - SHORTEST_PAUSE)


def stoppable_sleep(timing: Timing, seconds: float) -> None:
    """Wait, but not much longer than until the work of this thread is stopped."""
    left = seconds
    while left > 0 and not is_stopped():
        timing.sleep(min(left, _LOOKS_EVERY))
        left -= _LOOKS_EVERY


def wait_until(
    timing: Timing, goal: str, reached: Callable[[], bool], *, within: float, longest: float = LONGEST_PAUSE
) -> None:
    """Call `reached` again and again until it is true; raise Unavailable, naming the goal, after `within` seconds."""
    polls = Attempts(timing, tries=None, longest=longest)
    while not reached():
        if not polls.pause(within):
            raise Unavailable(f"{goal} takes longer than {within:g} s; it may still succeed, look again later")
