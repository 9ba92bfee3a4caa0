"""The tables of the backend before this one, read where they are used: their own names and keys, and never a write.

Nothing that could write leaves this process: the connection refuses every operation but the reading ones.
"""

import math
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from botocore.session import Session

from commercive_cli.domain.clock import Sleep
from commercive_cli.domain.errors import Damaged, Invalid, Misconfigured
from commercive_cli.engines.dynamodb.connection import Connection
from commercive_cli.engines.dynamodb.endpoint import Endpoint
from commercive_cli.engines.dynamodb.errors import MissingTable
from commercive_cli.engines.dynamodb.read_rate import ReadRate
from commercive_cli.engines.dynamodb.request_sender import OnRequest, RequestSender
from commercive_cli.engines.dynamodb.retries import Timing
from commercive_cli.engines.dynamodb.table_definitions import key_of
from commercive_cli.engines.dynamodb.throttling import Throttling
from commercive_cli.store.items import AttributeValue, Item, decode_item
from commercive_cli.store.legacy_source import LegacyTable
from commercive_cli.store.pages import linked
from commercive_cli.store.port import CredentialWait, OnThrottled, never_waiting

READS = frozenset({"BatchGetItem", "DescribeTable", "GetItem", "ListTables", "Query", "Scan"})
"""The operations that a source may send; all others are refused before anything is sent."""

TIMEOUT_FACTOR = 6


class LiveSource:
    """The tables behind one prefix in one region, of which none is changed; the rest is as in `DynamoDBStore`.

    `read_units` is how many read capacity units a second all tables together may be asked for, None for no limit.
    Reads are eventually consistent, at half the price, unless `consistent`.
    """

    live = True

    def __init__(
        self,
        region: str,
        *,
        prefix: str,
        endpoint: str | None = None,
        metadata: bool = False,
        read_units: float | None = None,
        consistent: bool = False,
        deadline: float = 10.0,
        on_request: OnRequest | None = None,
        session: Session | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Sleep = time.sleep,
        random: Callable[[], float] = random.random,
        on_throttled: OnThrottled = never_waiting,
        wait: CredentialWait | None = None,
    ) -> None:
        timing = Timing(deadline, now, sleep, random)
        self._prefix = prefix
        self._connection = Connection(
            Endpoint(region, endpoint), deadline=deadline, session=session, metadata=metadata, only=READS, wait=wait
        )
        throttling = Throttling(timing, on_throttled)
        self._send = RequestSender(
            self._connection, timing, on_request, throttling=throttling, timeout_factor=TIMEOUT_FACTOR
        )
        self._consistent = consistent
        self._rate = ReadRate(timing, read_units)

    @property
    def place(self) -> str:
        """Return region, endpoint and prefix, as the `target` of a store there."""
        return f"{self._connection.endpoint} prefix {self._prefix}"

    @property
    def prefix(self) -> str:
        """Return what every table's name starts with."""
        return self._prefix

    def tables(self) -> list[LegacyTable]:
        """Return every table behind the prefix, whosever it is; one that is deleted meanwhile is left out."""
        names = sorted(name for name in self._names() if name.startswith(self._prefix))
        return [table for table in map(self._described, names) if table is not None]

    def pages(self, table: LegacyTable) -> Iterator[list[Item]]:
        """Yield all items of a table, page by page, no faster than `read_units`.

        Raises Misconfigured when the table is gone, Unavailable when the server begins to repeat itself.
        """
        request: dict[str, Any] = {"TableName": table.name, "ConsistentRead": self._consistent}
        request["ReturnConsumedCapacity"] = "TOTAL"
        for page in linked(partial(self._page, request), lambda page: page.get("LastEvaluatedKey")):
            yield [_item(encoded, table) for encoded in page.get("Items", [])]

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def _page(self, request: dict[str, Any], start: object) -> dict[str, Any]:
        from_start = {} if start is None else {"ExclusiveStartKey": start}
        try:
            return self._rate.reading(lambda limit: self._send("Scan", {**request, **limit, **from_start}), self._units)
        except MissingTable as missing:
            raise Misconfigured(missing.what) from None

    def _units(self, page: dict[str, Any]) -> float:
        """Return the capacity that a page took, by its size where a compatible server does not tell."""
        told = page.get("ConsumedCapacity", {}).get("CapacityUnits")
        if told is not None:
            return float(told)
        size = sum(map(_encoded_bytes, page.get("Items", [])))
        return math.ceil(size / 4096) * (1.0 if self._consistent else 0.5)

    def _names(self) -> Iterator[str]:
        def read(start: object) -> dict[str, Any]:
            return self._send("ListTables", {} if start is None else {"ExclusiveStartTableName": start})

        for page in linked(read, lambda page: page.get("LastEvaluatedTableName")):
            yield from page.get("TableNames", [])

    def _described(self, name: str) -> LegacyTable | None:
        try:
            described = self._send("DescribeTable", {"TableName": name}).get("Table", {})
        except MissingTable:
            return None
        return LegacyTable(name, key_of(described) or None, described.get("ItemCount"))


def _item(encoded: dict[str, AttributeValue], table: LegacyTable) -> Item:
    try:
        return decode_item(encoded)
    except Invalid as wrong:
        key = " ".join(str(value) for name, _ in table.key or () for value in encoded.get(name, {}).values())
        raise Damaged(f"the item {key} of {table.name} cannot be read: {wrong.message}") from None


def _encoded_bytes(encoded: dict[str, AttributeValue]) -> int:
    return sum(len(name) + len(str(value)) for name, value in encoded.items())
