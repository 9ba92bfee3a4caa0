"""The Store protocol in memory, for one process: what both engines promise, without a file or a network.

Its indexes may lag behind: each change of an item is shown by them as late as whoever made the store says.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter
from threading import RLock
from typing import Any, NoReturn

from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import CommerciveError, Conflict, Invalid, Misconfigured
from commercive_cli.store.items import Item, Key, decode_value, encode_value, item_text
from commercive_cli.store.limits import PAGE_BYTES, check_item, check_transaction
from commercive_cli.store.port import (
    CLOCK_KEY,
    EMBEDDED,
    ConditionFailed,
    IndexMissing,
    Page,
    Query,
    StoreClock,
    TableInfo,
    TextPage,
    not_a_number,
)
from commercive_cli.store.schema import CONVERSATIONS, DEFAULT_PREFIX, Index, Table
from commercive_cli.store.table_changes import CreateIndex, DropIndex, OnStatus, SetTTL, TableChange, ignore_status
from commercive_cli.store.writes import Check, Put, Update, Write, applied, check_readable, holds

Lag = Callable[[], int]
"""Tells after how many milliseconds the indexes show the change that is being made."""

_Place = tuple[Any, ...]
_PLAIN = (str, int, bool, type(None))


@dataclass(frozen=True)
class Stored:
    """An item and its size in bytes."""

    item: Item
    size: int


@dataclass
class _Rows:
    """What one table holds: its items by their key, and for lagging indexes which state is shown from when."""

    ttl: str | None
    indexes: dict[str, Index]
    partitions: dict[Any, dict[Any, Stored]] = field(default_factory=dict)
    shown: dict[_Place, list[tuple[int, Stored | None]]] = field(default_factory=dict)

    def at(self, place: _Place) -> Stored | None:
        return self.partitions.get(place[0], {}).get(place[1:])

    def put(self, place: _Place, stored: Stored | None) -> None:
        rows = self.partitions.setdefault(place[0], {})
        if stored is None:
            rows.pop(place[1:], None)
        else:
            rows[place[1:]] = stored

    def all(self) -> Iterator[Stored]:
        for rows in self.partitions.values():
            yield from rows.values()

    def as_shown(self, now: int) -> Iterator[Stored]:
        """Yield the items as lagging indexes show them: of each the latest state that has reached them."""
        for states in self.shown.values():
            found = next((state for since, state in reversed(states) if since <= now), None)
            if found is not None:
                yield found


class MemoryStore:
    """A Store whose items are gone with it. Its tables are made like those of any other store."""

    local = True
    scans_at_once = 1
    recovery = None
    s3 = None

    def __init__(self, clock: Clock = system_clock, lag: Lag | None = None, *, index_lag_ms: int = 0) -> None:
        self.prefix = DEFAULT_PREFIX
        self.target = "memory"
        self.index_lag_ms = index_lag_ms
        self._clock = clock
        self._lag = lag
        self._tables: dict[str, _Rows] = {}
        self._lock = RLock()

    @property
    def archive(self) -> NoReturn:
        raise Invalid("what is held in memory has no backups")

    def clock(self) -> StoreClock:
        try:
            self.get(CONVERSATIONS, CLOCK_KEY)
        except CommerciveError as refusal:
            return StoreClock(self._clock(), refusal)
        return StoreClock(self._clock())

    def get(self, table: Table, key: Key) -> Item | None:
        check_item(table, key)
        with self._lock:
            found = self._rows(table).at(place_of(table, key))
            return None if found is None else copied(found.item)

    def batch_get(self, table: Table, keys: Sequence[Key]) -> list[Item]:
        with self._lock:
            return [item for key in keys if (item := self.get(table, key)) is not None]

    def query(self, query: Query) -> Page:
        if query.limit is not None and query.limit < 1:
            raise Invalid("limit must be at least 1", field="limit")
        names = tuple(attribute.name for attribute in query.table.key_attributes(query.index))
        if (query.since, query.until) != (None, None) and len(names) == 1:
            raise Invalid(f"{query.table.name} has no sort key to bound")
        after = None if query.start is None else _start(query.start, names)
        with self._lock:
            found = self._within(query, names)
            rows = sorted(((_values(each.item, names[1:]), each) for each in found), key=itemgetter(0))
            if query.descending:
                rows.reverse()
            left = [each for at, each in rows if after is None or _is_behind(at, after[1:], query)]
            return _page(left, names, query.limit, keys_only=_holds_keys_alone(query))

    def scan(
        self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None, limit: int | None = None
    ) -> Page:
        if not 0 <= segment < segments:
            raise Invalid(f"there is no segment {segment} of {segments}")
        after = None if start is None else _start(start, table.key_names)
        with self._lock:
            rows = [
                (place_of(table, each.item), each)
                for partition, items in self._rows(table).partitions.items()
                if zlib.crc32(partition.encode("utf-8", "surrogatepass")) % segments == segment
                for each in items.values()
            ]
            rows.sort(key=itemgetter(0))
            return _page([each for at, each in rows if after is None or at > after], table.key_names, limit)

    def scan_text(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> TextPage:
        page = self.scan(table, segment=segment, segments=segments, start=start)
        return TextPage([(item_text(item), *place_of(table, item)) for item in page.items], page.next)

    def transact(self, *writes: Write) -> None:
        check_transaction(writes)
        with self._lock:
            olds = [self._rows(write.table).at(place_of(write.table, write.key)) for write in writes]
            pairs = [(write, None if old is None else old.item) for write, old in zip(writes, olds, strict=True)]
            failures = {
                at: None if old is None else copied(old)
                for at, (write, old) in enumerate(pairs)
                if not holds(write.when, old)
            }
            if failures:
                raise ConditionFailed(failures)
            for write, old in pairs:
                check_readable(write, old)
            after = [_after(write, old) for write, old in pairs]
            for (write, _), new in zip(pairs, after, strict=True):
                if not isinstance(write, Check):
                    self._put(write.table, place_of(write.table, write.key), new)

    def batch_put(self, table: Table, items: Iterable[Item]) -> int:
        count = 0
        for item in items:
            size = check_item(table, item)
            with self._lock:
                self._put(table, place_of(table, item), Stored(copied(item), size))
            count += 1
        self._rows(table)
        return count

    def create_table(self, table: Table) -> None:
        with self._lock:
            if table.name in self._tables:
                raise Conflict(f"table {self.prefix}{table.name} exists already in memory")
            self._tables[table.name] = _Rows(table.ttl, {index.name: index for index in table.indexes})

    def describe_table(self, table: Table) -> TableInfo | None:
        rows = self._tables.get(table.name)
        if rows is None:
            return None
        found = list(rows.all())
        return TableInfo(
            name=self.prefix + table.name,
            status="ACTIVE",
            items=len(found),
            bytes=sum(each.size for each in found),
            billing=EMBEDDED,
            keys=tuple((each.name, each.type) for each in table.key_attributes()),
            indexes={name: index.key for name, index in rows.indexes.items()},
            ttl=rows.ttl,
            projections={name: index.projection for name, index in rows.indexes.items()},
            index_status=dict.fromkeys(rows.indexes, "ACTIVE"),
        )

    def change_table(self, table: Table, change: TableChange, _on_status: OnStatus = ignore_status) -> None:
        rows = self._rows(table)
        match change:
            case SetTTL(attribute):
                rows.ttl = attribute
            case CreateIndex(index):
                rows.indexes[index.name] = index
            case DropIndex(name):
                rows.indexes.pop(name, None)
            case _:
                raise Invalid(f"what is held in memory has no such thing to change: {change}")

    def delete_table(self, table: Table) -> None:
        self._rows(table)
        del self._tables[table.name]

    def overwrite_old(self) -> Sequence[str]:
        return ()

    def unsupported(self) -> Sequence[str]:
        return ()

    def twin(self, clock: Clock | None = None) -> "MemoryStore":
        """Return a store that holds the same, perhaps with another clock; each goes its own way from now on."""
        twin = MemoryStore(clock or self._clock)
        twin._tables = {
            name: _Rows(rows.ttl, dict(rows.indexes), {key: dict(held) for key, held in rows.partitions.items()})
            for name, rows in self._tables.items()
        }
        return twin

    def close(self) -> None:
        """Keep everything: what is in memory has nothing to close."""

    def raw(self, table: Table) -> Iterator[Item]:
        """Yield the items of a table themselves, for a reader that changes nothing."""
        return (each.item for each in self._rows(table).all())

    def raw_at(self, table: Table, key: Key) -> Item | None:
        """Return the item at `key` itself, for a reader that changes nothing."""
        found = self._rows(table).at(place_of(table, key))
        return None if found is None else found.item

    def _rows(self, table: Table) -> _Rows:
        found = self._tables.get(table.name)
        if found is None:
            raise Misconfigured(
                f"table {self.prefix}{table.name} does not exist in memory; make it: `commercive tables create`"
            )
        return found

    def _put(self, table: Table, place: _Place, stored: Stored | None) -> None:
        rows = self._rows(table)
        rows.put(place, stored)
        if self._lag is not None:
            rows.shown.setdefault(place, []).append((self._clock() + self._lag(), stored))

    def _within(self, query: Query, names: tuple[str, ...]) -> Iterator[Stored]:
        """Yield what a partition holds within the bounds, in no order; an index holds what has all of its keys."""
        rows = self._rows(query.table)
        found: Iterable[Stored]
        if query.index is None:
            found = rows.partitions.get(query.partition, {}).values()
        elif query.index not in rows.indexes:
            raise IndexMissing(
                f"index {query.index} of {self.prefix}{query.table.name} is missing; `commercive tables apply` makes it"
            )
        else:
            found = rows.all() if self._lag is None else rows.as_shown(self._clock())
        since, until = query.since, query.until
        for each in found:
            item = each.item
            if item.get(names[0]) != query.partition or any(name not in item for name in names):
                continue
            if (since is None or item[names[1]] > since) and (until is None or item[names[1]] <= until):
                yield each


def place_of(table: Table, item: Item) -> _Place:
    """Return the values of an item's key, by which a table is sorted."""
    return tuple(item.get(name) for name in table.key_names)


