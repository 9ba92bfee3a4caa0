"""DynamoDB's own exports to S3 and imports from it: started for every table, then waited for.

Source: DynamoDB Developer Guide, "DynamoDB data export to Amazon S3" and "DynamoDB data import from Amazon S3".
"""

from typing import Any
from uuid import uuid4

from commercive_cli.domain.errors import Unavailable
from commercive_cli.engines.dynamodb.backups import DAY_SECONDS, LONGEST_POLL, Backups, seconds
from commercive_cli.engines.dynamodb.connection import Connection
from commercive_cli.engines.dynamodb.errors import supported
from commercive_cli.engines.dynamodb.retries import Timing, wait_until
from commercive_cli.engines.dynamodb.s3_objects import newest_export
from commercive_cli.engines.dynamodb.table_definitions import Description, table_parameters
from commercive_cli.engines.dynamodb.visibility import TableSender
from commercive_cli.store.archive import TableTransfer
from commercive_cli.store.schema import TABLES, Table
from commercive_cli.store.table_changes import OnStatus

_NEXT_STEPS = {"Export": "", "Import": "; then finish with `commercive tables apply` and `tables audit`"}
_RUNNING = ("IN_PROGRESS", "CANCELLING")


class DynamoDBS3:
    """Exports and imports of the tables of one prefix."""

    def __init__(self, send: TableSender, timing: Timing, prefix: str, connection: Connection) -> None:
        self._send = send
        self._timing = timing
        self._prefix = prefix
        self._connection = connection

    def export_tables(self, bucket: str, prefix: str, on_status: OnStatus) -> list[TableTransfer]:
        """Export every table, as of the same time if all can go back to one; return the keys of the manifests."""
        with supported("an export to S3"):
            return self._export_all(bucket, prefix, on_status)

    def import_tables(self, bucket: str, prefix: str, on_status: OnStatus) -> list[TableTransfer]:
        """Create every table from its newest finished export; all exports are found before the first import starts."""
        with supported("an import from S3"):
            return self._import_all(bucket, prefix, on_status)

    def _export_all(self, bucket: str, prefix: str, on_status: OnStatus) -> list[TableTransfer]:
        at = Backups(self._send, self._timing, self._prefix).common_restore_time()
        time = {"ExportTime": seconds(at)} if at else {}
        running = {table: self._start_export(table, bucket, _table_prefix(prefix, table), time) for table in TABLES}
        ended = self._wait_for_all("Export", running, on_status)
        return [
            TableTransfer(
                table.name,
                bucket,
                described.get("ExportManifest") or _table_prefix(prefix, table),
                described.get("ItemCount"),
            )
            for table, described in ended.items()
        ]

    def _import_all(self, bucket: str, prefix: str, on_status: OnStatus) -> list[TableTransfer]:
        sources = {
            table: newest_export(self._connection, bucket, _table_prefix(prefix, table), table) for table in TABLES
        }
        running = {table: self._start_import(table, bucket, source.data) for table, source in sources.items()}
        ended = self._wait_for_all("Import", running, on_status)
        return [
            TableTransfer(
                table.name,
                bucket,
                sources[table].data,
                described.get("ImportedItemCount"),
                described.get("ErrorCount", 0),
                sources[table].items,
            )
            for table, described in ended.items()
        ]

    def _start_export(self, table: Table, bucket: str, prefix: str, time: dict[str, Any]) -> str:
        described = self._send("DescribeTable", {"TableName": self._prefix + table.name})["Table"]
        request = {
            "TableArn": described["TableArn"],
            "S3Bucket": bucket,
            "S3Prefix": prefix,
            "ExportFormat": "DYNAMODB_JSON",
            "ClientToken": str(uuid4()),
        }
        started = self._send("ExportTableToPointInTime", request | time)
        return str(started["ExportDescription"]["ExportArn"])

    def _start_import(self, table: Table, bucket: str, source: str) -> str:
        request = {
            "S3BucketSource": {"S3Bucket": bucket, "S3KeyPrefix": source},
            "InputFormat": "DYNAMODB_JSON",
            "InputCompressionType": "GZIP",
            "TableCreationParameters": table_parameters(table, self._prefix + table.name),
            "ClientToken": str(uuid4()),
        }
        return str(self._send("ImportTable", request)["ImportTableDescription"]["ImportArn"])

    def _wait_for_all(self, kind: str, running: dict[Table, str], on_status: OnStatus) -> dict[Table, Description]:
        ended: dict[Table, Description] = {}
        on_status(f"the {kind.lower()} continues in AWS when this is interrupted{_NEXT_STEPS[kind]}")

        def done() -> bool:
            for table in running.keys() - ended.keys():
                described = self._described(kind, running[table])
                if described[f"{kind}Status"] not in _RUNNING:
                    ended[table] = described
            on_status(f"{kind.lower()}: {len(ended)} of {len(running)} tables are done")
            return len(ended) == len(running)

        wait_until(self._timing, f"the {kind.lower()}", done, within=DAY_SECONDS, longest=LONGEST_POLL)
        in_order = {table: ended[table] for table in running}
        self._check_succeeded(kind, in_order)
        return in_order

    def _described(self, kind: str, arn: str) -> Description:
        field = {"Export": "ExportDescription", "Import": "ImportTableDescription"}[kind]
        described: Description = self._send(f"Describe{kind}", {f"{kind}Arn": arn})[field]
        return described

    def _check_succeeded(self, kind: str, ended: dict[Table, Description]) -> None:
        failed = [
            f"{self._prefix}{table.name} ({described.get('FailureCode')}: {described.get('FailureMessage')})"
            for table, described in ended.items()
            if described[f"{kind}Status"] != "COMPLETED"
        ]
        if failed:
            raise Unavailable(f"the {kind.lower()} failed for {'; '.join(failed)}")


def _table_prefix(prefix: str, table: Table) -> str:
    return f"{prefix}/{table.name}" if prefix else table.name
