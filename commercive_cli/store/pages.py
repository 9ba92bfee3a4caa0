"""Reading page after page: the one loop for all queries and scans."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from commercive_cli.domain.errors import Unavailable
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Page, Query, Store, TextPage

AnyPage = TypeVar("AnyPage", Page, TextPage)
Start = TypeVar("Start")
Part = TypeVar("Part")


def linked(read: Callable[[Start | None], Part], next_of: Callable[[Part], Start | None]) -> Iterator[Part]:
    """Yield the part that `read` returns for None, then the one for its `next_of`, and so on, up to one without.

    Raises Unavailable when the next part would begin where an earlier one did, which would never end.
    """
    start, seen = None, set[int]()
    while True:
        part = read(start)
        yield part
        start = next_of(part)
        if start is None:
            return
        mark = hash(repr(start))
        if mark in seen:
            raise Unavailable(
                "the store returned a page for a second time in place of the next one: it would never end"
            )
        seen.add(mark)


def pages(read: Callable[[Key | None], AnyPage], start: Key | None = None) -> Iterator[AnyPage]:
    """Yield the page that `read` returns for `start`, then each following page, up to the last; raise as `linked`."""
    return linked(lambda at: read(start if at is None else at), lambda page: page.next)


def query_pages(store: Store, query: Query) -> Iterator[Page]:
    """Yield the pages of a query from its `start` on; each holds at most the query's `limit`."""
    return pages(lambda start: store.query(replace(query, start=start)), query.start)


def query_items(store: Store, query: Query) -> Iterator[Item]:
    """Yield the items of a query over all its pages."""
    for page in query_pages(store, query):
        yield from page.items


def first_items(store: Store, query: Query, limit: int | None) -> tuple[list[Item], Key | None]:
    """Return up to `limit` items of a query (None: all), and, if more are left, the table key of the last one."""
    if limit is None:
        return list(query_items(store, query)), None
    items: list[Item] = []

    def read_rest(start: Key | None) -> Page:
        # One item more than wanted is read, to know whether more are left.
        return store.query(replace(query, start=start, limit=limit + 1 - len(items)))

    for page in pages(read_rest, query.start):
        items += page.items
        if len(items) > limit:
            return items[:limit], query.table.key_of(items[limit - 1])
    return items, None
