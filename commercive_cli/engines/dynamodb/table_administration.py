"""Table administration: creates, protects, describes and deletes tables, and waits until DynamoDB is done."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from commercive_cli.domain.errors import CommerciveError, Invalid
from commercive_cli.engines.dynamodb.errors import MissingTable, TableTooYoung, UnknownOperation
from commercive_cli.engines.dynamodb.further_settings import is_strong
from commercive_cli.engines.dynamodb.retries import Timing, wait_until
from commercive_cli.engines.dynamodb.table_definitions import (
    Description,
    create_request,
    is_active,
    table_info,
    tag_list,
)
from commercive_cli.engines.dynamodb.table_keys import TableKeys
from commercive_cli.engines.dynamodb.visibility import LONGEST_POLL, TableSender
from commercive_cli.store.pages import linked
from commercive_cli.store.port import TableInfo
from commercive_cli.store.regions import no_transactions
from commercive_cli.store.schema import Table

WAIT_SECONDS = 120.0
TIME_TO_LIVE = "time to live"
POINT_IN_TIME_RECOVERY = "point-in-time recovery"
TAGS = "tags"


class TableAdministration:
    """Creates and deletes the tables of one prefix; `unsupported` are the protections that the server does not know."""

    def __init__(self, send: TableSender, timing: Timing, prefix: str) -> None:
        self._send = send
        self._timing = timing
        self._prefix = prefix
        self.keys = TableKeys(send, prefix)
        self.unsupported: list[str] = []

    def create(self, table: Table) -> None:
        """Create the table with deletion protection, then turn on its time to live and point-in-time recovery.

        Raises Conflict when it exists, Unavailable when it cannot be used after `WAIT_SECONDS`.
        """
        request = create_request(table, self._name(table))
        self._send("CreateTable", request, already_done="ResourceInUseException")
        self.wait_until_active(table)
        self.protect(table)

    def protect(self, table: Table) -> None:
        """Turn on time to live and point-in-time recovery, where declared, as far as the server knows them."""
        if table.ttl is not None:
            self.set_time_to_live(table, table.ttl, on=True)
        if table.protections.point_in_time_recovery:
            self.set_recovery(table, on=True)

    def set_time_to_live(self, table: Table, attribute: str, *, on: bool) -> None:
        """Turn the deletion of items after the time in the attribute on or off, and wait until that shows.

        DynamoDB refuses to turn on what is on: that is no error where it shows by then.
        """

        def shows() -> bool:
            described = self._time_to_live(table)
            return not described or _attribute_in(described) == (attribute if on else None)

        specification = {"Enabled": on, "AttributeName": attribute}
        try:
            self._set_protection(TIME_TO_LIVE, "UpdateTimeToLive", table, TimeToLiveSpecification=specification)
        except Invalid:
            if not self._send.until_visible(shows):
                raise
        else:
            self._send.until_visible(shows)

    def set_recovery(self, table: Table, *, on: bool) -> None:
        """Turn point-in-time recovery on or off, and wait until that shows; wait while the table is too young for it.

        The recovery period of a table that has one stays, since none is named.
        """
        specification = {"PointInTimeRecoveryEnabled": on}
        self._set_protection(
            POINT_IN_TIME_RECOVERY, "UpdateContinuousBackups", table, PointInTimeRecoverySpecification=specification
        )
        self._send.until_visible(lambda: _is_recoverable(self._recovery(table)) in (None, on))

    def set_tags(self, table: Table, tags: tuple[tuple[str, str], ...]) -> None:
        """Set these tags on the table, and wait until they show; its other tags stay."""
        described = self._send("DescribeTable", {"TableName": self._name(table)})["Table"]
        arn = described["TableArn"]

        def shows() -> bool:
            found = self._tags(arn)
            return found is None or set(tags) <= set(found.items())

        self._send("TagResource", {"ResourceArn": arn, "Tags": tag_list(tags)})
        self._send.until_visible(shows)

    def describe(self, table: Table) -> TableInfo | None:
        """Return the description of the table, or None when it does not exist."""
        described = self.description(table)
        if described is None:
            return None
        recovery = self._recovery(table)
        return table_info(
            described,
            ttl=self.time_to_live(table),
            recovery=_is_recoverable(recovery),
            recovery_days=(recovery or {}).get("RecoveryPeriodInDays"),
            tags=self._tags(described["TableArn"]),
        )

    def delete(self, table: Table) -> None:
        """Turn off deletion protection, delete the table with all its items, and wait until it is gone."""
        name = self._name(table)
        described = self.description(table)
        if described is not None and described.get("DeletionProtectionEnabled"):
            self._send("UpdateTable", {"TableName": name, "DeletionProtectionEnabled": False})
            self.wait_until_active(table)
            self._send.until_visible(lambda: not (self.description(table) or {}).get("DeletionProtectionEnabled"))
        self._send("DeleteTable", {"TableName": name}, already_done="ResourceNotFoundException")
        self.wait(f"deleting {name}", lambda: self.description(table) is None)
        self.keys.forget(table)

    def description(self, table: Table) -> Description | None:
        """Return the response to DescribeTable, or None when there is no table."""
        try:
            response = self._send("DescribeTable", {"TableName": self._name(table)})
        except MissingTable:
            return None
        described: Description = response["Table"]
        self.keys.learn(table, described)
        return described

    def wait_until_active(self, table: Table) -> None:
        """Wait until the table and all its indexes can be used."""
        self.wait(f"creating or changing {self._name(table)}", lambda: is_active(self.description(table)))

    def wait(self, goal: str, reached: Callable[[], bool], within: float = WAIT_SECONDS) -> None:
        """Wait until `reached` is true; raise Unavailable, naming the goal, after `within` seconds."""
        wait_until(self._timing, goal, reached, within=within, longest=LONGEST_POLL)

    def time_to_live(self, table: Table) -> str | None:
        """Return the attribute that holds when an item expires, or None."""
        return _attribute_in(self._time_to_live(table))

    def _time_to_live(self, table: Table) -> Description:
        request = {"TableName": self._name(table)}
        found: Description = self._described(TIME_TO_LIVE, "DescribeTimeToLive", request)
        return dict(found.get("TimeToLiveDescription", {}))

    def _set_protection(self, protection: str, operation: str, table: Table, **specification: Any) -> None:
        def done() -> bool:
            try:
                # When a lost reply had set time to live, the second try gets a ValidationException.
                request = {"TableName": self._name(table), **specification}
                self._send(operation, request, already_done="ValidationException")
            except TableTooYoung:
                return False
            except UnknownOperation:
                self._note_unsupported(protection)
            return True

        self.wait(f"setting {protection} of {self._name(table)}", done)

    def check_transactional(self, tables: Iterable[Table]) -> None:
        """Raise Misconfigured when DynamoDB makes no transactions in one of the tables, as far as it can be told."""
        for table in tables:
            described = None
            with suppress(CommerciveError):
                described = self.description(table)
            if described and is_strong(described):
                raise no_transactions([self._name(table)])

    def _recovery(self, table: Table) -> Description | None:
        """Return the description of point-in-time recovery, None where the server does not know it."""
        request = {"TableName": self._name(table)}
        response = self._described(POINT_IN_TIME_RECOVERY, "DescribeContinuousBackups", request)
        backups = response.get("ContinuousBackupsDescription")
        return None if backups is None else dict(backups.get("PointInTimeRecoveryDescription", {}))

    def _tags(self, arn: str) -> dict[str, str] | None:
        """Return all tags, or None when the server does not support tags."""

        def read(token: str | None) -> Description:
            onward = {} if token is None else {"NextToken": token}
            return self._described(TAGS, "ListTagsOfResource", {"ResourceArn": arn, **onward})

        tags: dict[str, str] = {}
        for page in linked(read, lambda page: page.get("NextToken") or None):
            if "Tags" not in page:
                return None
            tags |= {tag["Key"]: tag["Value"] for tag in page["Tags"]}
        return tags

    def _described(self, protection: str, operation: str, request: dict[str, str]) -> Description:
        try:
            return self._send(operation, request)
        except UnknownOperation:
            self._note_unsupported(protection)
            return {}

    def _note_unsupported(self, protection: str) -> None:
        if protection not in self.unsupported:
            self.unsupported.append(protection)

    def _name(self, table: Table) -> str:
        return self._prefix + table.name


def _is_recoverable(described: Description | None) -> bool | None:
    return None if described is None else described.get("PointInTimeRecoveryStatus") == "ENABLED"


def _attribute_in(described: Description) -> str | None:
    """Return the attribute that holds when an item expires; it takes up to an hour until DynamoDB uses it."""
    on = described.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    return described.get("AttributeName") if on else None
