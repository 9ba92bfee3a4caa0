"""The Store protocol on DynamoDB, and on DynamoDB-compatible servers by endpoint URL.

`expressions` makes the requests, `request_sender` sends them, `table_administration` creates and describes tables.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from botocore.session import Session

from commercive_cli.domain.clock import Sleep, StoreTime
from commercive_cli.domain.errors import CommerciveError, Invalid, NotPermitted
from commercive_cli.engines.dynamodb.archive import DynamoDBArchive
from commercive_cli.engines.dynamodb.batch_reader import BatchReader
from commercive_cli.engines.dynamodb.batch_writer import BatchWriter
from commercive_cli.engines.dynamodb.connection import Connection, milliseconds
from commercive_cli.engines.dynamodb.endpoint import Endpoint
from commercive_cli.engines.dynamodb.errors import WriteRefused
from commercive_cli.engines.dynamodb.expressions import (
    item_of,
    page_of,
    queried_page,
    query_request,
    scan_request,
    text_page_of,
    transaction_write,
)
from commercive_cli.engines.dynamodb.request_sender import OnRequest, RequestSender
from commercive_cli.engines.dynamodb.retries import Timing
from commercive_cli.engines.dynamodb.s3 import DynamoDBS3
from commercive_cli.engines.dynamodb.table_administration import TableAdministration
from commercive_cli.engines.dynamodb.table_changes import TableChanger
from commercive_cli.engines.dynamodb.table_keys import ENTRY_BYTES
from commercive_cli.engines.dynamodb.throttling import Throttling
from commercive_cli.engines.dynamodb.visibility import TableSender
from commercive_cli.engines.dynamodb.write_rate import WriteRate
from commercive_cli.store.items import Item, Key, encode_item
from commercive_cli.store.limits import TRANSACTION_BYTES, TRANSACTION_WRITES, check_transaction
from commercive_cli.store.port import (
    CLOCK_KEY,
    Archive,
    CredentialWait,
    IndexFilling,
    IndexMissing,
    OnThrottled,
    Page,
    Query,
    StoreClock,
    TableInfo,
    TextPage,
    never_waiting,
    not_a_number,
)
from commercive_cli.store.right_time import with_right_time
from commercive_cli.store.schema import CONVERSATIONS, DEFAULT_PREFIX, DYNAMODB_PREFIX, Table
from commercive_cli.store.table_changes import DEPLOY_TEMPLATE, OnStatus, TableChange, ignore_status
from commercive_cli.store.writes import Update, Write

INDEX_LAG_MS = 2000
SCANS_AT_ONCE = 2
BULK_TIMEOUT_FACTOR = 6
"""How many times longer a page of a parallel scan may take: test servers read the whole table for each page."""


class DynamoDBStore:
    """The six tables of one prefix in one region; threads may share it.

    `endpoint` is the URL of a compatible server. Credentials come from AWS's own chain, and from the instance
    metadata service only when `metadata` is true. A call ends within `deadline` seconds; `on_request` is called with
    the operation of every HTTP request. `session` replaces the default botocore session; `now`, `sleep` and `random`
    are used for pauses. Nothing connects before the first call.
    `wait` says how long it may take to get credentials, by default 5 s.
    `on_throttled` is told of throttling; where it says so, a call waits as long as anything gets through, and minutes
    when nothing does. `write_units` is how many write capacity units a second may be asked for, None for no limit.
    A page of a parallel scan may take `BULK_TIMEOUT_FACTOR` times as long as any other call.
    `clock` learns from replies by how much this machine's clock is wrong.
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
        now: Callable[[], float] = monotonic,
        sleep: Sleep = sleep,
        random: Callable[[], float] = random.random,
        on_throttled: OnThrottled = never_waiting,
        write_units: float | None = None,
        wait: CredentialWait | None = None,
        clock: StoreTime | None = None,
    ) -> None:
        self._prefix = prefix
        self._timing = Timing(deadline, now, sleep, random)
        self._connection = Connection(
            Endpoint(region, endpoint),
            deadline=deadline,
            session=session,
            metadata=metadata,
            wait=wait,
            time=clock,
        )
        throttling = Throttling(self._timing, on_throttled)
        rate = WriteRate(self._timing, write_units)
        self._send = RequestSender(self._connection, self._timing, on_request, throttling=throttling, rate=rate)
        self._send_bulk = RequestSender(
            self._connection, self._timing, on_request, throttling=throttling, timeout_factor=BULK_TIMEOUT_FACTOR
        )
        self._send_tables = TableSender(self._send, self._timing)
        self._tables = TableAdministration(self._send_tables, self._timing, prefix)

    @property
    def target(self) -> str:
        """Return region, endpoint and prefix, to show to people."""
        return f"{self._connection.endpoint} prefix {self._prefix}"

    @property
    def prefix(self) -> str:
        """Return what every table's name starts with."""
        return self._prefix

    @property
    def local(self) -> bool:
        """Whether the endpoint is on this machine."""
        return self._connection.endpoint.loopback

    @property
    def index_lag_ms(self) -> int:
        """Two seconds, since AWS promises no limit and the lag is usually well below one; 0 on local test servers."""
        return 0 if self.local else INDEX_LAG_MS

    @property
    def scans_at_once(self) -> int:
        """Two: while one reply is parsed, which takes longer than the network, the next one arrives."""
        return SCANS_AT_ONCE

    def clock(self) -> StoreClock:
        """Return the time in the header `Date` of the reply to a read, which refusals have, too."""
        self._connection.date = None
        refusal = None
        try:
            with_right_time(lambda: self.get(CONVERSATIONS, CLOCK_KEY))
        except CommerciveError as error:
            if self._connection.date is None:
                raise
            refusal = error
        now = milliseconds(self._connection.date)
        return StoreClock(now, refusal, passed=now)

    def get(self, table: Table, key: Key) -> Item | None:
        """Return the item at `key`, strongly consistent, or None."""
        request = {"TableName": self._name(table), "Key": encode_item(key), "ConsistentRead": True}
        with self._tables.keys.explaining(table):
            item = self._send("GetItem", request).get("Item")
        self._check_answered(table, found=bool(item))
        return item_of(item, table) if item else None

    def batch_get(self, table: Table, keys: Sequence[Key]) -> list[Item]:
        """Return the items at these keys, 100 a request, strongly consistent."""
        reader = BatchReader(self._send, self._timing, table, self._name(table))
        with self._tables.keys.explaining(table):
            found = reader.get_all(keys)
        self._check_answered(table, found=bool(found))
        return [item_of(item, table) for item in found]

    def query(self, query: Query) -> Page:
        """Return one page of a query; raise IndexNotReady when its index cannot be read."""
        request = query_request(query, self._name(query.table))
        if request is None:
            return Page([])
        response = self._queried(query, request)
        self._tables.keys.learn_from_items(query.table, response.get("Items", []), by_key=query.index is None)
        return queried_page(response, query)

    def scan(
        self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None, limit: int | None = None
    ) -> Page:
        """Return one page of one segment of a scan, strongly consistent."""
        return page_of(self._scan(table, segment, segments, start, limit), table)

    def scan_text(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> TextPage:
        """Return one page of one segment as texts."""
        return text_page_of(self._scan(table, segment, segments, start), table)

    def transact(self, *writes: Write) -> None:
        """Apply the writes, all or none, exactly once.

        Even one write is sent as a transaction, whose token prevents that a second try after a lost reply adds twice.
        """
        size = check_transaction(writes)
        entries = [transaction_write(write, self._name(write.table)) for write in writes]
        unknown = self._tables.keys.unknown(write.table for write in writes)
        if self._prefix == DEFAULT_PREFIX:  # where the tables of the backend before this one are: not even refused
            with suppress(NotPermitted):
                self._tables.keys.look(*unknown)
            unknown = self._tables.keys.unknown(unknown)
        entries += self._key_checks(unknown, len(writes), size)
        try:
            with self._tables.keys.explaining(*unknown):
                self._send("TransactWriteItems", {"TransactItems": entries, "ClientRequestToken": str(uuid4())})
        except Invalid as refused:
            self._tables.check_transactional(dict.fromkeys(write.table for write in writes))
            at = refused.position if isinstance(refused, WriteRefused) else len(writes)
            write = next(iter(writes[at:]), None)  # behind the writes come the checks of keys
            if isinstance(write, Update) and write.add:
                raise not_a_number(write, write.add) from refused
            raise
        self._tables.keys.trust(unknown)

    def batch_put(self, table: Table, items: Iterable[Item]) -> int:
        """Store the items in batches of 25, several at once; of two items with one key in a batch the later stays."""

        def look() -> None:
            self._tables.keys.look(table)

        with self._tables.keys.explaining(table):
            return BatchWriter(self._send, self._timing, table, self._name(table), look).put_all(items)

    def create_table(self, table: Table) -> None:
        """Create the table with its indexes and protections, and wait until it can be used."""
        self._tables.create(table)

    def describe_table(self, table: Table) -> TableInfo | None:
        """Return the description of the table, or None when it does not exist."""
        return self._tables.describe(table)

    def change_table(self, table: Table, change: TableChange, on_status: OnStatus = ignore_status) -> None:
        """Make one change to a table and wait until it is done; filling an index can take hours."""
        TableChanger(self._send_tables, self._timing, self._tables, self._prefix).change(table, change, on_status)

    @property
    def archive(self) -> Archive:
        """On-demand backups."""
        return self.recovery

    @property
    def recovery(self) -> DynamoDBArchive:
        """Point-in-time recovery."""
        return DynamoDBArchive(self._send_tables, self._timing, self._prefix, self._with_prefix)

    @property
    def s3(self) -> DynamoDBS3:
        """DynamoDB's own exports and imports."""
        return DynamoDBS3(self._send_tables, self._timing, self._prefix, self._connection)

    def delete_table(self, table: Table) -> None:
        """Turn off the table's deletion protection, then delete the table and all its items."""
        self._tables.delete(table)

    def overwrite_old(self) -> Sequence[str]:
        """Return nothing: DynamoDB tells nobody where it keeps what."""
        return ()

    def unsupported(self) -> Sequence[str]:
        """Return the protections that this server does not support, as far as earlier operations have shown."""
        return tuple(self._tables.unsupported)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def _check_answered(self, table: Table, *, found: bool) -> None:
        """Look at a table of unknown key that answered a read by key: one with our two keys reversed does so, too."""
        if found and table.sort is not None:
            with suppress(NotPermitted):  # who may read items need not be allowed to look at the table
                self._tables.keys.look(table)

    def _with_prefix(self, prefix: str) -> "DynamoDBStore":
        """Return the store of another prefix, which uses the same connections."""
        other = copy(self)
        other._prefix = prefix
        other._tables = TableAdministration(self._send_tables, self._timing, prefix)
        return other

    def _queried(self, query: Query, request: dict[str, Any]) -> dict[str, Any]:
        try:
            with self._tables.keys.explaining(query.table):
                return self._send("Query", request)
        except Invalid:
            if query.index is not None:
                self._check_index(query.table, query.index)
            raise

    def _check_index(self, table: Table, index: str) -> None:
        """Raise IndexMissing or IndexFilling when that is so; a refused query is asked about but once."""
        info = self._tables.describe(table)
        status = "missing" if info is None else info.index_status.get(index, "missing")
        words = f"index {index} of {self._name(table)} is"
        if status == "CREATING":
            raise IndexFilling(f"{words} being filled; try again later, `commercive tables diff` tells when it is done")
        if info is not None and status in ("ACTIVE", "UPDATING") and info.indexes[index] != table.index(index).key:
            status = "not ours, by its key"
        if status not in ("ACTIVE", "UPDATING"):
            remedy = DEPLOY_TEMPLATE if info is not None and info.in_stack else "`commercive tables apply` makes it"
            raise IndexMissing(f"{words} {status}; {remedy}")

    def _scan(
        self, table: Table, segment: int, segments: int, start: Key | None, limit: int | None = None
    ) -> dict[str, Any]:
        send = self._send if segments == 1 else self._send_bulk
        request = scan_request(self._name(table), segment, segments, start, limit)
        if start is None:
            with suppress(NotPermitted):  # who may read items need not be allowed to look at the table
                self._tables.keys.look(table, send=send)
        with self._tables.keys.explaining(table):
            return send("Scan", request)

    def _key_checks(self, tables: list[Table], writes: int, size: int) -> list[dict[str, Any]]:
        """Return the entries that keep a transaction off foreign tables; without room for them, look at the tables."""
        count = len(tables)
        if writes + count > TRANSACTION_WRITES or size + count * ENTRY_BYTES > TRANSACTION_BYTES:
            self._tables.keys.look(*tables)
            return []
        return self._tables.keys.checks(tables)

    def _name(self, table: Table) -> str:
        return self._prefix + table.name
