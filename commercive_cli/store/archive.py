"""What an archive keeps: backups of all six tables, and their ways to and from S3."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Backup:
    """A backup of the tables under one name; it can be restored when it is `complete`.

    `created_at` is in milliseconds, `tables` names what it holds, without prefix. `bytes` is None where unknown.
    """

    name: str
    created_at: int
    tables: tuple[str, ...]
    status: str
    complete: bool
    bytes: int | None = None


@dataclass(frozen=True)
class Transferred:
    """What became of one table's way to or from S3.

    `key` is where the data is: of an export the key of its manifest, of an import the prefix it was read from.
    `items` is None where DynamoDB does not say; `errors` counts items that an import could not read.
    """

    table: str
    bucket: str
    key: str
    items: int | None = None
    errors: int = 0
