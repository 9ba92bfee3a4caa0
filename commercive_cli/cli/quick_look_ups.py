"""Look-ups in the store for a Tab. A process of its own reads; the shell waits for it for a fifth of a second.

What comes later than that is there at the next Tab: the process writes what it found to a file beside the known ids.
One process at a time looks for a listing, so that impatient Tabs ask a slow store no more than once.
"""

import os
import select
import signal
from collections.abc import Callable, Mapping

from commercive_cli.cli.known_ids import Known, KnownIds

WAIT_SECONDS = 0.2
LIFE_SECONDS = 5
"""After that many seconds, a look-up that has no answer is given up."""
FRESH_SECONDS = 600
"""How long a look-up's answer is offered while none is newer."""


def looked_up(found: KnownIds, look: Callable[[], Mapping[str, Known]], wait: float = WAIT_SECONDS) -> dict[str, Known]:
    """Return what `look` finds, as far as it does within `wait` seconds; else what it found the last time."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        _look(found, look)
    os.close(writer)
    select.select([reader], [], [], wait)  # readable when the other process ends
    os.close(reader)
    return found.read() if found.age() < FRESH_SECONDS else {}


def _look(found: KnownIds, look: Callable[[], Mapping[str, Known]]) -> None:
    """Look, in a process of its own that holds nothing but the end of the pipe, and end the process."""
    try:
        signal.alarm(LIFE_SECONDS)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        with found.only_reader() as is_only:
            if is_only:
                found.replace(look())
    finally:
        os._exit(0)
