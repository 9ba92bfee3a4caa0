"""Fakes of the ports: a clock that is set by hand, and stores that interfere, lag or fail."""

from collections.abc import Callable, Iterable, Sequence

from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Archive, Page, PointInTimeRecovery, Query, S3Transfers, Store, TableInfo, TextPage
from commercive_cli.store.schema import Table
from commercive_cli.store.table_changes import OnStatus, TableChange, ignore_status
from commercive_cli.store.writes import Write

START = 1_750_000_000_000
DAY = 86_400_000


class ManualClock:
    """Stands still until it is set, forwards or backwards."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def advance(self, milliseconds: int) -> None:
        self.now += milliseconds


class Intervening:
    """Passes everything on to another store; `before` lets somebody else act first, `calls` says what was asked."""

    def __init__(self, store: Store, *, index_lag_ms: int | None = None) -> None:
        self._store = store
        self._plans: list[tuple[str, Callable[[], object]]] = []
        self._lag = store.index_lag_ms if index_lag_ms is None else index_lag_ms
        self.calls: list[str] = []

    def before(self, call: str, action: Callable[[], object]) -> None:
        """Do `action` once, right before the next `call` that no earlier plan waits for."""
        self._plans.append((call, action))

    def _on(self, call: str) -> Store:
        self.calls.append(call)
        for position, (awaited, action) in enumerate(self._plans):
            if awaited == call:
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

    def get(self, table: Table, key: Key) -> Item | None:
        return self._on("get").get(table, key)

    def query(self, query: Query) -> Page:
        return self._on("query").query(query)

    def scan(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> Page:
        return self._on("scan").scan(table, segment=segment, segments=segments, start=start)

    def scan_text(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> TextPage:
        return self._on("scan").scan_text(table, segment=segment, segments=segments, start=start)

    def transact(self, *writes: Write) -> None:
        self._on("transact").transact(*writes)

    def batch_put(self, table: Table, items: Iterable[Item]) -> int:
        return self._on("batch_put").batch_put(table, items)

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

    def unsupported(self) -> Sequence[str]:
        return self._store.unsupported()

    def close(self) -> None:
        self._store.close()


class Codes:
    """Returns link codes from a list; fails the test when the list is used up."""

    def __init__(self, *codes: str) -> None:
        self._codes = list(codes)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        return self._codes.pop(0)
