"""What is answered about the tables as a whole: drift, changes, backups, and ways to and from S3."""

from typing import Literal

from commercive_cli.domain.answers import Answer, Audit
from commercive_cli.domain.models import Record


class Difference(Record):
    """One thing about a table that is not as declared.

    `what` is table, key, columns, `index NAME`, time to live, billing, point-in-time recovery, deletion protection,
    encryption or tags. `remedy` says what `apply` does about it or, when it is not `fixable` in place, what the way
    out is.
    """

    table: str
    what: str
    declared: str
    live: str
    fixable: bool
    remedy: str


class Drift(Answer):
    """How the live tables differ from what is declared, and what the server could not be asked about."""

    differences: list[Difference]
    unsupported: tuple[str, ...] = ()


class AppliedChange(Record):
    """One change that was tried on one table; `error` says why it failed."""

    table: str
    change: str
    outcome: Literal["done", "failed"]
    error: str | None = None


class Applied(Answer):
    """Every change that was tried, in order, and the differences that are left."""

    changes: list[AppliedChange]
    remaining: list[Difference]
    unsupported: tuple[str, ...] = ()


class BackupShown(Record):
    """A backup of the six tables under one name; `created_at` is in milliseconds."""

    name: str
    created_at: int
    tables: tuple[str, ...]
    status: str
    complete: bool
    bytes: int | None = None


class BackedUp(Answer):
    """The backup that was made."""

    backup: BackupShown


class BackupList(Answer):
    """The backups of a store, newest first."""

    backups: list[BackupShown]


class Restored(Answer):
    """A finished restore: the store it filled, what was put back on its tables, and what the audit found in them."""

    store: str
    applied: Applied
    audit: Audit


class S3Table(Record):
    """Where one table's data is in S3: an export's manifest, or the prefix that an import read."""

    table: str
    uri: str
    items: int | None = None
    errors: int = 0


class S3Exported(Answer):
    """A finished export to S3."""

    tables: list[S3Table]


class S3Imported(Answer):
    """A finished import from S3, what was put on the new tables, and what the audit found in them."""

    tables: list[S3Table]
    applied: Applied
    audit: Audit
