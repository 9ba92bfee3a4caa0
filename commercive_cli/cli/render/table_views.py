"""The views of drift, backups, S3 transfers and mended items."""

from commercive_cli.cli.render.columns import FINDING, NEVER_DROPPED, Column
from commercive_cli.cli.render.views import VIEWS, Section, View
from commercive_cli.domain.answers.audit import Mended
from commercive_cli.domain.answers.tables import Applied, BackedUp, BackupList, Drift, Restored
from commercive_cli.domain.answers.transfer import S3Exported, S3Imported

_DIFFERENCE = (
    Column("table", "id", names=True),
    Column("what", "prose"),
    Column("declared", weight=NEVER_DROPPED),
    Column("live", weight=NEVER_DROPPED),
    Column("fixable", "flag"),
    Column("remedy", "prose"),
)
_CHANGE = (
    Column("table", "id", names=True),
    Column("change", "prose"),
    Column("outcome", "status"),
    Column("error", "prose"),
)
_BACKUP = (
    Column("name", "id"),
    Column("created_at", "time", title="created"),
    Column("status", "status"),
    Column("bytes", "count"),
    Column("complete", "flag", wide=True),
    Column("tables", wide=True),
)
_S3 = (
    Column("table", "id", names=True),
    Column("uri", "id", names=True),
    Column("items", "count"),
    Column("errors", "count"),
    Column("expected", "count", exceptional=True),
)
_RESTORED = (
    Column("store", "id"),
    Column("checked", "count", "audit", words=lambda audit: f"{sum(audit.checked.values()):,} items"),
    Column("findings", "count", "audit", words=lambda audit: str(len(audit.findings))),
)
_FINDINGS = Section(lambda answer: answer.audit.findings, FINDING, "What the audit found")
_PUT_BACK = Section(lambda answer: answer.applied.changes, _CHANGE, "What was put back")

VIEWS[Drift] = View(lambda answer: answer.differences, _DIFFERENCE, empty="The tables are as they are declared.")
VIEWS[Applied] = View(lambda answer: answer.changes, _CHANGE, empty="There was nothing to change.")
VIEWS[BackedUp] = View(lambda answer: (answer.backup,), _BACKUP)
VIEWS[BackupList] = View(lambda answer: answer.backups, _BACKUP, empty="There are no backups.")
VIEWS[Restored] = View(
    lambda answer: (answer,), _RESTORED, (Section(lambda answer: (answer,), _RESTORED), _PUT_BACK, _FINDINGS)
)
VIEWS[S3Exported] = View(lambda answer: answer.tables, _S3)
VIEWS[S3Imported] = View(
    lambda answer: answer.tables, _S3, (Section(lambda answer: answer.tables, _S3), _PUT_BACK, _FINDINGS)
)
VIEWS[Mended] = View(
    lambda answer: (answer,),
    (Column("table", names=True), Column("id", "id", names=True), Column("mended"), Column("changed", "flag")),
)
