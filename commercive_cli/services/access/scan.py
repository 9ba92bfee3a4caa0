"""Whole-table reads: parallel segments, strongly consistent, one page of each in memory."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock

from commercive_cli.services.access.parallel import together
from commercive_cli.store.items import Item
from commercive_cli.store.pages import pages
from commercive_cli.store.port import Store
from commercive_cli.store.schema import Table

SEGMENTS = 4


def scan_items(store: Store, table: Table, visit: Callable[[Item], None]) -> int:
    """Call `visit` with every item of the table, never two at a time, in no order; return how many there were."""

    def visit_page(items: list[Item]) -> None:
        for item in items:
            visit(item)

    return scan_pages(store, table, visit_page)


def scan_pages(store: Store, table: Table, visit: Callable[[list[Item]], None]) -> int:
    """Call `visit` with all items of the table, a page at a time; return how many items there were.

    It is for whoever looks at a million items and counts the microseconds.
    """
    lock = Lock()

    def read_segment(segment: int, stop: Event) -> int:
        count = 0
        for page in pages(lambda start: store.scan(table, segment=segment, segments=SEGMENTS, start=start)):
            with lock:
                visit(page.items)
            count += len(page.items)
            if stop.is_set():
                break
        return count

    with _collecting_rarely():
        return sum(together(read_segment, SEGMENTS, store.scans_at_once))


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Let Python look for cycles once in 100,000 new objects: items have none, and are many."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
