"""Listings over partitions of an index: merged newest first, filtered, cut to a limit, and continued by a cursor."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, TypeVar

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.limits import DEFAULT_LIMIT, LARGEST_LIMIT
from commercive_cli.domain.models import Record
from commercive_cli.store.cursor import check_start, decode_cursor, decode_key, encode_cursor, invalid_cursor
from commercive_cli.store.items import Item, Key
from commercive_cli.store.pages import pages
from commercive_cli.store.port import Page, Query, Store
from commercive_cli.store.schema import Table

AnyRecord = TypeVar("AnyRecord", bound=Record)
LONGEST_PAGE = 8_000
"""Items of a page at most; DynamoDB ends most pages before that, at 1 MB."""


@dataclass(frozen=True)
class IndexQuery:
    """A query for the items of some partitions of one index, merged, with the greatest sort key first.

    `since` is exclusive, `until` inclusive. `label` identifies the filter: cursors of another one are refused.
    """

    table: Table
    index: str
    partitions: tuple[str, ...]
    since: int | None = None
    until: int | None = None
    label: str = ""

    @property
    def listing(self) -> str:
        """Return the description of this listing, for which its cursors are valid."""
        return json.dumps([self.table.name, self.index, self.partitions, self.since, self.until, self.label])

    def of_partition(self, partition: str, start: Key | None, limit: int | None) -> Query:
        """Return the query that reads one partition, starting after the key `start`."""
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
    """Return the limit; raise Invalid unless it is None or from 1 to `largest`."""
    if limit is not None and not 1 <= limit <= largest:
        raise Invalid(f"limit must be between 1 and {largest}, not {limit}", field="limit")
    return limit


def check_span(since: int | None, until: int | None) -> None:
    """Raise Invalid when a time (ms) ends before it begins."""
    if since is not None and until is not None and until < since:
        raise Invalid("until comes before since, so nothing lies between", field="until")


def read_page(
    store: Store,
    query: IndexQuery,
    record: type[AnyRecord],
    *,
    limit: int | None,
    cursor: str | None = None,
    keep: Callable[[AnyRecord], bool] | None = None,
) -> tuple[list[AnyRecord], str | None]:
    """Return up to `limit` records (None: all) for which `keep` is true, and the cursor of the next page, if any.

    Costs one query per partition and page, which reads one item more than wanted, to know whether more are left.
    """
    streams = _open_partitions(store, query, limit, cursor, filtered=keep is not None)
    records: list[AnyRecord] = []
    while limit is None or len(records) < limit:
        item = _take_newest(query, streams)
        if item is None:
            break
        found = record.of(item)
        if keep is None or keep(found):
            records.append(found)
    return records, _cursor(query, streams)


def stream_items(store: Store, query: IndexQuery) -> Iterator[Item]:
    """Yield all items of the query, with one page of each partition in memory."""
    streams = _open_partitions(store, query, None, None, filtered=False)
    while (item := _take_newest(query, streams)) is not None:
        yield item


class _PartitionStream:
    """The items of one partition, read page by page; it knows the key of the last item that was taken."""

    def __init__(self, store: Store, query: Query, *, ended: bool) -> None:
        self._query = query
        self._ended = ended
        self._pages = _longer_pages(store, query)
        self._fetched: deque[Item] = deque()
        self._taken = query.start

    def head(self) -> Item | None:
        while not self._fetched and not self._ended:
            page = next(self._pages)
            self._fetched.extend(page.items)
            self._ended = page.next is None
        return self._fetched[0] if self._fetched else None

    def take(self) -> Item:
        item = self._fetched.popleft()
        names = (attribute.name for attribute in self._query.table.key_attributes(self._query.index))
        self._taken = {name: item[name] for name in names}
        return item

    def position(self) -> Key | bool | None:
        """Return where the next page starts: after a key, at the beginning (None), or nowhere, at the end (False)."""
        return self._taken if self._fetched or not self._ended else False


def _longer_pages(store: Store, query: Query) -> Iterator[Page]:
    """Yield the pages of a query, each twice as long as the one before: a filter may let few items pass."""
    lengths = count()

    def read(start: Key | None) -> Page:
        limit = None if query.limit is None else min(query.limit << next(lengths), LONGEST_PAGE)
        return store.query(replace(query, start=start, limit=limit))

    return pages(read, query.start)


def _open_partitions(
    store: Store, query: IndexQuery, limit: int | None, cursor: str | None, *, filtered: bool
) -> dict[str, _PartitionStream]:
    positions: dict[str, Any] = (
        dict.fromkeys(query.partitions) if cursor is None else decode_cursor(query.listing, cursor)
    )
    if positions.keys() != set(query.partitions):
        raise invalid_cursor()
    # With a filter, larger pages are read: if few items match, small pages would cost many round trips.
    page = None if limit is None else max(limit + 1, DEFAULT_LIMIT if filtered else 0)
    return {
        partition: _PartitionStream(
            store, query.of_partition(partition, _start(query, partition, position), page), ended=position is False
        )
        for partition in query.partitions
        for position in [positions[partition]]
    }


def _start(query: IndexQuery, partition: str, position: Any) -> Key | None:
    """Return the key after which a partition is read; raise Invalid when the cursor holds no key of this partition."""
    if position is None or position is False:
        return None
    key = decode_key(query.table, position, query.index)
    index = query.table.index(query.index)
    if key[index.partition.name] != partition:
        raise invalid_cursor()
    check_start(key[index.sort.name], query.since, query.until)
    return key


def _take_newest(query: IndexQuery, streams: dict[str, _PartitionStream]) -> Item | None:
    sort = query.table.index(query.index).sort.name
    heads = [(head[sort], stream) for stream in streams.values() if (head := stream.head()) is not None]
    return max(heads, key=lambda pair: pair[0])[1].take() if heads else None


def _cursor(query: IndexQuery, streams: dict[str, _PartitionStream]) -> str | None:
    positions = {partition: stream.position() for partition, stream in streams.items()}
    if all(position is False for position in positions.values()):
        return None
    return encode_cursor(query.listing, positions)
