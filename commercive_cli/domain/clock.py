"""Time as this project counts it: integer milliseconds since the Unix epoch, always passed in."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns the present time in milliseconds since the Unix epoch."""

Sleep = Callable[[float], None]
"""Waits for a number of seconds."""


def system_clock() -> int:
    """Return the wall clock in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000
