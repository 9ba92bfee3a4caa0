"""Calls that went by a wrong clock are made again, as soon as the right time is known."""

from collections.abc import Callable
from typing import TypeVar

from commercive_cli.domain.errors import BeginAnew
from commercive_cli.store.port import ClockCorrected

Answered = TypeVar("Answered")


def with_right_time(call: Callable[[], Answered]) -> Answered:
    """Return what a call returns; where the first reply showed that it went by a wrong time, what a second one does.

    A call of which a part was written is not made again.
    """
    try:
        return call()
    except BeginAnew:
        pass
    except ClockCorrected as corrected:
        if corrected.partly_done:
            raise
    return call()
