"""Reads whole tables, strongly consistent, in parallel segments, with one page of each segment in memory."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock

from commercive_cli.services.access.parallel import run_parallel
from commercive_cli.store.items import Item
from commercive_cli.store.pages import pages
from commercive_cli.store.port import Store
from commercive_cli.store.schema import Table

SEGMENTS = 4
OnItems = Callable[[int], None]
"""Is called, from any thread, with the number of items that were read or stored since the last call."""


def ignore_items(_items: int) -> None:
    """Do nothing: the default where nobody counts the items."""


def scan_items(store: Store, table: Table, visit: Callable[[Item], None], on_items: OnItems = ignore_items) -> int:
    """Call `visit` for every item of the table, one call at a time, in no particular order; return their number."""

    def visit_page(items: list[Item]) -> None:
        for item in items:
            visit(item)

    return scan_pages(store, table, visit_page, on_items)


def scan_pages(
    store: Store, table: Table, visit: Callable[[list[Item]], None], on_items: OnItems = ignore_items
) -> int:
    """Call `visit` with the items of every page of the table, one call at a time; return the number of items.

    For large tables this is faster than `scan_items`.
    """
    lock = Lock()

    def read_segment(segment: int, stop: Event) -> int:
        count = 0
        for page in pages(lambda start: store.scan(table, segment=segment, segments=SEGMENTS, start=start)):
            with lock:
                visit(page.items)
            on_items(len(page.items))
            count += len(page.items)
            if stop.is_set():
                break
        return count

    with _collecting_rarely():
        return sum(run_parallel(read_segment, SEGMENTS, store.scans_at_once))


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Let Python search for reference cycles only every 100,000 new objects: there are many items, without cycles."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