def copied(item: Item) -> Item:
    """Return an item as a store gives it back: whole numbers as int, other numbers in one spelling, nothing shared."""
    return {n: v if type(v) in _PLAIN else decode_value(encode_value(v)) for n, v in item.items()}


def _values(item: Item, names: tuple[str, ...]) -> _Place:
    return tuple(item[name] for name in names)


def _start(start: Key, names: tuple[str, ...]) -> _Place:
    if set(start) != set(names):
        raise Invalid(f"a page starts at a key of {', '.join(names)}", field="cursor")
    return _values(start, names)


def _is_behind(at: _Place, after: _Place, query: Query) -> bool:
    return at < after if query.descending else at > after


def _holds_keys_alone(query: Query) -> bool:
    return query.index is not None and query.table.index(query.index).projection == "KEYS_ONLY"


def _page(rows: Sequence[Stored], names: tuple[str, ...], limit: int | None, *, keys_only: bool = False) -> Page:
    items: list[Item] = []
    size = 0
    for each in rows:
        size += each.size
        if items and (len(items) == limit or size > PAGE_BYTES):
            return Page(items, {name: items[-1][name] for name in names})
        items.append({name: each.item[name] for name in names} if keys_only else copied(each.item))
    return Page(items)


def _after(write: Write, old: Item | None) -> Stored | None:
    """Return the item after a write; raise Invalid or Damaged when no store would make it."""
    changed = _changes(write, old or {}) if isinstance(write, Update) else None
    new = applied(write, old)
    if new is None or not isinstance(write, Put | Update):
        return None
    size = check_item(write.table, new, changed)
    return Stored(copied(new), size)


def _changes(write: Update, old: Item) -> list[str]:
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
