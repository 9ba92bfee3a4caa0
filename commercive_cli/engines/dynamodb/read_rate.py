"""Reads no faster than so many read capacity units a second, so that others can go on using a provisioned table.

A page takes up to 1 MB, 128 units or 256, at once, which a table of 5 units a second has not. So pages are asked for
in pieces that take about a second's units, and after each one is waited until it is paid for. Nothing is saved up.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.engines.dynamodb.retries import Timing, stoppable_sleep

Page = dict[str, Any]
_GROWTH = 4


class ReadRate:
    """The rate of all reads of one source, from any thread; no limit where `units` is None."""

    def __init__(self, timing: Timing, units: float | None) -> None:
        if units is not None and not units > 0:
            raise Invalid("read units must be more than 0 a second", field="read_units")
        self._timing = timing
        self._units = units
        self._items = 1 if units is None else max(1, int(units))
        self._paid_at = timing.now()
        self._lock = Lock()

    def reading(self, read: Callable[[dict[str, int]], Page], cost: Callable[[Page], float]) -> Page:
        """Return the page that `read` returns for a limit, when it may be read; `cost` tells the units that it took."""
        if self._units is None:
            return read({})
        with self._lock:
            stoppable_sleep(self._timing, self._paid_at - self._timing.now())
            began = self._timing.now()
            page = read({"Limit": self._items})
            spent, items = cost(page), int(page.get("ScannedCount", len(page.get("Items", []))))
            self._paid_at = max(self._paid_at, began) + spent / self._units
            if spent and items:
                self._items = max(1, min(int(self._units * items / spent), _GROWTH * self._items))
            return page
