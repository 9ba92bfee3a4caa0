"""How many requests are admitted over time: a bucket that refills, or a count for each period. Both are one number."""

from collections.abc import Mapping
from dataclasses import dataclass

from commercive_cli.store.items import Item, Key
from commercive_cli.store.schema import OPS
from commercive_cli.store.writes import AnyOf, Below, Missing, Update, unchanged

MINUTE, HOUR, DAY = 60, 3_600, 86_400
CLOCK_ERROR = 60
"""By how many seconds the clocks of two machines may differ without either passing for wrong."""

_SECOND = 1_000_000
"""Microseconds, the unit of `full_at`."""

_FULL, _HITS = "full_at", "hits"


@dataclass(frozen=True)
class Bucket:
    """Admits `burst` requests at once, and then `most` in each `seconds`, evenly spread.

    The number that is kept is `full_at`, the time at which all tokens will be back: each request moves it one token's
    time on (the generic cell rate algorithm, ITU-T I.371). A write that moves it by addition need not know what others
    add at the same time; only the first request to a full bucket must find it as it was read. A `full_at` further
    ahead than the bucket is deep was written by a clock that was wrong: it counts as one token left.
    """

    burst: int
    most: int
    seconds: int

    def __str__(self) -> str:
        """Return the rate in words."""
        return f"{self.burst}, then {self.most} {_period(self.seconds)}"

    def sort_key(self, _at: int) -> str:
        """Return the second part of the key of what is kept."""
        return "bucket"

    def wait(self, item: Item | None, at: int) -> int:
        """Return after how many seconds a request of the time `at` (ms) would be admitted, 0 for at once."""
        too_early = self._spent(item, at * 1_000) - (self.burst - 1) * self._token
        return max(0, -(-too_early // _SECOND))

    def count(self, key: Key, item: Item | None, at: int) -> Update:
        """Return the write that admits a request, given what was kept; it fails when the bucket is empty by then."""
        now, found = at * 1_000, item or {}
        spent, depth = self._spent(item, now), self.burst * self._token
        kept = {"expires_at": (now + depth) // _SECOND + CLOCK_ERROR + 1}
        if spent and found[_FULL] == now + spent:
            last = now + depth - self._token
            return Update(OPS, key, set=kept, add={_FULL: self._token}, when=Below(_FULL, last + 1))
        return Update(OPS, key, set={_FULL: now + spent + self._token, **kept}, when=unchanged(found, _FULL))

    @property
    def _token(self) -> int:
        """How many microseconds bring one token."""
        return -(-self.seconds * _SECOND // self.most)

    def _spent(self, item: Item | None, now: int) -> int:
        """Return in how many microseconds the bucket is full."""
        full_at = (item or {}).get(_FULL, now)
        if type(full_at) is not int or full_at - now > self.burst * self._token + CLOCK_ERROR * _SECOND:
            return (self.burst - 1) * self._token
        return max(0, full_at - now)


@dataclass(frozen=True)
class Quota:
    """Admits `most` requests in each period of `seconds`; periods start at multiples of their length (UTC).

    Each period has a number of its own. So the write needs no read before it, and a clock that steps back finds what
    was counted then.
    """

    most: int
    seconds: int

    def __str__(self) -> str:
        """Return the rate in words."""
        return f"{self.most} {_period(self.seconds)}"

    def sort_key(self, at: int) -> str:
        """Return the second part of the key of what is kept, which is the period's own."""
        return f"{self.seconds}s {self._start(at)}"

    def wait(self, item: Item | None, at: int) -> int:
        """Return after how many seconds a request of the time `at` (ms) would be admitted, 0 for at once."""
        hits = (item or {}).get(_HITS, 0)
        has_room = type(hits) is int and hits < self.most
        return 0 if has_room else self._start(at) + self.seconds - at // 1_000

    def count(self, key: Key, _item: Item | None, at: int) -> Update:
        """Return the write that admits a request; it fails when there were enough by then."""
        kept = {"expires_at": self._start(at) + self.seconds + CLOCK_ERROR}
        return Update(OPS, key, set=kept, add={_HITS: 1}, when=AnyOf(Missing(_HITS), Below(_HITS, self.most)))

    def _start(self, at: int) -> int:
        now = at // 1_000
        return now - now % self.seconds


Rate = Bucket | Quota
Rates = Mapping[str, Rate]
"""The rate of each limit, by its name."""

DEFAULT_RATES: Rates = {
    "address": Bucket(30, 1, MINUTE),
    "address-day": Quota(200, DAY),
    "network": Bucket(60, 4, MINUTE),
    "link": Bucket(900, 120, MINUTE),
    "send": Quota(60, MINUTE),
    "conversation": Quota(60, HOUR),
    "create-link": Quota(60, HOUR),
    "mark-read": Quota(120, MINUTE),
}


def _period(seconds: int) -> str:
    words = {MINUTE: "a minute", HOUR: "an hour", DAY: "a day"}
    return words.get(seconds, f"in {seconds} seconds")
