"""Changes existing tables: sends one request for each change, then waits until DynamoDB has carried it out.

While a table is UPDATING no other UpdateTable may be sent, and DescribeTable may still show the state of before (API
Reference, "UpdateTable", "DescribeTable"): what it shows is waited for, and a refusal because of the earlier change.
"""

from collections.abc import Callable
from typing import Any

from commercive_cli.domain.errors import Conflict, Invalid
from commercive_cli.engines.dynamodb.errors import UnknownOperation
from commercive_cli.engines.dynamodb.retries import Attempts, Timing
from commercive_cli.engines.dynamodb.table_administration import TableAdministration
from commercive_cli.engines.dynamodb.table_definitions import (
    Description,
    attribute_definitions,
    billing_of,
    encryption_of,
    encryption_specification,
    index_definition,
    is_active,
)
from commercive_cli.engines.dynamodb.visibility import LONGEST_POLL, VISIBLE_SECONDS, TableSender
from commercive_cli.store.schema import Index, Table
from commercive_cli.store.table_changes import (
    CreateIndex,
    DropIndex,
    OnStatus,
    SetBilling,
    SetDeletionProtection,
    SetEncryption,
    SetRecovery,
    SetTags,
    SetTTL,
    TableChange,
)

DAY_SECONDS = 86_400.0
"""How long to wait until an index is filled: DynamoDB has no limit, and hundreds of gigabytes usually take hours."""


class TableChanger:
    """Changes the tables of one prefix, one change at a time, as DynamoDB requires."""

    def __init__(self, send: TableSender, timing: Timing, tables: TableAdministration, prefix: str) -> None:
        self._send = send
        self._timing = timing
        self._tables = tables
        self._prefix = prefix

    def change(self, table: Table, change: TableChange, on_status: OnStatus) -> None:
        """Make the change and wait until it is done; raise Invalid when this server does not support it.

        What DynamoDB has accepted and does not show after `VISIBLE_SECONDS` is no error.
        """
        try:
            self._change(table, change, on_status)
        except UnknownOperation as error:
            raise Invalid(f"{change} is not supported here: {error.message}") from error

    def _change(self, table: Table, change: TableChange, on_status: OnStatus) -> None:
        match change:
            case SetTTL():
                self._set_time_to_live(table, change.attribute)
            case SetRecovery():
                self._tables.set_recovery(table, on=change.on)
            case SetTags():
                self._tables.set_tags(table, change.tags)
            case SetDeletionProtection():
                self._set(
                    table,
                    on_status,
                    lambda now: now.get("DeletionProtectionEnabled") in (None, change.on),
                    DeletionProtectionEnabled=change.on,
                )
            case SetBilling():
                self._set(table, on_status, lambda now: billing_of(now) == change.mode, BillingMode=change.mode)
            case SetEncryption():
                self._set(
                    table,
                    on_status,
                    lambda now: encryption_of(now).startswith(change.key),
                    SSESpecification=encryption_specification(change.key),
                )
            case CreateIndex():
                self._create_index(table, change.index, on_status)
            case DropIndex():
                self._drop_index(table, change.name, on_status)

    def _set_time_to_live(self, table: Table, attribute: str | None) -> None:
        current = self._tables.time_to_live(table)
        if attribute is not None:
            self._tables.set_time_to_live(table, attribute, on=True)
        elif current is not None:
            self._tables.set_time_to_live(table, current, on=False)

    def _create_index(self, table: Table, index: Index, on_status: OnStatus) -> None:
        """Create the index unless it exists, as after an earlier call that was interrupted, and wait for it."""
        described = self._wait_until_idle(table, on_status)
        if index.name not in _index_names(described):
            # DynamoDB needs the key attributes of the table and of its other indexes too.
            used = [*described["AttributeDefinitions"], *attribute_definitions(_table_with_only(table, index))]
            self._update(
                table,
                on_status,
                AttributeDefinitions=list({each["AttributeName"]: each for each in used}.values()),
                GlobalSecondaryIndexUpdates=[{"Create": index_definition(index)}],
            )
        self._wait(table, on_status, lambda now: index.name in _index_names(now))

    def _drop_index(self, table: Table, name: str, on_status: OnStatus) -> None:
        if name in _index_names(self._wait_until_idle(table, on_status)):
            self._update(table, on_status, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])
        self._wait(table, on_status, lambda now: name not in _index_names(now))

    def _set(self, table: Table, on_status: OnStatus, shows: Callable[[Description], bool], **changes: Any) -> None:
        """Change the table; wait until neither it nor an index is being changed, and until `shows` is true of it."""
        self._update(table, on_status, **changes)

        def visible() -> bool:
            now = self._described(table)
            on_status(_state_in_words(now))
            return is_active(now) and shows(now)

        if not self._send.until_visible(visible):
            self._wait_until_idle(table, on_status)

    def _update(self, table: Table, on_status: OnStatus, **changes: Any) -> None:
        """Send the change once nothing else is being changed; an earlier change may not show and refuse it."""
        request = {"TableName": self._name(table), **changes}
        attempts = Attempts(self._timing, tries=None, longest=LONGEST_POLL)
        while True:
            self._wait_until_idle(table, on_status)
            try:
                # If the table is in use after a lost reply, then our own first try is changing it.
                self._send("UpdateTable", request, already_done="ResourceInUseException")
            except Conflict:
                if not attempts.pause(VISIBLE_SECONDS):
                    raise
            else:
                return

    def _wait_until_idle(self, table: Table, on_status: OnStatus) -> Description:
        """Wait until neither the table nor an index is being changed; return the description."""
        return self._wait(table, on_status, lambda _: True)

    def _wait(self, table: Table, on_status: OnStatus, reached: Callable[[Description], bool]) -> Description:
        """Wait until the table can be used and `reached` is true of its description; return the description."""
        descriptions: list[Description] = []

        def done() -> bool:
            descriptions.append(self._described(table))
            on_status(_state_in_words(descriptions[-1]))
            return is_active(descriptions[-1]) and reached(descriptions[-1])

        self._tables.wait(f"changing {self._name(table)}", done, DAY_SECONDS)
        return descriptions[-1]

    def _described(self, table: Table) -> Description:
        described: Description = self._send("DescribeTable", {"TableName": self._name(table)})["Table"]
        return described

    def _name(self, table: Table) -> str:
        return self._prefix + table.name


def _index_names(described: Description) -> set[str]:
    return {index["IndexName"] for index in described.get("GlobalSecondaryIndexes", [])}


def _table_with_only(table: Table, index: Index) -> Table:
    return Table(table.name, table.partition, table.sort, (index,))


def _state_in_words(described: Description) -> str:
    """Return the states of the table and of each index that is not ready."""
    states = [
        f"index {index['IndexName']} {'BACKFILLING' if index.get('Backfilling') else index['IndexStatus']}"
        for index in described.get("GlobalSecondaryIndexes", [])
        if index.get("IndexStatus", "ACTIVE") != "ACTIVE"
    ]
    return ", ".join([f"{described['TableName']} {described['TableStatus']}", *states])
