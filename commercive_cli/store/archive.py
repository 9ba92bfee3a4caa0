"""The Archive protocol: backups of all six tables, restores beside them, and DynamoDB's own ways to and from S3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from commercive_cli.store.changes import Progress

if TYPE_CHECKING:
    from commercive_cli.store.port import Store


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


class Archive(Protocol):
    """Whole stores at rest. Restoring never touches the store itself: it fills one beside it.

    A method raises Invalid when this store cannot do it, and Unavailable when it takes longer than a day. Where work
    goes on in AWS, a waiting that was interrupted changes nothing about it.
    """

    def back_up(self, name: str | None, now: int, progress: Progress) -> Backup:
        """Make a backup of all six tables. A name is made from `now` (ms) when none is given.

        On SQLite the name is the path of a file. Raises Conflict when the name is taken.
        """
        ...

    def backups(self) -> list[Backup]:
        """Return the backups of this store, newest first."""
        ...

    def beside(self, place: str) -> Store:
        """Return the store to be at another place: another prefix on DynamoDB, a new file for SQLite.

        Raises Invalid when there can be no store, Conflict when the file is there.
        """
        ...

    def restore(self, name: str, place: str, progress: Progress) -> None:
        """Fill the store at `place` from a backup and wait until its tables can be used.

        What a table had beside items, key and indexes is not restored. Raises NotFound when there is no such backup,
        Conflict when it is incomplete or something is in the way.
        """
        ...

    def restore_moment(self, at: int | None, place: str, progress: Progress) -> None:
        """Fill the store at `place` with the tables as they were at `at` (ms), or as late as can be.

        Raises Invalid when the tables cannot be restored to that time.
        """
        ...

    def export_to_s3(self, bucket: str, prefix: str, progress: Progress) -> list[Transferred]:
        """Let DynamoDB export each table below `prefix`/`table name`, all as of one moment where there is one."""
        ...

    def import_from_s3(self, bucket: str, prefix: str, progress: Progress) -> list[Transferred]:
        """Let DynamoDB create the six tables from its newest finished exports below `prefix`.

        Raises NotFound when there is none for a table, Conflict when a table is in the way.
        """
        ...
