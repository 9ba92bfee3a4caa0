"""Which work of which thread is stopped, as by Ctrl-C, so that no thread waits for long any more."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

Stops = tuple[threading.Event, ...]
_work = threading.local()


def stops() -> Stops:
    """Return the events that stop the work of this thread; what it starts in other threads is stopped by them, too."""
    found: Stops = getattr(_work, "stops", ())
    return found


@contextmanager
def stopped_by(*events: threading.Event) -> Iterator[None]:
    """Let these events stop what this thread does in the block."""
    before = stops()
    _work.stops = (*before, *events)
    try:
        yield
    finally:
        _work.stops = before


def is_stopped() -> bool:
    """Return whether the work of this thread is stopped."""
    return any(event.is_set() for event in stops())
