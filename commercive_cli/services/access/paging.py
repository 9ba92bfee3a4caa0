"""Feeds: index partitions merged newest first, filtered, cut to a limit, and resumed by a cursor."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.limits import DEFAULT_LIMIT, LARGEST_LIMIT
from commercive_cli.store.cursor import decode_cursor, decode_key, encode_cursor, foreign_cursor
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import Table

Keep = Callable[[Item], bool]


@dataclass(frozen=True)
class IndexQuery:
    """The items of some partitions of one index, merged, with the greatest sort key first.

    `since` is exclusive, `until` inclusive. `label` tells listings with different filters apart, for cursors.
    """

    table: Table
    index: str
    partitions: tuple[str, ...]
    since: int | None = None
    until: int | None = None
    label: str = ""

    @property
    def listing(self) -> str:
        """Return what a cursor of this feed is bound to."""
        return json.dumps([self.table.name, self.index, self.partitions, self.since, self.until, self.label])

    def query(self, partition: str, start: Key | None, limit: int | None) -> Query:
        """Return the query that reads one partition from `start` on."""
        return Query(
            self.table,
            partition,
            self.index,
            since=self.since,
            until=self.until,
            descending=True,
            limit=limit,
            start=start,
        )


def check_limit(limit: int | None, largest: int = LARGEST_LIMIT) -> int | None:
    """Return the limit; raise Invalid unless it is None or within 1 and `largest`."""
    if limit is not None and not 1 <= limit <= largest:
        raise Invalid(f"limit must be between 1 and {largest}, not {limit}", field="limit")
    return limit


def read_page(
    store: Store, feed: IndexQuery, *, limit: int | None, cursor: str | None = None, keep: Keep | None = None
) -> tuple[list[Item], str | None]:
    """Return up to `limit` items that `keep` lets through (None: all), and the cursor to go on with, if any is left.

    Costs one query per partition and page: one item more than wanted is asked for, to know whether there is more.
    """
    readers = _open_partitions(store, feed, limit, cursor, filtered=keep is not None)
    items: list[Item] = []
    while limit is None or len(items) < limit:
        item = _take_newest(feed, readers)
        if item is None:
            break
        if keep is None or keep(item):
            items.append(item)
    return items, _cursor(feed, readers)


def stream_items(store: Store, feed: IndexQuery) -> Iterator[Item]:
    """Yield the whole feed, holding one page of each partition at a time."""
    readers = _open_partitions(store, feed, None, None, filtered=False)
    while (item := _take_newest(feed, readers)) is not None:
        yield item


class _PartitionCursor:
    """One partition of a feed: what was fetched, and the key of the last item that was taken."""

    def __init__(self, store: Store, query: Query, *, ended: bool) -> None:
        self._store = store
        self._query = query
        self._ended = ended
        self._fetched: deque[Item] = deque()
        self._taken = query.start

    def head(self) -> Item | None:
        while not self._fetched and not self._ended:
            page = self._store.query(self._query)
            self._fetched.extend(page.items)
            self._query = replace(self._query, start=page.next)
            self._ended = page.next is None
        return self._fetched[0] if self._fetched else None

    def take(self) -> Item:
        item = self._fetched.popleft()
        names = (attribute.name for attribute in self._query.table.key_attributes(self._query.index))
        self._taken = {name: item[name] for name in names}
        return item

    def position(self) -> Key | bool | None:
        """Return where to go on: after a key, from the beginning (None), or nowhere (False)."""
        return self._taken if self._fetched or not self._ended else False


def _open_partitions(
    store: Store, feed: IndexQuery, limit: int | None, cursor: str | None, *, filtered: bool
) -> dict[str, _PartitionCursor]:
    positions: dict[str, Any] = (
        dict.fromkeys(feed.partitions) if cursor is None else decode_cursor(feed.listing, cursor)
    )
    if positions.keys() != set(feed.partitions):
        raise foreign_cursor()
    # A filter may let few items through, and a page for each of them would be a round trip for each.
    page = None if limit is None else max(limit + 1, DEFAULT_LIMIT if filtered else 0)
    return {
        partition: _PartitionCursor(
            store, feed.query(partition, _start(feed, partition, position), page), ended=position is False
        )
        for partition in feed.partitions
        for position in [positions[partition]]
    }


def _start(feed: IndexQuery, partition: str, position: Any) -> Key | None:
    """Return where a partition goes on; raise Invalid when the cursor names no place in it."""
    if position is None or position is False:
        return None
    key = decode_key(feed.table, position, feed.index)
    if key[feed.table.index(feed.index).partition.name] != partition:
        raise foreign_cursor()
    return key


def _take_newest(feed: IndexQuery, readers: dict[str, _PartitionCursor]) -> Item | None:
    sort = feed.table.index(feed.index).sort.name
    heads = [(head[sort], reader) for reader in readers.values() if (head := reader.head()) is not None]
    return max(heads, key=lambda pair: pair[0])[1].take() if heads else None


def _cursor(feed: IndexQuery, readers: dict[str, _PartitionCursor]) -> str | None:
    positions = {partition: reader.position() for partition, reader in readers.items()}
    if all(position is False for position in positions.values()):
        return None
    return encode_cursor(feed.listing, positions)
