"""Writes no faster than so many write capacity units a second, so that others can go on using a table.

What a write takes is known only from its reply: an item takes a unit for each KB, again for each index, twice that in
a transaction. So each request reserves what such requests took lately, waits for its turn, and pays the difference.
"""

from collections.abc import Callable, Mapping
from math import inf
from threading import Lock
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.engines.dynamodb.retries import Timing, stoppable_sleep

Message = dict[str, Any]
_REMEMBERED = 0.5
"""How much of what a write took so far stays in the estimate for the next one."""


class WriteRate:
    """The rate of all writes of one store, from any thread; no limit where `units` is None.

    Raises Invalid unless `units` is above 0.
    """

    def __init__(self, timing: Timing, units: float | None) -> None:
        if units is not None and not units > 0:
            raise Invalid("write units must be more than 0 a second", field="write_units")
        self._timing = timing
        self._units = inf if units is None else units
        self._per_write = 1.0
        self._paid_at = timing.now()
        self._lock = Lock()

    def sending(self, request: Mapping[str, Any], send: Callable[[Mapping[str, Any]], Message]) -> Message:
        """Send a request when it may be sent, and return its response; one that writes nothing is sent at once."""
        writes = _writes_in(request)
        if self._units == inf or not writes:
            return send(request)
        reserved = self._reserve(writes)
        response = send({**request, "ReturnConsumedCapacity": "TOTAL"})
        self._pay(writes, reserved, _units_in(response))
        return response

    def _reserve(self, writes: int) -> float:
        with self._lock:
            reserved = writes * self._per_write
            turn = max(self._paid_at, self._timing.now())
            self._paid_at = turn + reserved / self._units
        stoppable_sleep(self._timing, turn - self._timing.now())
        return reserved

    def _pay(self, writes: int, reserved: float, taken: float | None) -> None:
        if taken is None:
            return
        with self._lock:
            self._paid_at += (taken - reserved) / self._units
            self._per_write = _REMEMBERED * self._per_write + (1 - _REMEMBERED) * taken / writes


def _writes_in(request: Mapping[str, Any]) -> int:
    """Return how many items a request writes or checks."""
    if "TransactItems" in request:
        return sum("Get" not in part for part in request["TransactItems"])
    batches = request.get("RequestItems", {}).values()
    return sum(len(batch) for batch in batches if isinstance(batch, list))


def _units_in(response: Message) -> float | None:
    """Return what a response says that the request took, None where it does not say it."""
    told = response.get("ConsumedCapacity") or []
    units = [each.get("CapacityUnits") for each in (told if isinstance(told, list) else [told])]
    return sum(units) if units and all(isinstance(each, int | float) for each in units) else None
