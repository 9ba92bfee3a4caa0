"""The claim of one adoption at a time: a row in `ops` that its holder renews, and that ends by itself."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from commercive_cli.domain.clock import CLOCKS_DIFFER_MS, Clock, Sleep
from commercive_cli.domain.errors import CommerciveError, Conflict
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import OPS
from commercive_cli.store.writes import Absent, Condition, Delete, Equals, Put, wholly_unchanged

LEASE_MS = 60_000
_RENEWED_S, _LOOKED_ON_S = 15.0, 35.0
"""How often a lease is renewed, and how long it takes to see that it is not: one renewal may fail."""

_KEY = {"pk": "adoption", "sk": "lease"}


@dataclass(frozen=True)
class Holder:
    """Who holds the lease: a process of a machine."""

    machine: str
    process: int

    @property
    def name(self) -> str:
        """Return the holder in words."""
        return f"process {self.process} on {self.machine}"


def this_process() -> Holder:
    """Return the process that runs this."""
    return Holder(socket.gethostname(), os.getpid())


@contextmanager
def held(store: Store, clock: Clock, holder: Holder, actor: str, sleep: Sleep) -> Iterator["Lease"]:
    """Hold the lease until the block ends; raise Conflict while another adopter does.

    The lease of a process that is known to be dead is taken over, and one that has ended by our clock and is not
    renewed while we look on: of the two clocks, either may be wrong.
    """
    found = store.get(OPS, _KEY)
    if found is not None and not _is_dead(found, holder):
        if 0 < _left(found, clock()) <= LEASE_MS + CLOCKS_DIFFER_MS:
            raise _refused(found)
        sleep(_LOOKED_ON_S)
        before, found = found, store.get(OPS, _KEY)
        if found is not None and found != before:
            raise _refused(found)
    lease = Lease(store, clock, holder, actor)
    try:
        lease.take(Absent() if found is None else wholly_unchanged(OPS, found))
    except ConditionFailed as failed:
        raise _refused(failed.failures.get(0) or {}) from None
    try:
        with _repeated(lease.renew):
            yield lease
    finally:
        with suppress(ConditionFailed, CommerciveError):  # it was taken over meanwhile, or ends by itself
            store.transact(Delete(OPS, _KEY, when=lease.ours))


class Lease:
    """The lease of an adopter."""

    def __init__(self, store: Store, clock: Clock, holder: Holder, actor: str) -> None:
        self.ours = Equals("holder", holder.name)
        self._store, self._clock = store, clock
        self._holder, self._actor = holder, actor
        self._until = 0

    def take(self, when: Condition) -> None:
        """Store it for the next minute; raise ConditionFailed when that is not possible."""
        now = self._clock()
        self._store.transact(Put(OPS, _lease(self._holder, self._actor, now), when=when))
        self._until = now + LEASE_MS

    def renew(self) -> None:
        """Store it for the next minute; raise Conflict when it is another adopter's."""
        try:
            self.take(self.ours)
        except ConditionFailed:
            self._until = 0
            raise Conflict("another adoption took the place of this one, which was silent for a minute") from None

    def check(self) -> None:
        """Raise Conflict when it is another adopter's, as it can be once the machine has slept for a while."""
        if self._clock() >= self._until:
            self.renew()


def _lease(holder: Holder, actor: str, now: int) -> Item:
    until = now + LEASE_MS
    who = {"holder": holder.name, "machine": holder.machine, "process": holder.process, "actor": actor}
    return {**_KEY, **who, "until": until, "expires_at": until // 1000 + 3600}


def _left(found: Item, now: int) -> int:
    """Return how long (ms) a lease goes on, by our clock."""
    until = found.get("until")
    return until - now if type(until) is int else 0


def _is_dead(found: Item, holder: Holder) -> bool:
    return found.get("machine") == holder.machine and not _is_alive(found.get("process"))


def _is_alive(process: object) -> bool:
    if type(process) is not int or os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _refused(found: Item) -> Conflict:
    until = found.get("until")
    when = f"{datetime.fromtimestamp(until / 1000, UTC):%H:%M:%S} UTC" if type(until) is int else "it ends"
    return Conflict(
        f"another adoption into this store is running ({found.get('holder', 'just begun')}, by "
        f"{found.get('actor', 'somebody')}); wait for its end. If it was killed, its place is free at {when}"
    )


@contextmanager
def _repeated(call: Callable[[], None]) -> Iterator[None]:
    """Repeat a call every 15 s while the block runs; a store that cannot be reached is asked again the next time."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(_RENEWED_S):
            with suppress(CommerciveError):
                call()

    thread = threading.Thread(target=repeat, name="adoption-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
