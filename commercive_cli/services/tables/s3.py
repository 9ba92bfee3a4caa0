"""DynamoDB's own exports and imports: whole tables to and from S3, without reading them here."""

import re
import time
from dataclasses import dataclass

from commercive_cli.domain.answers.transfer import S3Exported, S3Imported, S3Table
from commercive_cli.domain.clock import Clock, Sleep, system_clock
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.services.access.foreign import refuse_foreign
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.tables.backups import require_no_tables
from commercive_cli.services.tables.drift import DriftService
from commercive_cli.store.archive import Transferred
from commercive_cli.store.port import S3Transfers, Store
from commercive_cli.store.table_changes import OnStatus, ignore_status

_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[^/\s]+)*)/?")


@dataclass(frozen=True)
class S3Service:
    """Lets DynamoDB move the six tables of a store to S3, or create them from there."""

    store: Store
    clock: Clock = system_clock
    new_id: NewId = new_id
    sleep: Sleep = time.sleep

    def export(self, uri: str, progress: OnStatus = ignore_status) -> S3Exported:
        """Export every table below `uri` (s3://bucket/prefix), follow that to the end and say where the manifests are.

        All tables are exported as of one moment, once each has one to go back to. What has been downloaded is read by
        `tables import DIR`, and what stays in S3 by `load`.
        """
        bucket, prefix = parse_uri(uri)
        transfers = self._s3()
        refuse_foreign(self.store)
        moved = transfers.export(bucket, prefix, progress)
        return S3Exported(tables=[self._shown(each) for each in moved])

    def load(self, uri: str, actor: str, *, fix: bool = False, progress: OnStatus = ignore_status) -> S3Imported:
        """Create every table from its newest finished export below `uri`, protect it, and audit the whole.

        DynamoDB imports into new tables only: raises Conflict when one exists.
        """
        bucket, prefix = parse_uri(uri)
        refuse_foreign(self.store)
        require_no_tables(self.store)
        moved = self._s3().load(bucket, prefix, progress)
        applied = DriftService(self.store).apply(progress)
        progress("checking the books")
        audit = AuditService(self.store, self.clock, self.new_id, self.sleep).run(actor, fix=fix)
        return S3Imported(tables=[self._shown(each) for each in moved], applied=applied, audit=audit)

    def _s3(self) -> S3Transfers:
        if self.store.s3 is None:
            raise Invalid(
                "only DynamoDB has exports to S3 and imports from it; leave out --s3 and name a directory", field="s3"
            )
        return self.store.s3

    def _shown(self, moved: Transferred) -> S3Table:
        return S3Table(
            table=self.store.prefix + moved.table,
            uri=f"s3://{moved.bucket}/{moved.key}",
            items=moved.items,
            errors=moved.errors,
        )


def parse_uri(uri: str) -> tuple[str, str]:
    """Return bucket and prefix of s3://bucket/prefix; raise Invalid for anything else."""
    found = _URI.fullmatch(uri)
    if found is None:
        raise Invalid(f"{uri[:80]!r} is not a place in S3; write s3://bucket or s3://bucket/prefix", field="s3")
    return found[1], found[2].strip("/")
