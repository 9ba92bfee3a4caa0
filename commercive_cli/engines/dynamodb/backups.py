"""On-demand backups of all six tables, and restores of them, or of a moment, to tables of another prefix.

Source: DynamoDB Developer Guide, "Backup and restore for DynamoDB". A restored table has its items, key, indexes,
billing and encryption, and neither time to live, point-in-time recovery, tags nor deletion protection.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from commercive_cli.domain.errors import Conflict, Invalid, NotFound
from commercive_cli.engines.dynamodb.request_sender import RequestSender
from commercive_cli.engines.dynamodb.retries import Timing, wait_until
from commercive_cli.engines.dynamodb.table_definitions import Description, is_active
from commercive_cli.store.archive import Backup
from commercive_cli.store.schema import TABLES
from commercive_cli.store.table_changes import OnStatus

DAY_SECONDS = 86_400.0
LONGEST_POLL = 5.0
_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_AVAILABLE = "AVAILABLE"

Summaries = dict[str, Description]
"""The summary of a backup by the table's bare name."""


class Backups:
    """Backups of the tables of one prefix: six of DynamoDB's under one name are one of ours."""

    def __init__(self, calls: RequestSender, timing: Timing, prefix: str) -> None:
        self._calls = calls
        self._timing = timing
        self._prefix = prefix

    def back_up(self, name: str | None, now: int, progress: OnStatus) -> Backup:
        """Back all tables up, one after the other, and wait until all can be restored."""
        name = name or f"{self._prefix}{_moment(now):%Y%m%dT%H%M%SZ}"
        if not _NAME.fullmatch(name):
            raise Invalid("the --name of a backup must be 3 to 255 of the characters A-Z a-z 0-9 _ . -", field="name")
        if name in self._groups():
            raise Conflict(f"there is a backup {name} already, whole or in part; choose another --name")
        for table in TABLES:
            progress(f"backing up {self._prefix}{table.name}")
            request = {"TableName": self._prefix + table.name, "BackupName": name}
            self._calls("CreateBackup", request, settled="BackupInUseException")
        self._wait(f"backup {name}", lambda: _is_complete(self._groups().get(name, {})))
        return _backup(name, self._groups()[name])

    def all(self) -> list[Backup]:
        """Return the backups, newest first, with those that are unfinished or in part."""
        found = [_backup(name, group) for name, group in self._groups().items()]
        return sorted(found, key=lambda each: each.created_at, reverse=True)

    def restore(self, name: str, prefix: str, progress: OnStatus) -> None:
        """Create the tables of `prefix` from a backup and wait until all can be used."""
        group = self._groups().get(name)
        if group is None:
            known = ", ".join(each.name for each in self.all()[:5]) or "none"
            raise NotFound(f"there is no backup {name!r} of the tables {self._prefix}*; the newest are {known}")
        if not _is_complete(group):
            raise Conflict(f"backup {name} is {_state(group)}; only a complete one can be restored")
        for table, summary in group.items():
            request = {"TargetTableName": prefix + table, "BackupArn": summary["BackupArn"]}
            self._calls("RestoreTableFromBackup", request, settled="TableAlreadyExistsException")
        self._follow(prefix, progress)

    def restore_moment(self, at: int | None, prefix: str, progress: OnStatus) -> None:
        """Create the tables of `prefix` as this store's were at `at`, or at the latest moment that all of them know."""
        when = self.common_moment() if at is None else self._checked(at)
        moment: dict[str, Any] = {"RestoreDateTime": when} if when else {"UseLatestRestorableTime": True}
        for table in TABLES:
            names = {"SourceTableName": self._prefix + table.name, "TargetTableName": prefix + table.name}
            self._calls("RestoreTableToPointInTime", names | moment, settled="TableAlreadyExistsException")
        self._follow(prefix, progress)

    def common_moment(self) -> datetime | None:
        """Return the latest moment that every table can go back to, or None when there is none yet."""
        windows = [self._window(table.name) for table in TABLES]
        latest = min(end for _, end in windows)
        return latest if latest >= max(start for start, _ in windows) else None

    def _checked(self, at: int) -> datetime:
        when = _moment(at).replace(microsecond=0)  # DynamoDB counts in seconds here
        for table in TABLES:
            start, end = self._window(table.name)
            if not start.replace(microsecond=0) <= when <= end:
                raise Invalid(
                    f"{self._prefix}{table.name} can be restored to {start:%Y-%m-%dT%H:%M:%SZ} to "
                    f"{end:%Y-%m-%dT%H:%M:%SZ}, and not to {when:%Y-%m-%dT%H:%M:%SZ}",
                    field="at",
                )
        return when

    def _window(self, table: str) -> tuple[datetime, datetime]:
        name = self._prefix + table
        described = self._calls("DescribeContinuousBackups", {"TableName": name})["ContinuousBackupsDescription"]
        recovery = described.get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
            raise Invalid(f"point-in-time recovery of {name} is off; turn it on with `commercive tables apply`")
        start, end = recovery["EarliestRestorableDateTime"], recovery["LatestRestorableDateTime"]
        return start.astimezone(UTC), end.astimezone(UTC)

    def _follow(self, prefix: str, progress: OnStatus) -> None:
        waiting = [prefix + table.name for table in TABLES]
        progress(
            "AWS goes on restoring when this is interrupted; then finish with `commercive tables apply` and "
            f"`tables audit` on the prefix {prefix}"
        )

        def done() -> bool:
            waiting[:] = [name for name in waiting if not self._is_restored(name)]
            progress(f"{len(TABLES) - len(waiting)} of {len(TABLES)} tables are restored")
            return not waiting

        self._wait(f"restoring to {prefix}*", done)

    def _is_restored(self, name: str) -> bool:
        described = self._calls("DescribeTable", {"TableName": name})["Table"]
        return is_active(described) and not described.get("RestoreSummary", {}).get("RestoreInProgress")

    def _groups(self) -> dict[str, Summaries]:
        """Return the backups by name; of two of one table under one name, the newer stands for both."""
        ours = {self._prefix + table.name: table.name for table in TABLES}
        found: dict[str, Summaries] = {}
        for summary in sorted(self._summaries(), key=lambda each: each["BackupCreationDateTime"]):
            if summary["TableName"] in ours and summary.get("BackupStatus") != "DELETED":
                found.setdefault(summary["BackupName"], {})[ours[summary["TableName"]]] = summary
        return found

    def _summaries(self) -> Iterable[Description]:
        # Asked for by table, DynamoDB leaves out what a deleted table left behind, so all are read.
        request: dict[str, Any] = {}
        while True:
            page = self._calls("ListBackups", request)
            yield from page.get("BackupSummaries", [])
            if not page.get("LastEvaluatedBackupArn"):
                return
            request = {"ExclusiveStartBackupArn": page["LastEvaluatedBackupArn"]}

    def _wait(self, goal: str, reached: Any) -> None:
        wait_until(self._timing, goal, reached, within=DAY_SECONDS, longest=LONGEST_POLL)


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + milliseconds * _MILLISECOND


def _backup(name: str, group: Summaries) -> Backup:
    began = min(summary["BackupCreationDateTime"] for summary in group.values())
    return Backup(
        name=name,
        created_at=(began.astimezone(UTC) - _EPOCH) // _MILLISECOND,
        tables=tuple(sorted(group)),
        status=_state(group),
        complete=_is_complete(group),
        bytes=sum(summary.get("BackupSizeBytes", 0) for summary in group.values()),
    )


def _is_complete(group: Summaries) -> bool:
    return len(group) == len(TABLES) and all(each.get("BackupStatus") == _AVAILABLE for each in group.values())


def _state(group: Summaries) -> str:
    if len(group) < len(TABLES):
        return f"incomplete ({len(group)} of {len(TABLES)} tables)"
    return next((each["BackupStatus"] for each in group.values() if each["BackupStatus"] != _AVAILABLE), _AVAILABLE)
