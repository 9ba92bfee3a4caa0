"""The audit log: one row in `ops` for every change of money or status, written in the same transaction."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from commercive_cli.domain.ids import NewId
from commercive_cli.domain.models import AuditRow
from commercive_cli.store.limits import PARTITION_KEY_BYTES
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import OPS
from commercive_cli.store.writes import Absent, Put

ARCHIVED = "archive"
"""The event of the row that a conversation leaves when an archive has taken it: it is not there, and not lost.

Its attribute `archive` names the archive. It changes no state: what an import brings back is as closed as it was.
"""


@dataclass(frozen=True)
class AuditEntry:
    """A change of money or status, which is written as an audit row in the transaction that makes the change."""

    kind: str
    subject: str
    event: str
    actor: str
    before: dict[str, Any]
    after: dict[str, Any]

    def row(self, at: int, new_id: NewId) -> Put:
        """Return the write that stores the audit row, with the time `at` (ms)."""
        item = {
            "pk": audit_partition(self.kind, self.subject),
            "sk": new_id(at),
            "at": at,
            "actor": self.actor,
            "event": self.event,
            "subject": self.subject,
            "before": self.before,
            "after": self.after,
        }
        return Put(OPS, item, when=Absent())


def audit_partition(kind: str, subject: str) -> str:
    """Return the partition of `ops` that holds the audit rows of one lead or conversation.

    Ids that others made may be as long as a key can be; of those it names the beginning.
    """
    return f"audit#{kind}#{subject}".encode()[:PARTITION_KEY_BYTES].decode(errors="ignore")


def read_audit_log(store: Store, kind: str, subject: str) -> Iterator[AuditRow]:
    """Yield the audit rows of one lead or conversation, oldest first."""
    return map(AuditRow.of, query_items(store, Query(OPS, audit_partition(kind, subject))))


def archive_of(store: Store, conversation_id: str) -> str | None:
    """Return the name of the archive that took a conversation, as its last audit row tells; None when none did."""
    query = Query(OPS, audit_partition("conversation", conversation_id), descending=True, limit=1)
    last = next(query_items(store, query), {})
    return str(last.get("archive")) if last.get("event") == ARCHIVED else None
