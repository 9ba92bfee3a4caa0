"""Bulk loads with BatchWriteItem: 25 items per request, several requests at once, in constant memory.

While DynamoDB throttles, fewer requests are sent at once, and what it leaves out is sent again.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from itertools import islice
from threading import Event
from typing import Any

from commercive_cli.domain.errors import Unavailable
from commercive_cli.domain.stopping import Stops, stopped_by, stops
from commercive_cli.domain.workers import Workers
from commercive_cli.engines.dynamodb.request_sender import RequestSender
from commercive_cli.engines.dynamodb.retries import Timing
from commercive_cli.engines.dynamodb.throttling import LeftOvers
from commercive_cli.store.items import Item, encode_item
from commercive_cli.store.limits import check_item
from commercive_cli.store.schema import Table

BATCH_ITEMS = 25
"""The most items of one BatchWriteItem (AWS limit; 25 items of 400 KB also stay below its 16 MB)."""

WORKERS = 8

PutRequests = list[dict[str, Any]]


class BatchWriter:
    """Puts items into one table, without conditions and in no particular order; `look` is called before the first."""

    def __init__(
        self, send: RequestSender, timing: Timing, table: Table, table_name: str, look: Callable[[], None]
    ) -> None:
        self._send = send
        self._timing = timing
        self._table = table
        self._table_name = table_name
        self._look = look
        self._throttling = send.throttling

    def put_all(self, items: Iterable[Item]) -> int:
        """Store the items, which are read only as they are needed, and return how many there were.

        Raises the first error of a batch; other batches may be stored. Ctrl-C ends all waiting.
        """
        stored, stop = 0, Event()
        pending: set[Future[int]] = set()
        with Workers(WORKERS) as pool:
            try:
                for batch in self._batches(iter(items)):
                    if not stored and not pending:
                        self._look()
                    pending.add(pool.submit(partial(self._put, batch, (stop, *stops()))))
                    while len(pending) >= self._throttling.concurrency.allowed():
                        done, pending = wait(pending, return_when=FIRST_COMPLETED)
                        stored += sum(each.result() for each in done)
                return stored + sum(each.result() for each in pending)
            except BaseException:
                stop.set()
                for each in pending:
                    each.cancel()
                raise

    def _batches(self, items: Iterator[Item]) -> Iterator[list[Item]]:
        while batch := list(islice(items, BATCH_ITEMS)):
            for item in batch:
                check_item(self._table, item)
            yield batch

    def _put(self, batch: list[Item], stops: Stops) -> int:
        # DynamoDB refuses a batch with one key twice; as in a sequence of puts, the last item of a key is stored.
        by_key = {tuple(item[name] for name in self._table.key_names): item for item in batch}
        with stopped_by(*stops):
            self._send_until_processed([{"PutRequest": {"Item": encode_item(item)}} for item in by_key.values()])
        return len(batch)

    def _send_until_processed(self, puts: PutRequests) -> None:
        """Send the puts, and send unprocessed ones again, until all are stored.

        Raises Unavailable when no put was processed for a whole deadline.
        """
        rest = LeftOvers(self._throttling, self._timing, self._table_name)
        while puts:
            response = self._send("BatchWriteItem", {"RequestItems": {self._table_name: puts}})
            left: PutRequests = response.get("UnprocessedItems", {}).get(self._table_name, [])
            if not rest.go_on(len(left), some_done=len(left) < len(puts)):
                raise Unavailable(
                    f"{self._table_name} is throttled: {len(left)} items of a batch were not stored in time; "
                    "it is safe to do it again"
                )
            puts = left
