"""The Store protocol on one SQLite file, safe across threads, processes and `kill -9`."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import CommerciveError, Conflict, Invalid, Misconfigured
from commercive_cli.engines.sqlite.damaged_rows import fast_or_with_care, read_with_care
from commercive_cli.engines.sqlite.database_file import SQLiteFile
from commercive_cli.engines.sqlite.queries import read_page, read_texts, select_query, select_segment
from commercive_cli.engines.sqlite.table_description import describe
from commercive_cli.engines.sqlite.table_sql import TableSQL, check_prefix
from commercive_cli.engines.sqlite.witnesses import Witnesses
from commercive_cli.store.items import Item, Key, text_item
from commercive_cli.store.limits import check_item, check_transaction
from commercive_cli.store.port import (
    CLOCK_KEY,
    Archive,
    ConditionFailed,
    IndexMissing,
    Page,
    Query,
    StoreClock,
    TableInfo,
    TextPage,
    not_a_number,
)
from commercive_cli.store.schema import CONVERSATIONS, DEFAULT_PREFIX, Table
from commercive_cli.store.writes import Put, Update, Write, applied, check_readable, holds

if TYPE_CHECKING:
    from commercive_cli.store.table_changes import TableChange

_BATCH_ROWS = 2_000
_BATCH_BYTES = 8 * 1024 * 1024
_EXPIRED_FOR_SECONDS = 24 * 3600
_PURGED_AT_ONCE = 10


class SQLiteStore:
    """A Store in the file at `path`, whose tables are named `prefix` + name; SQLite ignores the prefix's case.

    `deadline` is how long to wait for another writer, in seconds; `shown` is the path that people are told. The file is
    opened at first use, and created only by `create_table`.
    """

    local = True
    index_lag_ms = 0
    scans_at_once = 1
    """One: measured with two, threads that scan at the same time wait for Python's lock, and took twice as long."""

    def __init__(
        self,
        path: Path,
        *,
        prefix: str = DEFAULT_PREFIX,
        deadline: float = 10.0,
        clock: Clock = system_clock,
        shown: Path | None = None,
    ) -> None:
        self._shown = shown or path
        self._file = SQLiteFile(path, deadline)
        self._prefix = check_prefix(prefix)
        self._clock = clock
        self._witnesses = Witnesses(self._prefix)
        self._sql = cache(lambda table: TableSQL(table, self._prefix))

    @property
    def prefix(self) -> str:
        """Return what every table's name starts with."""
        return self._prefix

    @property
    def target(self) -> str:
        """Return the file's path, and the prefix unless it is the default, to show to people."""
        prefix = "" if self._prefix == DEFAULT_PREFIX else f" prefix {self._prefix}"
        return f"sqlite {self._shown}{prefix}"

    def clock(self) -> StoreClock:
        """Return this machine's time, and how much of it is over by what others wrote."""
        now = self._clock()
        try:
            self.get(CONVERSATIONS, CLOCK_KEY)
            with self._file.reading() as connection:
                return StoreClock(now, passed=self._witnesses.passed(connection, now))
        except CommerciveError as refusal:
            return StoreClock(now, refusal)

    def get(self, table: Table, key: Key) -> Item | None:
        """Return the item at `key`, or None."""
        check_item(table, key)
        sql = self._sql(table)
        with self._file.reading(sql) as connection:
            return _get(connection, sql, key)

    def batch_get(self, table: Table, keys: Sequence[Key]) -> list[Item]:
        """Return the items at these keys, all as of one moment."""
        sql = self._sql(table)
        with self._file.reading(sql) as connection:
            connection.execute("BEGIN")  # ends when the connection is given back
            return [item for key in keys if (item := _get(connection, sql, key)) is not None]

    def query(self, query: Query) -> Page:
        """Return one page of a query; raise IndexMissing when its index is missing."""
        sql = self._sql(query.table)
        try:
            with self._file.reading(sql) as connection:
                return read_page(connection, sql, select_query(sql, query))
        except Misconfigured:
            if query.index is not None:
                self._check_index(sql, query.index)
            raise

    def scan(
        self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None, limit: int | None = None
    ) -> Page:
        """Return one page of a segment; with more than 16 segments, some are empty."""
        sql = self._sql(table)
        with self._file.reading(sql) as connection:
            return read_page(connection, sql, select_segment(sql, segment, segments, start, limit))

    def scan_text(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> TextPage:
        """Return one page of a segment as texts, which are stored in the file."""
        sql = self._sql(table)
        with self._file.reading(sql) as connection:
            return read_texts(connection, sql, select_segment(sql, segment, segments, start))

    def transact(self, *writes: Write) -> None:
        """Apply the writes, all or none, and return once they are on disk; ConditionFailed holds every failure."""
        check_transaction(writes)
        tables = {write.table.name: self._sql(write.table) for write in writes}
        with self._file.writing(*tables.values()) as connection:
            olds = [_get(connection, tables[write.table.name], write.key) for write in writes]
            pairs = list(zip(writes, olds, strict=True))
            failures = {at: old for at, (write, old) in enumerate(pairs) if not holds(write.when, old)}
            if failures:
                raise ConditionFailed(failures)
            for write, old in pairs:
                check_readable(write, old)
            # Not before: a condition on an expired item that was read would never hold.
            self._purge(connection, tables.values())
            for write, old in pairs:
                _apply(connection, tables[write.table.name], write, old)

    def batch_put(self, table: Table, items: Iterable[Item]) -> int:
        """Store the items in transactions of up to 2,000; no lock is held while `items` is read."""
        sql = self._sql(table)
        stored = 0
        for rows in _batches(sql, items):
            with self._file.writing(sql) as connection:
                connection.executemany(sql.put, rows)
            stored += len(rows)
        return stored

    def create_table(self, table: Table) -> None:
        """Create the table with its indexes, and the file if needed; raise Conflict when the table exists."""
        sql = self._sql(table)
        self._file.create()
        with self._file.writing(sql) as connection:
            if describe(connection, sql) is not None:
                raise Conflict(f"table {sql.name} exists already in {self._file.path}")
            for statement in sql.create():
                connection.execute(statement)

    def describe_table(self, table: Table) -> TableInfo | None:
        """Return the description of the table in the file, or None when there is no table or no file."""
        if not self._file.exists():
            return None
        with self._file.reading() as connection:
            return describe(connection, self._sql(table))

    def change_table(self, table: Table, change: "TableChange", _on_status: object = None) -> None:
        """Create or drop an index, or turn time to live on or off; raise Invalid for any other change."""
        sql = self._sql(table)
        with self._file.writing(sql) as connection:
            for statement in sql.change(change):
                connection.execute(statement)

    @property
    def archive(self) -> Archive:
        """Backups, each a file of its own."""
        from commercive_cli.engines.sqlite.backups import SQLiteArchive

        return SQLiteArchive(self._file, self._prefix, self._at_path)

    @property
    def recovery(self) -> None:
        """None: a file does not keep its earlier states."""
        return None

    @property
    def s3(self) -> None:
        """None: only DynamoDB exports tables to S3."""
        return None

    def delete_table(self, table: Table) -> None:
        """Delete the table and all its items; the file keeps its size and reuses the space."""
        sql = self._sql(table)
        with self._file.writing(sql) as connection:
            connection.execute(f"DROP TABLE {sql.quoted}")
            if table.ttl is not None:
                self._witnesses.drop(connection)

    def overwrite_old(self) -> Sequence[str]:
        """Write the whole file anew and empty its log; return what cannot be done, and why."""
        return self._file.rewrite()

    def unsupported(self) -> Sequence[str]:
        """Return nothing: no protections are declared for a file."""
        return ()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _at_path(self, path: Path, shown: Path) -> "SQLiteStore":
        return SQLiteStore(path, prefix=self._prefix, clock=self._clock, shown=shown)

    def _check_index(self, sql: TableSQL, index: str) -> None:
        with self._file.reading(sql) as connection:  # which refuses a table that is not ours
            found = describe(connection, sql)
        if found is not None and found.indexes.get(index) != sql.table.index(index).key:
            status = "not ours, by its key" if index in found.indexes else "missing"
            raise IndexMissing(f"index {index} of {sql.name} is {status}; `commercive tables apply` makes it")

    def _purge(self, connection: sqlite3.Connection, tables: Iterable[TableSQL]) -> None:
        """Delete a few items that expired more than a day ago for sure, so that the file does not grow for ever.

        DynamoDB also deletes expired items some time later, by its own clock.
        """
        now = self._clock()
        for sql in tables:
            if sql.select_expired:
                self._witnesses.leave(connection, now)
                passed = self._witnesses.passed(connection, now)
                before = 0 if passed is None else passed // 1000 - _EXPIRED_FOR_SECONDS
                keys = connection.execute(sql.select_expired, (before, _PURGED_AT_ONCE)).fetchall()
                connection.executemany(sql.delete, keys)


def _get(connection: sqlite3.Connection, sql: TableSQL, key: Key) -> Item | None:
    values = sql.primary_key(key)
    return fast_or_with_care(
        lambda: _get_fast(connection, sql, key, values),
        lambda: next((item for _, item in read_with_care(connection, sql, sql.row_source, values)), None),
    )


def _get_fast(connection: sqlite3.Connection, sql: TableSQL, key: Key, values: tuple[Any, ...]) -> Item | None:
    row = connection.execute(sql.select, values).fetchone()
    item = None if row is None else text_item(row[0])
    if item is not None and not item.items() >= key.items():
        raise ValueError("the item has another key than its row")
    return item


def _apply(connection: sqlite3.Connection, sql: TableSQL, write: Write, old: Item | None) -> None:
    match write:
        case Put() | Update():
            connection.execute(sql.put, sql.row(_item_after(write, old)))
        case _ if applied(write, old) is None and old is not None:
            connection.execute(sql.delete, sql.primary_key(write.key))


def _item_after(write: Put | Update, old: Item | None) -> Item:
    """Return the item after the write; raise Invalid when it breaks a limit, even if neither write nor old item did."""
    changed = _checked_changes(write, old or {}) if isinstance(write, Update) else None
    new = applied(write, old)
    assert new is not None, "a put or an update leaves an item"
    check_item(write.table, new, changed)
    return new


def _checked_changes(write: Update, old: Item) -> list[str]:
    """Return the attributes that an update writes; raise Invalid or Damaged when it cannot write them."""
    # DynamoDB refuses these too; `store.limits` cannot find them, since it knows neither item nor size.
    changed = [*write.set, *write.default, *write.add, *write.remove]
    if not changed or len(set(changed)) != len(changed):
        raise Invalid("an update changes at least one attribute, and none of them twice")
    if not write.key.keys().isdisjoint(changed):
        raise Invalid("an update cannot change the key of an item")
    for name, amount in write.add.items():
        if not _is_number(amount):
            raise Invalid(f"{write.table.name}.{name} is not a number that can be added", field=name)
        if not _is_number(old.get(name, 0)):
            raise not_a_number(write, (name,))
    return changed


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _batches(sql: TableSQL, items: Iterable[Item]) -> Iterator[list[tuple[Any, ...]]]:
    rows: list[tuple[Any, ...]] = []
    size = 0
    for item in items:
        size += check_item(sql.table, item)
        rows.append(sql.row(item))
        if len(rows) >= _BATCH_ROWS or size >= _BATCH_BYTES:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows
