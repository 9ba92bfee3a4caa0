"""The store of a simulated client: every call is a place where others may go on, and where something may break."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from commercive_cli.domain.clock import Clock
from commercive_cli.domain.errors import NotTaken, Unavailable
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import ConditionFailed, Page, Query, StoreClock
from commercive_cli.store.schema import OPS, TABLES, Table
from commercive_cli.store.writes import Check, Write
from tests.proof.memory import Lag, MemoryStore, place_of

Answer = TypeVar("Answer")

SECOND = 1_000
LAG_MS = 5_000
"""How far indexes may lag behind at most."""

FAULTS = ("throttled", "lost before", "lost after", "resent", "conflict", "crash before", "crash after")
READ_FAULTS = ("throttled", "lost before", "crash before", "crash after")


class Crash(BaseException):
    """The client dies here; nothing in it may handle that."""


class Stopped(BaseException):
    """The run is over, as something in it was wrong."""


@dataclass(frozen=True)
class Change:
    """What a write did to one item."""

    table: Table
    before: Item | None
    after: Item | None


class Place(Protocol):
    """What a client's store asks of the run that it is a part of."""

    def enter(self, what: str, faults: Sequence[str]) -> str | None:
        """Begin a call: let others go on, let time go by; return what shall break, if anything."""
        ...

    def leave(self, what: str) -> None:
        """End a call: let others go on."""
        ...

    def committed(self, changes: Sequence[Change]) -> None:
        """Note what was written."""
        ...

    def cut(self, limit: int | None) -> int | None:
        """Return how many items a page may have: a server may return less than was asked for."""
        ...

    def partly_told(self, count: int) -> int | None:
        """Return the one failure out of so many that is told, None for all of them."""
        ...


class FaultyStore(MemoryStore):
    """A memory store in which every call may be interrupted, fail or be the client's last one."""

    def __init__(self, place: Place, clock: Clock, lag: Lag) -> None:
        super().__init__(clock, lag, index_lag_ms=LAG_MS)
        self._place = place
        for table in TABLES:
            self.create_table(table)

    def clock(self) -> StoreClock:
        return self._read("clock", self._told_time)

    def _told_time(self) -> StoreClock:
        now = self._clock() // SECOND * SECOND
        return StoreClock(now, passed=now)

    def get(self, table: Table, key: Key) -> Item | None:
        return self._read(f"get {table.name}", lambda: super(FaultyStore, self).get(table, key))

    def batch_get(self, table: Table, keys: Sequence[Key]) -> list[Item]:
        def read() -> list[Item]:
            return [item for key in keys if (item := super(FaultyStore, self).get(table, key)) is not None]

        return self._read(f"batch_get {table.name}", read)

    def query(self, query: Query) -> Page:
        limit = self._place.cut(query.limit)
        where = query.table.name if query.index is None else query.index
        return self._read(f"query {where}", lambda: super(FaultyStore, self).query(replace(query, limit=limit)))

    def scan(
        self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None, limit: int | None = None
    ) -> Page:
        def read() -> Page:
            return super(FaultyStore, self).scan(table, segment=segment, segments=segments, start=start, limit=limit)

        return self._read(f"scan {table.name}", read)

    def transact(self, *writes: Write) -> None:
        what = "transact"
        fault = self._place.enter(what, FAULTS)
        self._fail_before(fault)
        try:
            self._commit(writes)
        except ConditionFailed as failed:
            self._place.leave(f"{what} refused")
            raise self._as_told(failed) from None
        if fault == "crash after":
            raise Crash
        if fault == "lost after":
            raise Unavailable("the reply was lost; whether the write arrived is not known, retry with the same key")
        if fault == "resent":
            self._place.leave("reply lost")
            self._resend(writes)
        self._place.leave(what)

    def batch_put(self, table: Table, items: Iterable[Item]) -> int:
        raise NotImplementedError("no service that the simulator runs loads in bulk")

    def expire(self, goes: Callable[[Item], bool]) -> int:
        """Delete of what has expired what `goes` chooses, as a server does some time afterwards; return how many."""
        now = self._clock() // SECOND
        gone = [each for each in self.raw(OPS) if each.get("expires_at", now) < now and goes(each)]
        for each in gone:
            self._put(OPS, place_of(OPS, each), None)
        return len(gone)

    def _commit(self, writes: Sequence[Write]) -> None:
        places = [(write.table, write.key) for write in writes if not isinstance(write, Check)]
        before = [self.raw_at(*place) for place in places]
        super().transact(*writes)
        after = [self.raw_at(*place) for place in places]
        changed = zip(places, before, after, strict=True)
        # In `ops` the same may be written again, and that counts: a claim that is renewed within a millisecond.
        made = [Change(table, old, new) for (table, _), old, new in changed if old != new or (table is OPS and new)]
        self._place.committed(made)

    def _resend(self, writes: Sequence[Write]) -> None:
        """Send a transaction again whose reply was lost: by its token the store knows that it made it."""

    def _fail_before(self, fault: str | None) -> None:
        if fault == "crash before":
            raise Crash
        if fault == "throttled":
            raise NotTaken("the table is throttled; nothing was done")
        if fault == "lost before":
            raise Unavailable("no reply came; whether the write arrived is not known, retry with the same key")
        if fault == "conflict":
            self._place.leave("conflict, tried again")

    def _as_told(self, failed: ConditionFailed) -> ConditionFailed:
        told = self._place.partly_told(len(failed.failures))
        if told is None:
            return failed
        position = sorted(failed.failures)[told]
        return ConditionFailed({position: failed.failures[position]})

    def _read(self, what: str, read: Callable[[], Answer]) -> Answer:
        fault = self._place.enter(what, READ_FAULTS)
        self._fail_before(fault)
        found = read()
        if fault == "crash after":
            raise Crash
        self._place.leave(what)
        return found
