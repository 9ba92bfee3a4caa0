"""The store on DynamoDB, and on every DynamoDB-compatible server by endpoint URL.

`dynamodb_expressions` makes the requests, `dynamodb_calls` sends them, `dynamodb_tables` administers tables.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy
from typing import Any
from uuid import uuid4

from botocore.session import Session

from commercive_cli.domain.clock import Sleep
from commercive_cli.domain.errors import NotPermitted
from commercive_cli.engines.dynamodb.archive import DynamoDBArchive
from commercive_cli.engines.dynamodb.batch_writer import BatchWriter
from commercive_cli.engines.dynamodb.connection import Connection
from commercive_cli.engines.dynamodb.endpoint import Endpoint
from commercive_cli.engines.dynamodb.errors import WriteRefused
from commercive_cli.engines.dynamodb.expressions import (
    item_of,
    page_of,
    query_request,
    scan_request,
    text_page_of,
    transaction_write,
)
from commercive_cli.engines.dynamodb.request_sender import OnRequest, RequestSender
from commercive_cli.engines.dynamodb.retries import Timing
from commercive_cli.engines.dynamodb.s3 import DynamoDBS3
from commercive_cli.engines.dynamodb.table_administration import TableAdministration
from commercive_cli.engines.dynamodb.table_changes import TableChanges
from commercive_cli.engines.dynamodb.table_keys import ENTRY_BYTES
from commercive_cli.store.items import Item, Key, encode_item
from commercive_cli.store.limits import TRANSACTION_BYTES, TRANSACTION_WRITES, check_transaction
from commercive_cli.store.port import Archive, Page, Query, TableInfo, TextPage, not_a_number
from commercive_cli.store.schema import DYNAMODB_PREFIX, Table
from commercive_cli.store.table_changes import OnStatus, TableChange, ignore_status
from commercive_cli.store.writes import Update, Write

INDEX_LAG_MS = 2000
SCANS_AT_ONCE = 2
BULK_PATIENCE = 6
"""How many times longer a page of a scan in segments may take: test servers look through the whole table for each."""


class DynamoDBStore:
    """Six tables in one region, by prefix; safe to share between threads.

    `endpoint` names a compatible server. Credentials come from AWS's own chain, and from the instance metadata
    service only when `metadata` is true. A call ends within `deadline` seconds, and `on_request` hears the operation of
    every HTTP request. `session` replaces the botocore session that is made otherwise, `now`, `sleep` and `random` what
    pauses go by. Nothing is connected before the first call.
    A page of a scan in segments, which is bulk work, may take `BULK_PATIENCE` times as long as any other call.
    Raises Invalid when region or endpoint are malformed.
    """

    def __init__(
        self,
        region: str,
        *,
        prefix: str = DYNAMODB_PREFIX,
        endpoint: str | None = None,
        metadata: bool = False,
        deadline: float = 10.0,
        on_request: OnRequest | None = None,
        session: Session | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Sleep = time.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._prefix = prefix
        self._timing = Timing(deadline, now, sleep, random)
        self._connection = Connection(
            Endpoint(region, endpoint),
            deadline=deadline,
            session=session,
            metadata=metadata,
        )
        self._calls = RequestSender(self._connection, self._timing, on_request)
        self._bulk_calls = RequestSender(self._connection, self._timing, on_request, patience=BULK_PATIENCE)
        self._tables = TableAdministration(self._calls, self._timing, prefix)

    @property
    def target(self) -> str:
        """Name region, endpoint and prefix."""
        return f"{self._connection.place} prefix {self._prefix}"

    @property
    def prefix(self) -> str:
        """What every table's name starts with."""
        return self._prefix

    @property
    def local(self) -> bool:
        """Whether the endpoint is on this machine."""
        return self._connection.place.loopback

    @property
    def index_lag_ms(self) -> int:
        """Two seconds; AWS promises no bound, usually it is well below one. Test servers update indexes at once."""
        return 0 if self.local else INDEX_LAG_MS

    @property
    def scans_at_once(self) -> int:
        """While one reply is read, which takes botocore longer than the network, another one comes in."""
        return SCANS_AT_ONCE

    def get(self, table: Table, key: Key) -> Item | None:
        """Return the item at `key`, strongly consistent, or None."""
        request = {"TableName": self._name(table), "Key": encode_item(key), "ConsistentRead": True}
        with self._tables.keys.explaining(table):
            item = self._calls("GetItem", request).get("Item")
        return item_of(item, table) if item else None

    def query(self, query: Query) -> Page:
        """Return one page of a query."""
        request = query_request(query, self._name(query.table))
        if request is None:
            return Page([])
        with self._tables.keys.explaining(query.table):
            response = self._calls("Query", request)
        self._tables.keys.look_at_items(query.table, response.get("Items", []))
        return page_of(response, query.table)

    def scan(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> Page:
        """Return one page of one segment of a scan, strongly consistent."""
        return page_of(self._scan(table, segment, segments, start), table)

    def scan_text(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> TextPage:
        """Return one page of one segment as texts."""
        return text_page_of(self._scan(table, segment, segments, start), table)

    def transact(self, *writes: Write) -> None:
        """Apply the writes, all or none, exactly once.

        Even one write goes as a transaction: its token is what keeps a second try after a lost reply from adding twice.
        """
        size = check_transaction(writes)
        entries = [transaction_write(write, self._name(write.table)) for write in writes]
        unknown = self._tables.keys.unknown(write.table for write in writes)
        entries += self._key_checks(unknown, len(writes), size)
        try:
            with self._tables.keys.explaining(*unknown):
                self._calls("TransactWriteItems", {"TransactItems": entries, "ClientRequestToken": str(uuid4())})
        except WriteRefused as refused:
            write = next(iter(writes[refused.position :]), None)  # behind the writes come the checks of keys
            if isinstance(write, Update) and write.add:
                raise not_a_number(write, write.add) from refused
            raise
        self._tables.keys.trust(unknown)

    def batch_put(self, table: Table, items: Iterable[Item]) -> int:
        """Store the items in batches of 25, several at once; of two with one key in a batch the later stays."""

        def look() -> None:
            self._tables.keys.look(table)

        return BatchWriter(self._calls, self._timing, table, self._name(table), look).put_all(items)

    def create_table(self, table: Table) -> None:
        """Create the table with its indexes and protections, and wait until it can be used."""
        self._tables.create(table)

    def describe_table(self, table: Table) -> TableInfo | None:
        """Return the table as it is, or None when there is none."""
        return self._tables.describe(table)

    def change_table(self, table: Table, change: TableChange, progress: OnStatus = ignore_status) -> None:
        """Make one change to a table and wait until it is done, for hours when an index is filled."""
        TableChanges(self._calls, self._tables, self._prefix).make(table, change, progress)

    @property
    def archive(self) -> Archive:
        """On-demand backups."""
        return self.recovery

    @property
    def recovery(self) -> DynamoDBArchive:
        """Point-in-time recovery."""
        return DynamoDBArchive(self._calls, self._timing, self._prefix, self._beside)

    @property
    def s3(self) -> DynamoDBS3:
        """DynamoDB's own exports and imports."""
        return DynamoDBS3(self._calls, self._timing, self._prefix, self._connection)

    def delete_table(self, table: Table) -> None:
        """Delete the table and all it holds, lifting deletion protection first."""
        self._tables.delete(table)

    def unsupported(self) -> Sequence[str]:
        """Name the protections that this server has no notion of, as far as table administration met them."""
        return tuple(self._tables.unsupported)

    def close(self) -> None:
        """Give back the connections."""
        self._connection.close()

    def _beside(self, prefix: str) -> "DynamoDBStore":
        """Return the store of another prefix, over the same connections."""
        other = copy(self)
        other._prefix = prefix
        other._tables = TableAdministration(self._calls, self._timing, prefix)
        return other

    def _scan(self, table: Table, segment: int, segments: int, start: Key | None) -> dict[str, Any]:
        calls = self._calls if segments == 1 else self._bulk_calls
        request = scan_request(self._name(table), segment, segments, start)
        if start is None:
            with suppress(NotPermitted):  # who may read items need not be allowed to look at the table
                self._tables.keys.look(table, calls=calls)
        return calls("Scan", request)

    def _key_checks(self, tables: list[Table], writes: int, size: int) -> list[dict[str, Any]]:
        """Return the entries that keep a transaction off foreign tables; without room for them, look at the tables."""
        count = len(tables)
        if writes + count > TRANSACTION_WRITES or size + count * ENTRY_BYTES > TRANSACTION_BYTES:
            self._tables.keys.look(*tables)
            return []
        return self._tables.keys.checks(tables)

    def _name(self, table: Table) -> str:
        return self._prefix + table.name
