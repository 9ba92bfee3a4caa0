"""Whole-table reads: parallel segments, strongly consistent, one page of each in memory."""

from collections.abc import Callable
from threading import Event, Lock

from commercive_cli.services.parallel import together
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Store
from commercive_cli.store.schema import Table

SEGMENTS = 4


def sweep(store: Store, table: Table, visit: Callable[[Item], None], *, segments: int = SEGMENTS) -> int:
    """Call `visit` with every item of the table, never two at a time, in no order; return how many there were."""
    lock = Lock()

    def read_segment(segment: int, stop: Event) -> int:
        count = 0
        start: Key | None = None
        while not stop.is_set():
            page = store.scan(table, segment=segment, segments=segments, start=start)
            with lock:
                for item in page.items:
                    visit(item)
            count += len(page.items)
            start = page.next
            if start is None:
                break
        return count

    return sum(together(read_segment, segments, store.scans_at_once))
