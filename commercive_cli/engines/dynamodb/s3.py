"""DynamoDB's own export to S3 and import from it: started for every table, followed to the end.

Source: DynamoDB Developer Guide, "DynamoDB data export to Amazon S3" and "DynamoDB data import from Amazon S3".
"""

from contextlib import closing
from typing import Any
from uuid import uuid4

from commercive_cli.domain.errors import NotFound, Unavailable
from commercive_cli.engines.dynamodb.backups import DAY_SECONDS, LONGEST_POLL, Backups
from commercive_cli.engines.dynamodb.connection import Connection
from commercive_cli.engines.dynamodb.errors import explained, supported
from commercive_cli.engines.dynamodb.failure_kinds import SENDING_ERRORS, code_of
from commercive_cli.engines.dynamodb.request_sender import RequestSender
from commercive_cli.engines.dynamodb.retries import Timing, wait_until
from commercive_cli.engines.dynamodb.table_definitions import Description, imported_table
from commercive_cli.store.archive import Transferred
from commercive_cli.store.schema import TABLES, Table
from commercive_cli.store.table_changes import OnStatus

SUMMARY = "manifest-summary.json"
_TO_DO_AFTER = {"Export": "", "Import": "; then finish with `commercive tables apply` and `tables audit`"}
_RUNNING = ("IN_PROGRESS", "CANCELLING")

Keys = list[tuple[str, float]]
"""Keys of objects, with the time of their last change in seconds."""


class DynamoDBS3:
    """Exports and imports of the tables of one prefix."""

    def __init__(self, calls: RequestSender, timing: Timing, prefix: str, connection: Connection) -> None:
        self._calls = calls
        self._timing = timing
        self._prefix = prefix
        self._connection = connection

    def export(self, bucket: str, prefix: str, progress: OnStatus) -> list[Transferred]:
        """Export every table, as of one moment where all can go back to one, and say where the manifests are."""
        with supported("an export to S3"):
            return self._export(bucket, prefix, progress)

    def load(self, bucket: str, prefix: str, progress: OnStatus) -> list[Transferred]:
        """Create every table from its newest finished export; all are found before the first is started."""
        with supported("an import from S3"):
            return self._load(bucket, prefix, progress)

    def _export(self, bucket: str, prefix: str, progress: OnStatus) -> list[Transferred]:
        moment = Backups(self._calls, self._timing, self._prefix).common_moment()
        running = {
            table: self._start_export(table, bucket, _below(prefix, table), {"ExportTime": moment} if moment else {})
            for table in TABLES
        }
        ended = self._follow("Export", running, progress)
        return [
            Transferred(
                table.name,
                bucket,
                described.get("ExportManifest") or _below(prefix, table),
                described.get("ItemCount"),
            )
            for table, described in ended.items()
        ]

    def _load(self, bucket: str, prefix: str, progress: OnStatus) -> list[Transferred]:
        sources = {table: self._newest_data(bucket, _below(prefix, table)) for table in TABLES}
        running = {table: self._start_import(table, bucket, source) for table, source in sources.items()}
        ended = self._follow("Import", running, progress)
        return [
            Transferred(
                table.name, bucket, sources[table], described.get("ImportedItemCount"), described.get("ErrorCount", 0)
            )
            for table, described in ended.items()
        ]

    def _start_export(self, table: Table, bucket: str, prefix: str, moment: dict[str, Any]) -> str:
        described = self._calls("DescribeTable", {"TableName": self._prefix + table.name})["Table"]
        request = {
            "TableArn": described["TableArn"],
            "S3Bucket": bucket,
            "S3Prefix": prefix,
            "ExportFormat": "DYNAMODB_JSON",
            "ClientToken": str(uuid4()),
        }
        started = self._calls("ExportTableToPointInTime", request | moment)
        return str(started["ExportDescription"]["ExportArn"])

    def _start_import(self, table: Table, bucket: str, source: str) -> str:
        request = {
            "S3BucketSource": {"S3Bucket": bucket, "S3KeyPrefix": source},
            "InputFormat": "DYNAMODB_JSON",
            "InputCompressionType": "GZIP",
            "TableCreationParameters": imported_table(table, self._prefix + table.name),
            "ClientToken": str(uuid4()),
        }
        return str(self._calls("ImportTable", request)["ImportTableDescription"]["ImportArn"])

    def _newest_data(self, bucket: str, prefix: str) -> str:
        """Return the prefix of the data of the newest export that has a summary, which DynamoDB writes last."""
        keys = list_keys(self._connection, bucket, f"{prefix}/AWSDynamoDB/")
        summaries = [(changed, key) for key, changed in keys if key.endswith(f"/{SUMMARY}")]
        if not summaries:
            raise NotFound(f"there is no finished export below s3://{bucket}/{prefix}/")
        return f"{max(summaries)[1].removesuffix(SUMMARY)}data/"

    def _follow(self, kind: str, running: dict[Table, str], progress: OnStatus) -> dict[Table, Description]:
        ended: dict[Table, Description] = {}
        progress(f"the {kind.lower()} goes on in AWS when this is interrupted{_TO_DO_AFTER[kind]}")

        def done() -> bool:
            for table in running.keys() - ended.keys():
                described = self._described(kind, running[table])
                if described[f"{kind}Status"] not in _RUNNING:
                    ended[table] = described
            progress(f"{kind.lower()}: {len(ended)} of {len(running)} tables are done")
            return len(ended) == len(running)

        wait_until(self._timing, f"the {kind.lower()}", done, within=DAY_SECONDS, longest=LONGEST_POLL)
        in_order = {table: ended[table] for table in running}
        self._check(kind, in_order)
        return in_order

    def _described(self, kind: str, arn: str) -> Description:
        field = {"Export": "ExportDescription", "Import": "ImportTableDescription"}[kind]
        described: Description = self._calls(f"Describe{kind}", {f"{kind}Arn": arn})[field]
        return described

    def _check(self, kind: str, ended: dict[Table, Description]) -> None:
        failed = [
            f"{self._prefix}{table.name} ({described.get('FailureCode')}: {described.get('FailureMessage')})"
            for table, described in ended.items()
            if described[f"{kind}Status"] != "COMPLETED"
        ]
        if failed:
            raise Unavailable(f"the {kind.lower()} failed for {'; '.join(failed)}")


def list_keys(connection: Connection, bucket: str, prefix: str) -> Keys:
    """Return the keys of a bucket's objects below a prefix; raise NotFound when there is no such bucket."""
    try:
        with closing(connection.s3_client()) as client:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            found = [each for page in pages for each in page.get("Contents", [])]
    except SENDING_ERRORS as error:
        if code_of(error) == "NoSuchBucket":
            raise NotFound(f"there is no bucket {bucket}") from error
        told = explained(error, connection.place, "ListObjectsV2")
        if told is None:
            raise
        raise told from error
    return [(each["Key"], each["LastModified"].timestamp()) for each in found]


def _below(prefix: str, table: Table) -> str:
    return f"{prefix}/{table.name}" if prefix else table.name
