"""The Store protocol: what the services ask of an engine, and what both engines promise."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from commercive_cli.store.archive import Backup, Transferred
from commercive_cli.store.items import Item, Key
from commercive_cli.store.schema import Table
from commercive_cli.store.table_changes import OnStatus, TableChange, ignore_status
from commercive_cli.store.writes import Write


class ConditionFailed(Exception):
    """A transaction wrote nothing because conditions did not hold.

    `failures` maps the position of each failed write to the item as it was, or to None where there was none. At least
    one failed write is reported; an engine may not know all.
    """

    def __init__(self, failures: dict[int, Item | None]) -> None:
        super().__init__(f"conditions failed at writes {sorted(failures)}")
        self.failures = failures


@dataclass(frozen=True)
class Query:
    """Items of one partition of a table, or of one of its indexes, in the order of the sort key.

    `since` is an exclusive and `until` an inclusive bound on the sort key, whatever the direction. `limit` is the most
    items one page may hold. `start` is the `next` of an earlier page. Table queries are strongly consistent; index
    queries may lag behind by the store's `index_lag_ms`.
    """

    table: Table
    partition: str
    index: str | None = None
    since: int | str | None = None
    until: int | str | None = None
    descending: bool = False
    limit: int | None = None
    start: Key | None = None


@dataclass(frozen=True)
class Page:
    """Some items, at most 1 MB of them, and where the next page starts; `next` None means that was the last.

    A page may be empty and not be the last.
    """

    items: list[Item]
    next: Key | None = None


TextRow = tuple[Any, ...]
"""An item's text (`store.items.item_text`), followed by the values of its key."""


@dataclass(frozen=True)
class TextPage:
    """A page of items as texts, for those who carry items without looking into them."""

    rows: Sequence[TextRow]
    next: Key | None = None


@dataclass(frozen=True)
class TableInfo:
    """A table as it is: `items` and `bytes` may be some hours old on DynamoDB.

    The protections and `tags` are None where the server does not know them, and `billing` is then EMBEDDED.
    `projections` says for each index what it holds (ALL, KEYS_ONLY, INCLUDE), `index_status` whether it can be used,
    `lacks` which columns a table in a file is without.
    """

    name: str
    status: str
    items: int
    bytes: int
    billing: str
    keys: tuple[tuple[str, str], ...]
    indexes: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    ttl: str | None = None
    point_in_time_recovery: bool | None = None
    deletion_protection: bool | None = None
    encryption: str | None = None
    tags: Mapping[str, str] | None = None
    projections: Mapping[str, str] = field(default_factory=dict)
    index_status: Mapping[str, str] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()


EMBEDDED = "embedded"
"""The billing of a store that nobody bills."""


class Archive(Protocol):
    """Backups of a whole store. Restoring never touches the store itself: it fills one beside it.

    A method raises Invalid when the server cannot do it, and Unavailable when it takes longer than a day. Where work
    goes on in AWS, a waiting that was interrupted changes nothing about it.
    """

    def back_up(self, name: str | None, now: int, progress: OnStatus) -> Backup:
        """Make a backup of all six tables. A name is made from `now` (ms) when none is given.

        On SQLite the name is the path of a file. Raises Conflict when the name is taken.
        """
        ...

    def backups(self) -> list[Backup]:
        """Return the backups of this store, newest first."""
        ...

    def beside(self, place: str) -> "Store":
        """Return the store to be at another place: another prefix on DynamoDB, a new file for SQLite.

        Raises Invalid when there can be no store, Conflict when the file is there.
        """
        ...

    def restore(self, name: str, place: str, progress: OnStatus) -> None:
        """Fill the store at `place` from a backup and wait until its tables can be used.

        What a table had beside items, key and indexes is not restored. Raises NotFound when there is no such backup,
        Conflict when it is incomplete or something is in the way.
        """
        ...


class PointInTimeRecovery(Protocol):
    """A store that can be restored as it was at any moment of the past weeks."""

    def restore_moment(self, at: int | None, place: str, progress: OnStatus) -> None:
        """Fill the store at `place` with the tables as they were at `at` (ms), or as late as can be.

        Raises Invalid when the tables cannot be restored to that time.
        """
        ...


class S3Transfers(Protocol):
    """A store whose server moves whole tables to and from S3 by itself."""

    def export(self, bucket: str, prefix: str, progress: OnStatus) -> list[Transferred]:
        """Export each table below `prefix`/`table name`, all as of one moment where there is one."""
        ...

    def load(self, bucket: str, prefix: str, progress: OnStatus) -> list[Transferred]:
        """Create the six tables from their newest finished exports below `prefix`.

        Raises NotFound when there is none for a table, Conflict when a table is in the way.
        """
        ...


class Store(Protocol):
    """Six tables with strongly consistent reads and all-or-nothing conditional writes.

    Any method raises Unavailable when the store cannot answer in time or a table is missing, Unauthenticated or Denied
    when it refuses the caller, and Invalid when a limit of `store.limits` is exceeded.
    """

    @property
    def target(self) -> str:
        """Name the store for people: engine, place and prefix, without credentials."""
        ...

    @property
    def prefix(self) -> str:
        """Return what stands before each table's name."""
        ...

    @property
    def local(self) -> bool:
        """Whether the store lives on this machine."""
        ...

    @property
    def index_lag_ms(self) -> int:
        """How long after an acknowledged write an index may still show the state before, in milliseconds."""
        ...

    @property
    def scans_at_once(self) -> int:
        """How many segments of a scan are best read at the same time."""
        ...

    def get(self, table: Table, key: Key) -> Item | None:
        """Return the item at `key`, strongly consistent, or None."""
        ...

    def query(self, query: Query) -> Page:
        """Return one page of a query."""
        ...

    def scan(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> Page:
        """Return one page of a whole-table scan, strongly consistent, in no promised order.

        The `segments` parts are disjoint and together hold the table, so they can be read in parallel.
        """
        ...

    def scan_text(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> TextPage:
        """Return what `scan` returns as texts: equal items have equal texts, whatever the engine."""
        ...

    def transact(self, *writes: Write) -> None:
        """Apply up to 100 writes to different items, all or none, exactly once.

        Raises ConditionFailed when a condition does not hold. When it raises Unavailable, the message says whether the
        outcome is unknown.
        """
        ...

    def batch_put(self, table: Table, items: Iterable[Item]) -> int:
        """Store any number of items, unconditionally and not atomically, for bulk load; return how many."""
        ...

    def create_table(self, table: Table) -> None:
        """Create the table with its indexes and protections, and wait until it can be used; it must not exist."""
        ...

    def describe_table(self, table: Table) -> TableInfo | None:
        """Return the table as it is, or None when there is none."""
        ...

    def change_table(self, table: Table, change: TableChange, progress: OnStatus = ignore_status) -> None:
        """Make one change to a table and wait until it is done, telling `progress` how it goes.

        Raises Invalid when this store has no notion of such a change.
        """
        ...

    def delete_table(self, table: Table) -> None:
        """Delete the table and all it holds, lifting deletion protection first."""
        ...

    @property
    def archive(self) -> Archive:
        """The backups of this store."""
        ...

    @property
    def recovery(self) -> PointInTimeRecovery | None:
        """The way back to any moment, None where the engine has none."""
        ...

    @property
    def s3(self) -> S3Transfers | None:
        """The way to and from S3, None where the engine has none."""
        ...

    def unsupported(self) -> Sequence[str]:
        """Name the protections that this server has no notion of, as far as table administration met them."""
        ...

    def close(self) -> None:
        """Give back connections and files."""
        ...
