"""Fakes of the ports: a clock that tests move, and stores that interfere, lag or fail."""

from collections.abc import Callable, Iterable, Sequence

from commercive_cli.domain.ids import new_id
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import (
    Archive,
    ConditionFailed,
    Page,
    PointInTimeRecovery,
    Query,
    S3Transfers,
    Store,
    StoreClock,
    TableInfo,
    TextPage,
)
from commercive_cli.store.schema import OPS, Table
from commercive_cli.store.table_changes import OnStatus, TableChange, ignore_status
from commercive_cli.store.writes import Delete, Put, Write

START = 1_750_000_000_000
DAY = 86_400_000


class ManualClock:
    """Tells `now`, and moves on by `step` milliseconds with every reading, as time does between two calls.

    Tests set it forwards or backwards; `step=0` makes it stand still, for what happens within one millisecond.
    """

    def __init__(self, now: int = START, *, step: int = 1) -> None:
        self.now = now
        self.step = step

    def __call__(self) -> int:
        told = self.now
        self.now += self.step
        return told

    def advance(self, milliseconds: int) -> None:
        self.now += milliseconds


def a_week_passes(store: Store, clock: ManualClock) -> None:
    """Let eight days pass, in which somebody writes now and then: a clock that jumps is no evidence of that."""
    row = {"pk": "somebody", "sk": "was here"}
    for _ in range(32):
        clock.advance(DAY // 4)
        store.transact(Put(OPS, row))
    store.transact(Delete(OPS, row))


class Intervening:
    """Passes everything on to another store; `before` lets somebody else act first, `calls` says what was asked."""

    def __init__(self, store: Store, *, index_lag_ms: int | None = None) -> None:
        self._store = store
        self._plans: list[tuple[str, Table | None, Callable[[], object]]] = []
        self._lag = store.index_lag_ms if index_lag_ms is None else index_lag_ms
        self.calls: list[str] = []

    def before(self, call: str, action: Callable[[], object], table: Table | None = None) -> None:
        """Do `action` once, right before the next `call`, about `table` if named, that no earlier plan waits for."""
        self._plans.append((call, table, action))

    def _on(self, call: str, *tables: Table) -> Store:
        self.calls.append(call)
        for position, (awaited, table, action) in enumerate(self._plans):
            if awaited == call and (table is None or table in tables):
                del self._plans[position]
                action()
                break
        return self._store

    @property
    def target(self) -> str:
        return self._store.target

    @property
    def prefix(self) -> str:
        return self._store.prefix

    @property
    def local(self) -> bool:
        return self._store.local

    @property
    def index_lag_ms(self) -> int:
        return self._lag

    @property
    def scans_at_once(self) -> int:
        return self._store.scans_at_once

    def clock(self) -> StoreClock:
        return self._on("clock").clock()

    def get(self, table: Table, key: Key) -> Item | None:
        return self._on("get", table).get(table, key)

    def batch_get(self, table: Table, keys: Sequence[Key]) -> list[Item]:
        return self._on("batch_get").batch_get(table, keys)

    def query(self, query: Query) -> Page:
        return self._on("query", query.table).query(query)

    def scan(
        self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None, limit: int | None = None
    ) -> Page:
        return self._on("scan", table).scan(table, segment=segment, segments=segments, start=start, limit=limit)

    def scan_text(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> TextPage:
        return self._on("scan", table).scan_text(table, segment=segment, segments=segments, start=start)

    def transact(self, *writes: Write) -> None:
        self._on("transact", *(write.table for write in writes)).transact(*writes)

    def batch_put(self, table: Table, items: Iterable[Item]) -> int:
        return self._on("batch_put", table).batch_put(table, items)

    def create_table(self, table: Table) -> None:
        self._on("create_table").create_table(table)

    def describe_table(self, table: Table) -> TableInfo | None:
        return self._on("describe_table").describe_table(table)

    def change_table(self, table: Table, change: TableChange, progress: OnStatus = ignore_status) -> None:
        self._on("change_table").change_table(table, change, progress)

    @property
    def archive(self) -> Archive:
        return self._store.archive

    @property
    def recovery(self) -> PointInTimeRecovery | None:
        return self._store.recovery

    @property
    def s3(self) -> S3Transfers | None:
        return self._store.s3

    def delete_table(self, table: Table) -> None:
        self._on("delete_table").delete_table(table)

    def overwrite_old(self) -> Sequence[str]:
        return self._on("overwrite_old").overwrite_old()

    def unsupported(self) -> Sequence[str]:
        return self._store.unsupported()

    def close(self) -> None:
        self._store.close()


class Reticent(Intervening):
    """Tells of one failed write of a transaction alone, the last one, as an engine may."""

    def transact(self, *writes: Write) -> None:
        try:
            super().transact(*writes)
        except ConditionFailed as failed:
            last = max(failed.failures)
            raise ConditionFailed({last: failed.failures[last]}) from None


class Ids:
    """Hands out ids from a list, as if chance repeated itself, and then new ones."""

    def __init__(self, *ids: str) -> None:
        self._ids = list(ids)

    def __call__(self, at: int) -> str:
        return self._ids.pop(0) if self._ids else new_id(at)


class Codes:
    """Returns link codes from a list; fails the test when the list is used up."""

    def __init__(self, *codes: str) -> None:
        self._codes = list(codes)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        return self._codes.pop(0)
