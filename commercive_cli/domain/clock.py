"""Time as this project counts it: integer milliseconds since the Unix epoch, always passed in."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns the present time in milliseconds since the Unix epoch."""

Sleep = Callable[[float], None]
"""Waits for a number of seconds."""

FAR_FUTURE = 1 << 47
"""In milliseconds, the year 6429: what changes next comes later than a stored time, and needs an id of 48 bits."""


def system_clock() -> int:
    """Return the wall clock in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000
