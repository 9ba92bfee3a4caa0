"""Table administration: create, protect, describe and delete, each waiting until DynamoDB is done.

`dynamodb_shapes` turns the declaration into requests and descriptions into the port's terms.
"""

from collections.abc import Callable
from typing import Any

from commercive_cli.engines.dynamodb.errors import MissingTable, NotYet, UnknownOperation
from commercive_cli.engines.dynamodb.request_sender import RequestSender
from commercive_cli.engines.dynamodb.retries import Timing, wait_until
from commercive_cli.engines.dynamodb.table_definitions import Description, create_request, is_active, table_info
from commercive_cli.engines.dynamodb.table_keys import TableKeys
from commercive_cli.store.port import TableInfo
from commercive_cli.store.schema import Table

WAIT_SECONDS = 120.0
LONGEST_POLL = 2.0
TIME_TO_LIVE = "time to live"
POINT_IN_TIME_RECOVERY = "point-in-time recovery"
TAGS = "tags"


class TableAdministration:
    """Creates and deletes the tables of one prefix, and remembers what the server turned out not to support."""

    def __init__(self, calls: RequestSender, timing: Timing, prefix: str) -> None:
        self._calls = calls
        self._timing = timing
        self._prefix = prefix
        self.keys = TableKeys(calls, prefix)
        self.unsupported: list[str] = []

    def create(self, table: Table) -> None:
        """Create the table, protected from deletion, then turn on its time to live and point-in-time recovery.

        Raises Conflict when it exists, Unavailable when it cannot be used after `WAIT_SECONDS`.
        """
        request = create_request(table, self._name(table))
        self._calls("CreateTable", request, settled="ResourceInUseException")
        self.wait_until_active(table)
        self.protect(table)

    def protect(self, table: Table) -> None:
        """Turn on time to live and point-in-time recovery, where declared, as far as the server knows them."""
        if table.ttl is not None:
            self.set_time_to_live(table, table.ttl, on=True)
        if table.protections.point_in_time_recovery:
            self.set_recovery(table, on=True)

    def set_time_to_live(self, table: Table, attribute: str, *, on: bool) -> None:
        """Let items expire by the attribute, or no longer."""
        specification = {"Enabled": on, "AttributeName": attribute}
        self._turn(TIME_TO_LIVE, "UpdateTimeToLive", table, TimeToLiveSpecification=specification)

    def set_recovery(self, table: Table, *, on: bool) -> None:
        """Turn point-in-time recovery on or off; a young table is waited for."""
        specification = {"PointInTimeRecoveryEnabled": on}
        self._turn(
            POINT_IN_TIME_RECOVERY, "UpdateContinuousBackups", table, PointInTimeRecoverySpecification=specification
        )

    def describe(self, table: Table) -> TableInfo | None:
        """Return the table as it is, or None when there is none."""
        described = self.description(table)
        if described is None:
            return None
        return table_info(
            described,
            ttl=self.time_to_live(table),
            recovery=self._point_in_time_recovery(table),
            tags=self._tags(described["TableArn"]),
        )

    def delete(self, table: Table) -> None:
        """Lift deletion protection, delete the table with all it holds and wait until it is gone."""
        name = self._name(table)
        described = self.description(table)
        if described is not None and described.get("DeletionProtectionEnabled"):
            self._calls("UpdateTable", {"TableName": name, "DeletionProtectionEnabled": False})
            self.wait_until_active(table)
        self._calls("DeleteTable", {"TableName": name}, settled="ResourceNotFoundException")
        self.wait(f"deleting {name}", lambda: self.description(table) is None)
        self.keys.forget(table)

    def description(self, table: Table) -> Description | None:
        """Return what DescribeTable says, or None when there is no table."""
        try:
            response = self._calls("DescribeTable", {"TableName": self._name(table)})
        except MissingTable:
            return None
        described: Description = response["Table"]
        self.keys.learn(table, described)
        return described

    def wait_until_active(self, table: Table) -> None:
        """Wait until the table and all its indexes can be used."""
        self.wait(f"creating or changing {self._name(table)}", lambda: is_active(self.description(table)))

    def wait(self, goal: str, reached: Callable[[], bool], within: float = WAIT_SECONDS) -> None:
        """Wait until the goal is reached; raise Unavailable when it is not after `within` seconds."""
        wait_until(self._timing, goal, reached, within=within, longest=LONGEST_POLL)

    def time_to_live(self, table: Table) -> str | None:
        """Return the attribute by which items expire, or None."""
        request = {"TableName": self._name(table)}
        described = self._described(TIME_TO_LIVE, "DescribeTimeToLive", request).get("TimeToLiveDescription", {})
        on = described.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
        return described.get("AttributeName") if on else None

    def _turn(self, protection: str, operation: str, table: Table, **specification: Any) -> None:
        def done() -> bool:
            try:
                # Asked again after a lost reply, DynamoDB says that time to live is so already: ValidationException.
                request = {"TableName": self._name(table), **specification}
                self._calls(operation, request, settled="ValidationException")
            except NotYet:
                return False
            except UnknownOperation:
                self._note_unsupported(protection)
            return True

        self.wait(f"setting {protection} of {self._name(table)}", done)

    def _point_in_time_recovery(self, table: Table) -> bool | None:
        request = {"TableName": self._name(table)}
        response = self._described(POINT_IN_TIME_RECOVERY, "DescribeContinuousBackups", request)
        backups = response.get("ContinuousBackupsDescription")
        if backups is None:
            return None
        recovery = backups.get("PointInTimeRecoveryDescription", {})
        return bool(recovery.get("PointInTimeRecoveryStatus") == "ENABLED")

    def _tags(self, arn: str) -> dict[str, str] | None:
        """Return the tags, all pages of them, or None when the server knows none."""
        tags: dict[str, str] = {}
        request = {"ResourceArn": arn}
        while True:
            page = self._described(TAGS, "ListTagsOfResource", request)
            if "Tags" not in page:
                return None
            tags |= {tag["Key"]: tag["Value"] for tag in page["Tags"]}
            if not page.get("NextToken"):
                return tags
            request["NextToken"] = page["NextToken"]

    def _described(self, protection: str, operation: str, request: dict[str, str]) -> Description:
        try:
            return self._calls(operation, request)
        except UnknownOperation:
            self._note_unsupported(protection)
            return {}

    def _note_unsupported(self, protection: str) -> None:
        if protection not in self.unsupported:
            self.unsupported.append(protection)

    def _name(self, table: Table) -> str:
        return self._prefix + table.name
