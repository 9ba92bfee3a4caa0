"""Time: integer milliseconds since the Unix epoch, from a clock that callers pass in."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

from commercive_cli.domain.errors import Misconfigured

Clock = Callable[[], int]
"""Returns the present time in milliseconds since the Unix epoch."""

Sleep = Callable[[float], None]
"""Waits for a number of seconds."""

CLOCKS_DIFFER_MS = 5 * 60_000
"""So far the clocks of those who write may be ahead of ours."""

RIGHT_WITHIN_MS = 60_000
"""So far this machine's clock may be off the store's and pass for right."""

EARLIEST, LATEST = 1_577_836_800_000, 4_102_444_799_999
"""The times that a clock can show, in milliseconds: from 2020 to 2099. What shows another one is not set."""

FAR_FUTURE = 1 << 47
"""The first time that is refused, in milliseconds: the year 6429.

The next change of an item gets a later time than the stored one, and that must still fit into the 48 bits of an id.
"""

_SECOND = 1_000
_UNITS = (("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", _SECOND))
_TOLD_TO_MS = 999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> int:
    """Return the wall clock in milliseconds since the Unix epoch; raise Misconfigured when it is not set."""
    return sensible(time.time_ns() // 1_000_000)


def sensible(now: int) -> int:
    """Return the time that a clock shows; raise Misconfigured when it is before 2020 or after 2099.

    Nothing can be written at such a time: it would have to stand before or behind everything else for ever.
    """
    if EARLIEST <= now <= LATEST:
        return now
    shown = (_EPOCH + timedelta(milliseconds=now)).date()
    raise Misconfigured(f"the clock of this machine says {shown}, which cannot be; set it, then try again")


class StoreTime:
    """The time of this machine, set right by what the store's replies tell of theirs.

    A clock that is more than a minute off is corrected from then on; `on_wrong` is told of it once, in words. `anew`
    says that whoever asked then begins anew, as what they ask for may go by the wrong time. Safe to share between
    threads.
    """

    def __init__(
        self,
        local: Clock = system_clock,
        on_wrong: Callable[[str], object] = lambda _: None,
        *,
        anew: bool = False,
    ) -> None:
        self.anew = anew
        self._local = local
        self._on_wrong = on_wrong
        self._lock = Lock()
        self._named = False
        self.ahead = 0
        """By how many ms this machine's clock is ahead of the store's; 0 until it is known to be wrong."""

    def __call__(self) -> int:
        """Return the present time (ms); raise Misconfigured when this machine's clock is not set."""
        return self.local() - self.ahead

    def local(self) -> int:
        """Return what this machine's clock shows (ms); raise Misconfigured when it is not set."""
        return sensible(self._local())

    def told(self, store: int, asked: int) -> bool:
        """Take note of the time (ms) in a reply that has just come; `asked` is this machine's when it was asked for.

        Return whether this is the first reply that shows that the clock is wrong. The store tells whole seconds, and a
        reply takes its time: so the difference is known within two bounds.
        """
        if not EARLIEST <= store <= LATEST:
            return False
        least, most = asked - store - _TOLD_TO_MS, self.local() - store
        with self._lock:
            if not self._named and most >= -RIGHT_WITHIN_MS and least <= RIGHT_WITHIN_MS:
                return False
            if self._named:
                self.ahead = min(max(self.ahead, least), most)
                return False
            self._named, self.ahead = True, (least + most + 1) // 2
        self._on_wrong(f"this machine's clock is {_difference(self.ahead)} the store's, whose time is taken instead")
        return True


def _difference(ahead: int) -> str:
    off = abs(ahead)
    unit, size = next((unit, size) for unit, size in _UNITS if off >= 2 * size)
    return f"{(off + size // 2) // size:,} {unit} {'ahead of' if ahead > 0 else 'behind'}"
