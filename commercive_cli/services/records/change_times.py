"""The time of the next change of a lead or conversation: behind the last one, unless that is still to come.

An `updated_at` further ahead than clocks may differ was written by a wrong clock or by another program. It counts only
as far as something stands there: the item's own times, its audit rows, the last message.
"""

from collections.abc import Callable, Iterable

from commercive_cli.domain.clock import CLOCKS_DIFFER_MS
from commercive_cli.domain.ids import created_at_of
from commercive_cli.services.records.audit_log import audit_partition
from commercive_cli.store.items import Item
from commercive_cli.store.pages import first_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import OPS

COVERED = ("created_at", "reviewed_at", "closed_at")
"""The attributes whose times `updated_at` stands for."""


def behind(last: int, now: int, others: Callable[[], Iterable[int]]) -> int:
    """Return the time (ms) of a change at `now` behind the `last` one; `others` are asked where that is to come."""
    if last > now + CLOCKS_DIFFER_MS:
        last = min(last, max(others()))
    return max(now, last + 1)


def times_of(store: Store, kind: str, subject: str, item: Item) -> list[int]:
    """Return the times (ms) that a lead or conversation tells of itself, and that of its last audit row."""
    rows, _ = first_items(store, Query(OPS, audit_partition(kind, subject), descending=True), 1)
    own = [item.get(name) for name in COVERED] + [row.get("at") for row in rows]
    return [0, *(at for at in own if type(at) is int), *(created_at_of(row["sk"]) or 0 for row in rows)]
