"""Checks that tables have the declared key before anything is written to them; others are not ours.

DynamoDB refuses reads and updates with a key that the table does not have, but a put succeeds in any table whose key is
among the item's attributes. So the first transaction that writes to a table also checks a key that exists only in
tables with our key. This costs no request, and if it is refused, nothing of the transaction is written. Bulk loads and
scans have no key that could be refused; for them the table is described once.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any
from uuid import uuid4

from commercive_cli.domain.errors import CommerciveError, Invalid, Misconfigured
from commercive_cli.engines.dynamodb.errors import MissingTable
from commercive_cli.engines.dynamodb.failure_kinds import REFUSED_REASONS, reasons_of
from commercive_cli.engines.dynamodb.request_sender import RequestSender
from commercive_cli.engines.dynamodb.table_definitions import Description, key_of
from commercive_cli.engines.dynamodb.visibility import TableSender
from commercive_cli.store.foreign import KeyShape, declared_key, not_ours
from commercive_cli.store.items import AttributeValue
from commercive_cli.store.limits import SORT_KEY_BYTES
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import TABLES, Table


class Foreign(Misconfigured):
    """The table has another key than ours."""


_Entry = dict[str, Any]
ENTRY_BYTES = 2 * SORT_KEY_BYTES
"""The most that one key check adds to a transaction."""


class TableKeys:
    """What is known of the keys of one prefix's tables; threads may share it."""

    def __init__(self, send: TableSender, prefix: str) -> None:
        self._send = send
        self._prefix = prefix
        self._ours: set[str] = set()
        self._foreign: dict[str, KeyShape] = {}
        self._looking = Lock()

    def unknown(self, tables: Iterable[Table]) -> list[Table]:
        """Return the tables, each once, whose keys are not known to be ours."""
        return [table for table in dict.fromkeys(tables) if table.name not in self._ours]

    def trust(self, tables: Iterable[Table]) -> None:
        """Remember that these tables have our key."""
        self._ours.update(table.name for table in tables)

    def learn(self, table: Table, described: Description) -> None:
        """Remember the key in a description."""
        live = key_of(described)
        if live == declared_key(table):
            self._foreign.pop(table.name, None)
            self._ours.add(table.name)
        elif live:
            self._ours.discard(table.name)
            self._foreign[table.name] = live

    def forget(self, table: Table) -> None:
        """Forget a deleted table; the next one of its name may have any key."""
        self._ours.discard(table.name)

    def checks(self, tables: Sequence[Table]) -> list[_Entry]:
        """Return a key check for each table, for the first transaction that writes to it.

        A table that was found to be foreign before is described instead: raises Foreign if it still is.
        """
        self.look(*(table for table in tables if table.name in self._foreign))
        return [_check(table, self._prefix + table.name) for table in tables]

    def look(self, *tables: Table, send: RequestSender | None = None) -> None:
        """Describe those of the tables whose keys are unknown; raise Foreign when one is not ours."""
        for table in self.unknown(tables):
            with self._looking, suppress(MissingTable):
                if table.name not in self._ours:
                    self._describe(table, send or self._send)
            if table.name in self._foreign:
                raise Foreign(not_ours(self._prefix + table.name, table, self._foreign[table.name]))

    def learn_from_items(self, table: Table, items: Sequence[dict[str, AttributeValue]], *, by_key: bool) -> None:
        """Describe the table if the first item of a query has no key of ours, as items of foreign tables may have none.

        If the query was one `by_key` of a table with a sort key, which names both attributes, its items prove the key.
        """
        if not items or table.name in self._ours:
            return
        if any(attribute.type not in items[0].get(attribute.name, ()) for attribute in table.key_attributes()):
            self.look(table)
        elif by_key and table.sort is not None:
            self.trust([table])

    @contextmanager
    def explaining(self, *tables: Table) -> Iterator[None]:
        """When the block raises because DynamoDB found a request invalid, raise Foreign if a table is not ours.

        Likewise when a table is missing and another one is not ours: then nothing would create the missing one.
        """
        try:
            yield
        except MissingTable as missing:
            self._look_beside(missing)
            raise
        except (Invalid, ConditionFailed) as refused:
            for table in self.unknown(tables) if _is_invalid(refused) else ():
                try:
                    self.look(table)
                except Foreign as foreign:
                    raise foreign from refused
                except CommerciveError:
                    continue  # the table cannot be described now
            raise

    def _look_beside(self, missing: MissingTable) -> None:
        for table in sorted(self.unknown(TABLES), key=lambda each: each.name not in self._foreign):
            try:
                self.look(table)
            except Foreign as foreign:
                raise Foreign(f"{missing.what}; {foreign}") from missing
            except CommerciveError:
                return  # the tables cannot be described now

    def _describe(self, table: Table, send: RequestSender | TableSender) -> None:
        response = send("DescribeTable", {"TableName": self._prefix + table.name})
        self.learn(table, response.get("Table", {}))


def _is_invalid(refused: Invalid | ConditionFailed) -> bool:
    """Return whether DynamoDB refused a part as invalid; in a foreign table a condition can fail beside it."""
    cause = refused.__cause__  # none where we found the request invalid, and never sent it
    codes = {reason.get("Code") for reason in reasons_of(cause)}
    return (isinstance(refused, Invalid) and cause is not None) or not REFUSED_REASONS.isdisjoint(codes)


def _check(table: Table, name: str) -> _Entry:
    """Return the check that no item has a key which only tables with our key accept.

    The partition key is longer than a sort key may be, so a table with the same attributes in the other order refuses
    it. It is random, since transactions that check the same key at the same time conflict.
    """
    key = {table.partition.name: {"S": uuid4().hex.ljust(SORT_KEY_BYTES + 1, "-")}}
    if table.sort is not None:
        key[table.sort.name] = {table.sort.type: "0"}
    return {
        "ConditionCheck": {
            "TableName": name,
            "Key": key,
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": table.partition.name},
        }
    }
