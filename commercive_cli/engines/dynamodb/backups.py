"""On-demand backups of all six tables, and restores from a backup or to a point in time, under another prefix.

Source: DynamoDB Developer Guide, "Backup and restore for DynamoDB". A restored table has its items, key, indexes,
billing and encryption, but no time to live, point-in-time recovery, tags and deletion protection.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from commercive_cli.domain.errors import Conflict, Invalid, NotFound, Unavailable
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.engines.dynamodb.errors import MissingTable
from commercive_cli.engines.dynamodb.retries import Timing, wait_until
from commercive_cli.engines.dynamodb.table_definitions import Description, is_active
from commercive_cli.engines.dynamodb.visibility import UNKNOWN_SECONDS, TableSender
from commercive_cli.store.archive import Backup
from commercive_cli.store.pages import linked
from commercive_cli.store.schema import TABLES
from commercive_cli.store.table_changes import OnStatus

DAY_SECONDS = 86_400.0
LONGEST_POLL = 5.0
_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_AVAILABLE = "AVAILABLE"
_FINISH = "`commercive tables apply` and `tables audit`"

TableSummaries = dict[str, Description]
"""DynamoDB's summaries of the backups with one name, by the table's name without prefix."""


class Backups:
    """Backups of the tables of one prefix: six backups of DynamoDB with the same name are one backup here."""

    def __init__(self, send: TableSender, timing: Timing, prefix: str) -> None:
        self._send = send
        self._timing = timing
        self._prefix = prefix

    def back_up(self, name: str | None, now: int, on_status: OnStatus) -> Backup:
        """Back up all tables, one after the other, and wait until all can be restored."""
        name = name or f"{self._prefix}{_utc(now):%Y%m%dT%H%M%SZ}"
        if not _NAME.fullmatch(name):
            raise Invalid("the --name of a backup must be 3 to 255 of the characters A-Z a-z 0-9 _ . -", field="name")
        if name in self._summaries_by_name():
            raise Conflict(f"there is a backup {shortened(name)} already, whole or in part; choose another --name")
        for table in TABLES:
            on_status(f"backing up {self._prefix}{table.name}")
            request = {"TableName": self._prefix + table.name, "BackupName": name}
            self._send("CreateBackup", request, already_done="BackupInUseException")
        self._wait(f"backup {name}", lambda: _is_complete(self._summaries_by_name().get(name, {})))
        return _backup(name, self._summaries_by_name()[name])

    def all(self) -> list[Backup]:
        """Return all backups, newest first, also unfinished and incomplete ones."""
        found = [_backup(name, summaries) for name, summaries in self._summaries_by_name().items()]
        return sorted(found, key=lambda each: each.created_at, reverse=True)

    def retained(self) -> list[str]:
        """Return what holds earlier states of the tables: backups of every kind, and the window of recovery.

        DynamoDB makes a SYSTEM backup when a table with point-in-time recovery is deleted, and keeps it for 35 days.
        """
        ours = {self._prefix + table.name for table in TABLES}
        system = [each for each in self._summaries(BackupType="SYSTEM") if each["TableName"] in ours]
        kept = [f"backup {each.name}" for each in self.all()]
        kept += [f"DynamoDB's own backup {each['BackupName']} of {each['TableName']}" for each in system]
        return kept + [words for table in TABLES if (words := self._recovery_window(table.name))]

    def _recovery_window(self, table: str) -> str:
        try:
            start, _ = self._restorable_period(table)
        except Invalid:
            return ""
        name = self._prefix + table
        return f"point-in-time recovery of {name}, from {start:%Y-%m-%dT%H:%M:%SZ} on, for up to 35 days"

    def restore(self, name: str, prefix: str, on_status: OnStatus) -> None:
        """Create the tables of `prefix` from a backup and wait until all can be used."""
        summaries = self._summaries_by_name().get(name)
        if summaries is None:
            known = ", ".join(each.name for each in self.all()[:5]) or "none"
            raise NotFound(f"there is no backup {quoted(name)} of the tables {self._prefix}*; the newest are {known}")
        if not _is_complete(summaries):
            raise Conflict(f"backup {shortened(name)} is {_status_of(summaries)}; only a complete one can be restored")
        for table, summary in summaries.items():
            request = {"TargetTableName": prefix + table, "BackupArn": summary["BackupArn"]}
            self._send("RestoreTableFromBackup", request, already_done="TableAlreadyExistsException")
        self._wait_for_restore(prefix, on_status)

    def restore_to_time(self, at: int | None, prefix: str, on_status: OnStatus) -> None:
        """Create the tables of `prefix` as these were at `at` (ms), or at the latest time that all can go back to."""
        when = self.common_restore_time() if at is None else self._restorable_second(at)
        time = {"RestoreDateTime": seconds(when)} if when else {"UseLatestRestorableTime": True}
        for table in TABLES:
            names = {"SourceTableName": self._prefix + table.name, "TargetTableName": prefix + table.name}
            self._send("RestoreTableToPointInTime", names | time, already_done="TableAlreadyExistsException")
        self._wait_for_restore(prefix, on_status)

    def common_restore_time(self) -> datetime | None:
        """Return the latest time that every table can go back to, or None when there is none yet."""
        periods = [self._restorable_period(table.name) for table in TABLES]
        latest = min(end for _, end in periods)
        return latest if latest >= max(start for start, _ in periods) else None

    def _restorable_second(self, at: int) -> datetime:
        """Return `at` (ms) as a whole second, as DynamoDB needs it; raise Invalid when a table cannot go back to it."""
        when = _utc(at).replace(microsecond=0)
        for table in TABLES:
            start, end = self._restorable_period(table.name)
            if not start.replace(microsecond=0) <= when <= end:
                raise Invalid(
                    f"{self._prefix}{table.name} can be restored to {start:%Y-%m-%dT%H:%M:%SZ} to "
                    f"{end:%Y-%m-%dT%H:%M:%SZ}, and not to {when:%Y-%m-%dT%H:%M:%SZ}",
                    field="at",
                )
        return when

    def _restorable_period(self, table: str) -> tuple[datetime, datetime]:
        name = self._prefix + table
        described = self._send("DescribeContinuousBackups", {"TableName": name})["ContinuousBackupsDescription"]
        recovery = described.get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
            raise Invalid(
                f"point-in-time recovery of {shortened(name)} is off; turn it on with `commercive tables apply`"
            )
        return _told(recovery["EarliestRestorableDateTime"]), _told(recovery["LatestRestorableDateTime"])

    def _wait_for_restore(self, prefix: str, on_status: OnStatus) -> None:
        waiting = [prefix + table.name for table in TABLES]
        on_status(
            f"AWS continues the restore when this is interrupted; then finish with {_FINISH} on the prefix {prefix}"
        )

        def done() -> bool:
            waiting[:] = [name for name in waiting if not self._is_restored(name)]
            on_status(f"{len(TABLES) - len(waiting)} of {len(TABLES)} tables are restored")
            return not waiting

        self._wait(f"restoring to {prefix}*", done)

    def _is_restored(self, name: str) -> bool:
        try:
            described = self._send("DescribeTable", {"TableName": name})["Table"]
        except MissingTable as error:
            raise Unavailable(
                f"{name} is unknown {UNKNOWN_SECONDS:g} s after AWS has accepted its restore; look for it in AWS's "
                f"console, then finish with {_FINISH}"
            ) from error
        return is_active(described) and not described.get("RestoreSummary", {}).get("RestoreInProgress")

    def _summaries_by_name(self) -> dict[str, TableSummaries]:
        """Return the summaries by backup name; of two of one table with the same name, the newer one."""
        ours = {self._prefix + table.name: table.name for table in TABLES}
        found: dict[str, TableSummaries] = {}
        for summary in sorted(self._summaries(), key=lambda each: each["BackupCreationDateTime"]):
            if summary["TableName"] in ours and summary.get("BackupStatus") != "DELETED":
                found.setdefault(summary["BackupName"], {})[ours[summary["TableName"]]] = summary
        return found

    def _summaries(self, **kind: str) -> Iterable[Description]:
        # All backups are read: a request for one table leaves out the backups of a deleted table.
        def read(last: str | None) -> Description:
            onward = {} if last is None else {"ExclusiveStartBackupArn": last}
            return self._send("ListBackups", {**kind, **onward})

        for page in linked(read, lambda page: page.get("LastEvaluatedBackupArn") or None):
            yield from page.get("BackupSummaries", [])

    def _wait(self, goal: str, reached: Any) -> None:
        wait_until(self._timing, goal, reached, within=DAY_SECONDS, longest=LONGEST_POLL)


def _utc(milliseconds: int) -> datetime:
    return _EPOCH + milliseconds * _MILLISECOND


def _told(seconds: float) -> datetime:
    """Return a time as DynamoDB tells it."""
    return _EPOCH + timedelta(seconds=seconds)


def seconds(when: datetime) -> int:
    """Return a time as DynamoDB takes it."""
    return int(when.timestamp())


def _backup(name: str, summaries: TableSummaries) -> Backup:
    began = min(summary["BackupCreationDateTime"] for summary in summaries.values())
    return Backup(
        name=name,
        created_at=(_told(began) - _EPOCH) // _MILLISECOND,
        tables=tuple(sorted(summaries)),
        status=_status_of(summaries),
        complete=_is_complete(summaries),
        bytes=sum(summary.get("BackupSizeBytes", 0) for summary in summaries.values()),
    )


def _is_complete(summaries: TableSummaries) -> bool:
    return len(summaries) == len(TABLES) and all(each.get("BackupStatus") == _AVAILABLE for each in summaries.values())


def _status_of(summaries: TableSummaries) -> str:
    if len(summaries) < len(TABLES):
        return f"incomplete ({len(summaries)} of {len(TABLES)} tables)"
    return next((each["BackupStatus"] for each in summaries.values() if each["BackupStatus"] != _AVAILABLE), _AVAILABLE)
