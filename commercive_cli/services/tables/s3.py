"""Exports of whole tables to S3 and imports from there, which DynamoDB itself carries out."""

import re
import time
from dataclasses import dataclass

from commercive_cli.domain.answers.transfer import S3Exported, S3Imported, S3Table
from commercive_cli.domain.clock import Clock, Sleep, system_clock
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.quoting import quoted
from commercive_cli.services.access.foreign import refuse_foreign
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.tables.backups import require_no_tables
from commercive_cli.services.tables.drift import DriftService
from commercive_cli.store.archive import TableTransfer
from commercive_cli.store.port import S3Transfers, Store
from commercive_cli.store.table_changes import OnStatus, ignore_status

_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[^/\s]+)*)/?")


@dataclass(frozen=True)
class S3Service:
    """Lets DynamoDB export the six tables of a store to S3, or create them from exports there."""

    store: Store
    clock: Clock = system_clock
    new_id: NewId = new_id
    sleep: Sleep = time.sleep

    def export_tables(self, uri: str, on_status: OnStatus = ignore_status) -> S3Exported:
        """Export every table below `uri` (s3://bucket/prefix), wait for the end and return where the manifests are.

        All tables are exported as of the same time, if all can go back to one. An export that was downloaded is read
        by `tables import DIR`, one in S3 by `import_tables`.
        """
        bucket, prefix = parse_uri(uri)
        transfers = self._s3()
        refuse_foreign(self.store)
        moved = transfers.export_tables(bucket, prefix, on_status)
        return S3Exported(tables=[self._shown(each) for each in moved])

    def import_tables(
        self, uri: str, actor: str, *, fix: bool = False, on_status: OnStatus = ignore_status
    ) -> S3Imported:
        """Create every table from its newest finished export below `uri`, protect it, and audit all tables.

        DynamoDB imports only into new tables: raises Conflict when a table exists. `expected` is how many items the
        export of each table holds.
        """
        bucket, prefix = parse_uri(uri)
        refuse_foreign(self.store)
        require_no_tables(self.store)
        moved = self._s3().import_tables(bucket, prefix, on_status)
        applied = DriftService(self.store).apply(on_status)
        on_status("auditing the imported tables")
        audit = AuditService(self.store, self.clock, self.new_id, self.sleep).run(actor, fix=fix)
        return S3Imported(tables=[self._shown(each) for each in moved], applied=applied, audit=audit)

    def _s3(self) -> S3Transfers:
        if self.store.s3 is None:
            raise Invalid(
                "only DynamoDB has exports to S3 and imports from it; leave out --s3 and give a directory", field="s3"
            )
        return self.store.s3

    def _shown(self, moved: TableTransfer) -> S3Table:
        return S3Table(
            table=self.store.prefix + moved.table,
            uri=f"s3://{moved.bucket}/{moved.key}",
            items=moved.items,
            errors=moved.errors,
            expected=moved.expected,
        )


def parse_uri(uri: str) -> tuple[str, str]:
    """Return bucket and prefix of s3://bucket/prefix; raise Invalid for anything else."""
    found = _URI.fullmatch(uri)
    if found is None:
        raise Invalid(f"{quoted(uri)} is not an S3 URI; write s3://bucket or s3://bucket/prefix", field="s3")
    return found[1], found[2].strip("/")
