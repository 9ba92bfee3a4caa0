"""A store for dry runs: it reads from another store, and plans writes instead of making them."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from commercive_cli.store.items import Item, Key, item_text
from commercive_cli.store.limits import check_item, check_transaction
from commercive_cli.store.port import Archive, ConditionFailed, Page, Query, Store, TextPage
from commercive_cli.store.read_only import ReadOnlyArchive
from commercive_cli.store.read_through import ReadThrough
from commercive_cli.store.schema import Table
from commercive_cli.store.table_changes import OnStatus, TableChange, ignore_status
from commercive_cli.store.writes import Check, Write, applied, check_readable, holds


@dataclass(frozen=True)
class PlannedWrite:
    """One planned change of an item or of a table, with the item before and after; `table` is the full name.

    `action` is put, update, delete, create table, delete table, or the change of a table in words.
    """

    action: str
    table: str
    key: Key
    before: Item | None = None
    after: Item | None = None


class DryRun(ReadThrough):
    """Plans writes instead of making them; `changes` lists the planned writes in order.

    Conditions are checked as an engine would, against the items as earlier planned writes leave them. Later reads see
    the planned state of items that exist. A planned new item is only found by `get`, not by queries.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.changes: list[PlannedWrite] = []
        self._planned: dict[tuple[object, ...], Item | None] = {}
        self._lock = threading.RLock()

    def get(self, table: Table, key: Key) -> Item | None:
        """Return the item as planned, or as it is when no change of it is planned."""
        with self._lock:
            identity = _identity(table, key)
            return self._planned[identity] if identity in self._planned else super().get(table, key)

    def batch_get(self, table: Table, keys: Sequence[Key]) -> list[Item]:
        """Return the items at these keys, as planned."""
        return [item for key in keys if (item := self.get(table, key)) is not None]

    def query(self, query: Query) -> Page:
        """Return one page, its items as planned, without those that a planned write moves out of the partition."""
        partition = query.table.key_attributes(query.index)[0].name
        page = super().query(query)
        return replace(
            page, items=[i for i in self._as_planned(query.table, page) if i.get(partition) == query.partition]
        )

    def scan(
        self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None, limit: int | None = None
    ) -> Page:
        """Return one page with its items as planned."""
        page = super().scan(table, segment=segment, segments=segments, start=start, limit=limit)
        return replace(page, items=self._as_planned(table, page))

    def scan_text(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> TextPage:
        """Return one page with its items as planned, as texts."""
        page = self.scan(table, segment=segment, segments=segments, start=start)
        rows = [(item_text(item), *(item[name] for name in table.key_names)) for item in page.items]
        return TextPage(rows, page.next)

    def transact(self, *writes: Write) -> None:
        """Plan the writes, all or none; raise ConditionFailed when a condition does not hold."""
        check_transaction(writes)
        with self._lock:
            items = [self.get(write.table, write.key) for write in writes]
            failures = {
                position: item
                for position, (write, item) in enumerate(zip(writes, items, strict=True))
                if not holds(write.when, item)
            }
            if failures:
                raise ConditionFailed(failures)
            for write, item in zip(writes, items, strict=True):
                check_readable(write, item)
            for write, item in zip(writes, items, strict=True):
                self._plan(write, item)

    def batch_put(self, table: Table, items: Iterable[Item]) -> int:
        """Plan to store the items; return how many."""
        count = 0
        for item in items:
            check_item(table, item)
            key = table.key_of(item)
            with self._lock:
                self._record(PlannedWrite("put", self._name(table), key, self.get(table, key), dict(item)), table)
            count += 1
        return count

    def create_table(self, table: Table) -> None:
        """Plan to create the table."""
        with self._lock:
            self.changes.append(PlannedWrite("create table", self._name(table), {}))

    def change_table(self, table: Table, change: TableChange, _on_status: OnStatus = ignore_status) -> None:
        """Plan to change the table."""
        with self._lock:
            self.changes.append(PlannedWrite(str(change), self._name(table), {}))

    @property
    def archive(self) -> Archive:
        """The other store's backups, which can only be listed."""
        return ReadOnlyArchive(self._store.archive, "a dry run makes no backups")

    @property
    def recovery(self) -> None:
        """None: a dry run restores nothing."""
        return None

    @property
    def s3(self) -> None:
        """None: a dry run exports and imports nothing."""
        return None

    def delete_table(self, table: Table) -> None:
        """Plan to delete the table."""
        with self._lock:
            self.changes.append(PlannedWrite("delete table", self._name(table), {}))

    def _plan(self, write: Write, item: Item | None) -> None:
        after = applied(write, item)
        if not isinstance(write, Check) and after != item:
            action = type(write).__name__.lower()
            self._record(PlannedWrite(action, self._name(write.table), dict(write.key), item, after), write.table)

    def _name(self, table: Table) -> str:
        return self.prefix + table.name

    def _record(self, change: PlannedWrite, table: Table) -> None:
        self.changes.append(change)
        self._planned[_identity(table, change.key)] = change.after

    def _as_planned(self, table: Table, page: Page) -> list[Item]:
        if not self._planned:
            return page.items
        with self._lock:
            items = [self._planned.get(_identity(table, item), item) for item in page.items]
        return [item for item in items if item is not None]


def _identity(table: Table, item: Key | Item) -> tuple[object, ...]:
    """Return the table's name and the values of the item's key."""
    return (table.name, *(item[name] for name in table.key_names))
