"""Whose tables these are: nothing is written to a table before its key is known to be the declared one.

DynamoDB refuses reads and updates that name another key than the table's, but a put succeeds wherever the item happens
to hold that key. So the first transaction that writes to a table carries a check of a key that only a table with our
key takes; it costs no request, and refused, it undoes the whole. Bulk loads and scans name no key: for them the table
is described, once.
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
from commercive_cli.store.foreign import KeyShape, declared_key, not_ours
from commercive_cli.store.items import AttributeValue
from commercive_cli.store.limits import SORT_KEY_BYTES
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import Table


class Foreign(Misconfigured):
    """The table has another key than ours."""


_Entry = dict[str, Any]
ENTRY_BYTES = 2 * SORT_KEY_BYTES
"""More than one check adds to a transaction."""


class TableKeys:
    """What is known of the keys of one prefix's tables; safe to share between threads."""

    def __init__(self, send: RequestSender, prefix: str) -> None:
        self._send = send
        self._prefix = prefix
        self._ours: set[str] = set()
        self._foreign: dict[str, KeyShape] = {}
        self._looking = Lock()

    def unknown(self, tables: Iterable[Table]) -> list[Table]:
        """Return the tables, each once, whose keys are not known to be ours."""
        return [table for table in dict.fromkeys(tables) if table.name not in self._ours]

    def trust(self, tables: Iterable[Table]) -> None:
        """Note that tables took a key of ours."""
        self._ours.update(table.name for table in tables)

    def learn(self, table: Table, described: Description) -> None:
        """Note the key that a description tells, whatever was known before."""
        live = key_of(described)
        if live == declared_key(table):
            self._foreign.pop(table.name, None)
            self._ours.add(table.name)
        elif live:
            self._ours.discard(table.name)
            self._foreign[table.name] = live

    def forget(self, table: Table) -> None:
        """Note that the table is gone; one that comes after it may be anybody's."""
        self._ours.discard(table.name)

    def checks(self, tables: Sequence[Table]) -> list[_Entry]:
        """Return an entry for each table, to be put into the transaction that writes to them first.

        Raises Foreign when one is not ours: a table that was found to be foreign is described, not tried, again.
        """
        self.look(*(table for table in tables if table.name in self._foreign))
        return [_check(table, self._prefix + table.name) for table in tables]

    def look(self, *tables: Table, send: RequestSender | None = None) -> None:
        """Describe those of the tables whose keys are not known; raise Foreign when one is not ours."""
        for table in self.unknown(tables):
            with self._looking, suppress(MissingTable):
                if table.name not in self._ours:
                    self._describe(table, send or self._send)
            if table.name in self._foreign:
                raise Foreign(not_ours(self._prefix + table.name, table, self._foreign[table.name]))

    def look_at_items(self, table: Table, items: Sequence[dict[str, AttributeValue]]) -> None:
        """Look at the table when the first item of a page has no key of ours, as none has in a foreign table."""
        if items and table.name not in self._ours:
            first = items[0]
            if any(attribute.type not in first.get(attribute.name, ()) for attribute in table.key_attributes()):
                self.look(table)

    @contextmanager
    def explaining(self, *tables: Table) -> Iterator[None]:
        """Raise Foreign in place of what DynamoDB finds invalid when the reason is that a table is not ours.

        In such a table a condition may fail as well, beside what is invalid.
        """
        try:
            yield
        except (Invalid, ConditionFailed) as refused:
            for table in self.unknown(tables) if _is_invalid(refused) else ():
                try:
                    self.look(table)
                except Foreign as foreign:
                    raise foreign from refused
                except CommerciveError:
                    continue  # the table cannot be looked at now, so the refusal stands as it is
            raise

    def _describe(self, table: Table, send: RequestSender) -> None:
        response = send("DescribeTable", {"TableName": self._prefix + table.name})
        self.learn(table, response.get("Table", {}))


def _is_invalid(refused: Invalid | ConditionFailed) -> bool:
    codes = {reason.get("Code") for reason in reasons_of(refused.__cause__)}
    return isinstance(refused, Invalid) or not REFUSED_REASONS.isdisjoint(codes)


def _check(table: Table, name: str) -> _Entry:
    """Return the check of a key that no item has, and that only a table with our key takes.

    Its partition key is longer than a sort key may be: so a table with the same two attributes the other way round
    refuses it, too. It is another one each time, so that transactions never meet in it.
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
