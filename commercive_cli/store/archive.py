"""What engines report about backups, and about tables that were moved to or from S3."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Backup:
    """A backup of the tables under one name; it can be restored when it is `complete`.

    `created_at` is in milliseconds, `tables` are the tables that it holds, without prefix, `bytes` is None if unknown.
    """

    name: str
    created_at: int
    tables: tuple[str, ...]
    status: str
    complete: bool
    bytes: int | None = None


@dataclass(frozen=True)
class TableTransfer:
    """A finished export of one table to S3, or a finished import from there.

    `key` is, for an export, the key of its manifest, for an import, the prefix that it was read from.
    `items` is None where DynamoDB does not say; `errors` counts items that an import could not read, and `expected`
    those that the export holds, by its manifest, None for an export.
    """

    table: str
    bucket: str
    key: str
    items: int | None = None
    errors: int = 0
    expected: int | None = None
