"""Calls that were refused since this machine's clock was wrong are made again, as soon as the right time is known."""

from collections.abc import Callable
from typing import TypeVar

from commercive_cli.store.port import ClockCorrected

Answered = TypeVar("Answered")


def with_right_time(call: Callable[[], Answered]) -> Answered:
    """Return what a call returns; where its write was of a wrong time, and refused, that of a second call.

    A call of which a part was written is not made again.
    """
    try:
        return call()
    except ClockCorrected as corrected:
        if corrected.partly_done:
            raise
    return call()
