"""Changes of tables that exist: one request each, then waiting until DynamoDB has carried it out."""

from collections.abc import Callable
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.engines.dynamodb.errors import UnknownOperation
from commercive_cli.engines.dynamodb.request_sender import RequestSender
from commercive_cli.engines.dynamodb.table_administration import TableAdministration
from commercive_cli.engines.dynamodb.table_definitions import (
    Description,
    attribute_definitions,
    encryption_specification,
    index_definition,
    is_active,
    tag_list,
)
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
"""How long an index may take to be filled: DynamoDB has no bound, and hours are usual for hundreds of gigabytes."""


class TableChanges:
    """Changes the tables of one prefix, one thing at a time, as DynamoDB wants it."""

    def __init__(self, calls: RequestSender, tables: TableAdministration, prefix: str) -> None:
        self._calls = calls
        self._tables = tables
        self._prefix = prefix

    def make(self, table: Table, change: TableChange, on_status: OnStatus) -> None:
        """Make the change and wait until it is done; raise Invalid when this server has no notion of it."""
        try:
            self._make(table, change, on_status)
        except UnknownOperation as error:
            raise Invalid(f"{change} is not supported here: {error.message}") from error

    def _make(self, table: Table, change: TableChange, on_status: OnStatus) -> None:
        match change:
            case SetTTL():
                self._set_time_to_live(table, change.attribute)
            case SetRecovery():
                self._tables.set_recovery(table, on=change.on)
            case SetTags():
                arn = self._described(table)["TableArn"]
                self._calls("TagResource", {"ResourceArn": arn, "Tags": tag_list(change.tags)})
            case SetDeletionProtection():
                self._update(table, on_status, DeletionProtectionEnabled=change.on)
            case SetBilling():
                self._update(table, on_status, BillingMode=change.mode)
            case SetEncryption():
                self._update(table, on_status, SSESpecification=encryption_specification(change.key))
            case CreateIndex():
                self._create_index(table, change.index, on_status)
            case DropIndex():
                self._drop_index(table, change.name, on_status)

    def _set_time_to_live(self, table: Table, attribute: str | None) -> None:
        now_on = self._tables.time_to_live(table)
        if attribute is not None:
            self._tables.set_time_to_live(table, attribute, on=True)
        elif now_on is not None:
            self._tables.set_time_to_live(table, now_on, on=False)

    def _create_index(self, table: Table, index: Index, on_status: OnStatus) -> None:
        """Create the index, unless it is there: an earlier try may have been interrupted while waiting."""
        described = self._settled(table, on_status)
        if index.name not in _index_names(described):
            # What the table and its other indexes use has to be named too.
            used = [*described["AttributeDefinitions"], *attribute_definitions(_with_only(table, index))]
            self._update(
                table,
                on_status,
                AttributeDefinitions=list({each["AttributeName"]: each for each in used}.values()),
                GlobalSecondaryIndexUpdates=[{"Create": index_definition(index)}],
            )
        self._follow(table, on_status, lambda now: index.name in _index_names(now))

    def _drop_index(self, table: Table, name: str, on_status: OnStatus) -> None:
        if name in _index_names(self._settled(table, on_status)):
            self._update(table, on_status, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])
        self._follow(table, on_status, lambda now: name not in _index_names(now))

    def _update(self, table: Table, on_status: OnStatus, **what: Any) -> None:
        self._settled(table, on_status)
        # A table that is being changed since a reply was lost is being changed by us.
        self._calls("UpdateTable", {"TableName": self._name(table), **what}, settled="ResourceInUseException")
        self._settled(table, on_status)

    def _settled(self, table: Table, on_status: OnStatus) -> Description:
        """Return the description once nothing of the table is being changed any more."""
        return self._follow(table, on_status, lambda _: True)

    def _follow(self, table: Table, on_status: OnStatus, reached: Callable[[Description], bool]) -> Description:
        seen: list[Description] = []

        def done() -> bool:
            seen.append(self._described(table))
            on_status(_state_in_words(seen[-1]))
            return is_active(seen[-1]) and reached(seen[-1])

        self._tables.wait(f"changing {self._name(table)}", done, DAY_SECONDS)
        return seen[-1]

    def _described(self, table: Table) -> Description:
        described: Description = self._calls("DescribeTable", {"TableName": self._name(table)})["Table"]
        return described

    def _name(self, table: Table) -> str:
        return self._prefix + table.name


def _index_names(described: Description) -> set[str]:
    return {index["IndexName"] for index in described.get("GlobalSecondaryIndexes", [])}


def _with_only(table: Table, index: Index) -> Table:
    return Table(table.name, table.partition, table.sort, (index,))


def _state_in_words(described: Description) -> str:
    """Return the states of the table and of each index that is not ready."""
    states = [
        f"index {index['IndexName']} {'BACKFILLING' if index.get('Backfilling') else index['IndexStatus']}"
        for index in described.get("GlobalSecondaryIndexes", [])
        if index.get("IndexStatus", "ACTIVE") != "ACTIVE"
    ]
    return ", ".join([f"{described['TableName']} {described['TableStatus']}", *states])
