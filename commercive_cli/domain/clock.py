"""Time: integer milliseconds since the Unix epoch, from a clock that callers pass in."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns the present time in milliseconds since the Unix epoch."""

Sleep = Callable[[float], None]
"""Waits for a number of seconds."""

FAR_FUTURE = 1 << 47
"""The first time that is refused, in milliseconds: the year 6429.

The next change of an item gets a later time than the stored one, and that must still fit into the 48 bits of an id.
"""


CLOCKS_DIFFER_MS = 5 * 60_000
"""So far the clocks of those who write may be ahead of ours."""


def system_clock() -> int:
    """Return the wall clock in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000
