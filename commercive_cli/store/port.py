"""The Store protocol: the operations that services use, and what each engine guarantees about them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from commercive_cli.domain.errors import CommerciveError, Damaged, Misconfigured, NotTaken, Unavailable
from commercive_cli.store.items import Item, Key
from commercive_cli.store.schema import Table
from commercive_cli.store.writes import Update, Write

if TYPE_CHECKING:  # a command that neither changes tables nor makes backups loads none of them
    from contextlib import AbstractContextManager

    from commercive_cli.store.archive import Backup, TableTransfer
    from commercive_cli.store.table_changes import OnStatus, TableChange


class ConditionFailed(Exception):
    """A transaction wrote nothing because conditions did not hold.

    `failures` maps the position of each failed write to the item as it was, or to None where there was none. It holds
    at least one failed write; an engine may not know all of them.
    """

    def __init__(self, failures: dict[int, Item | None]) -> None:
        super().__init__(f"conditions failed at writes {sorted(failures)}")
        self.failures = failures


class ClockCorrected(NotTaken):
    """The store refused a write since this machine's clock is wrong. Its time is known now, so the write is made anew.

    Until then the clock told wrong times, and the write holds them. Nothing was written.
    """

    code = NotTaken.code


class IndexNotReady(CommerciveError):
    """An index cannot be read: it is missing, or being filled."""


class IndexMissing(IndexNotReady, Misconfigured):
    """An index is missing, or has another key than ours; somebody has to make it."""

    code = Misconfigured.code


class IndexFilling(IndexNotReady, Unavailable):
    """An index is being filled; it can be read in a while."""

    code = Unavailable.code


def not_a_number(write: Update, names: Iterable[str]) -> Damaged:
    """Return the error for an update that adds to what is stored as another type than a number."""
    key = " ".join(map(str, write.key.values()))
    return Damaged(
        f"{write.table.name} {key}: {' or '.join(names)} is no number, so nothing can be added; nothing was written. "
        "Repair it: commercive tables audit --fix, or commercive tables mend"
    )


@dataclass(frozen=True)
class Query:
    """A query for the items of one partition of a table, or of one of its indexes, in the order of the sort key.

    `since` is an exclusive and `until` an inclusive bound on the sort key, in either direction. `limit` is the most
    items that one page may hold. `start` is the `next` of an earlier page. Table queries are strongly consistent; index
    queries may miss the writes of the last `index_lag_ms` of the store.
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
    """At most 1 MB of items, and where the next page starts; on the last page, `next` is None.

    A page may be empty without being the last.
    """

    items: list[Item]
    next: Key | None = None


TextRow = tuple[Any, ...]
"""The text of an item (`store.items.item_text`), followed by the values of its key."""


@dataclass(frozen=True)
class TextPage:
    """A page of items as texts, for callers that copy items without reading their attributes."""

    rows: Sequence[TextRow]
    next: Key | None = None


STACK_TAG = "aws:cloudformation:stack-name"
"""The tag that CloudFormation puts on what a stack owns (CloudFormation User Guide, "Resource tags")."""


@dataclass(frozen=True)
class TableInfo:
    """The description of a table that exists; on DynamoDB, `items` and `bytes` may be some hours old.

    The protections and `tags` are None where the server does not know them, and `billing` is then EMBEDDED.
    `projections` says for each index what it holds (ALL, KEYS_ONLY, INCLUDE), `index_status` whether it can be used.
    `missing_columns` are columns that a table in a SQLite file should have and does not. `further` are, in words, the
    settings of which no declaration says anything, where they are not those of a new table.
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
    missing_columns: tuple[str, ...] = ()
    further: Mapping[str, str] = field(default_factory=dict)
    multi_region_strong: bool = False

    @property
    def in_stack(self) -> bool:
        """Return whether a CloudFormation stack owns the table, by its tag."""
        return STACK_TAG in (self.tags or {})


_TOLD_TO_MS = 999


@dataclass(frozen=True)
class StoreClock:
    """The store's present time (ms), None where it does not tell; `refusal` is why it would not answer a read.

    `passed` is a time (ms) that is over for sure, by other evidence than this machine's clock; None without any.
    """

    now: int | None
    refusal: CommerciveError | None = None
    passed: int | None = None

    def ahead(self, here: int) -> int | None:
        """Return by how many ms at least a clock that shows `here` is ahead; 0 within the second that is told."""
        if self.now is None:
            return None
        return min(here - self.now, 0) or max(here - self.now - _TOLD_TO_MS, 0)


CLOCK_KEY: Key = {"conversation_id": "-", "created_at": 0}
"""The key in `conversations` that is read to learn the store's time; ids of conversations are longer."""

EMBEDDED = "embedded"
"""The billing mode of a store that costs nothing."""


OnThrottled = Callable[[str], bool]
"""Is told, from any thread, the name of a table that is throttled; returns whether to wait for minutes if need be."""


def never_waiting(_table: str) -> bool:
    """Return False: throttling ends a call at its usual deadline."""
    return False


@dataclass(frozen=True)
class CredentialWait:
    """How long a store may take to get credentials, in `seconds`, and who sits by meanwhile.

    `tell` hears whom the store waits for; `ask` returns the code that somebody types after a prompt. Without it a step
    that needs a code is refused.
    """

    seconds: float = 5.0
    tell: Callable[[str], None] | None = None
    ask: Callable[[str], str] | None = None


class Archive(Protocol):
    """Backups of a whole store. Restoring fills another store, which may take the place of the first one.

    A method raises Invalid when the server cannot do it, and Unavailable when it takes longer than a day. Interrupting
    a method that waits for AWS does not stop the work in AWS.
    """

    def back_up(self, name: str | None, now: int, on_status: "OnStatus") -> "Backup":
        """Make a backup of all six tables. Without a name, it is named after the time `now` (ms).

        On SQLite the name is the path of a file. Raises Conflict when the name is taken.
        """
        ...

    def backups(self) -> "list[Backup]":
        """Return the backups of this store, newest first."""
        ...

    @property
    def own_place(self) -> str:
        """Return the destination that a restore in place of this store has; raise Invalid where there is none."""
        ...

    def filling(
        self, destination: str, replaced_at: int | None, on_status: "OnStatus"
    ) -> "AbstractContextManager[Store]":
        """Lend the store to restore to: `destination` is another prefix on DynamoDB, a new file for SQLite.

        The file is there once the block ends, and not at all when it raises. With a time `replaced_at` (ms), it takes
        the place of the one that is there, which is kept beside it. Raises Invalid when there can be no store, Conflict
        when the file exists, NotTaken when a store to be replaced is in use.
        """
        ...

    def retained(self) -> list[str]:
        """Return, in words, what holds earlier states of these tables: backups, also the server's own, and recovery.

        What the server does not have, or may not tell, is said as well. Nothing of it can be changed, only deleted.
        """
        ...

    def restore(self, name: str, destination: str, on_status: "OnStatus") -> None:
        """Fill the lent store of `destination` from a backup and wait until its tables can be used.

        Only items, keys and indexes are restored. Raises NotFound when there is no such backup, Conflict when it is
        incomplete, damaged, or the destination exists.
        """
        ...


class PointInTimeRecovery(Protocol):
    """A store that can be restored as it was at any moment of the past weeks."""

    def restore_to_time(self, at: int | None, destination: str, on_status: "OnStatus") -> None:
        """Fill the store at `destination` with the tables as they were at `at` (ms), None for the latest time possible.

        Raises Invalid when the tables cannot be restored to that time.
        """
        ...


class S3Transfers(Protocol):
    """A store whose server can export whole tables to S3 and import them from there."""

    def export_tables(self, bucket: str, prefix: str, on_status: "OnStatus") -> "list[TableTransfer]":
        """Export each table to `prefix`/`table name`, all as of the same time if all can go back to one."""
        ...

    def import_tables(self, bucket: str, prefix: str, on_status: "OnStatus") -> "list[TableTransfer]":
        """Create the six tables from their newest finished exports below `prefix`.

        Raises NotFound when there is no export of a table, Conflict when a table exists.
        """
        ...


class Transactions(Protocol):
    """What makes transactions: a store, or what stands before one."""

    def transact(self, *writes: Write) -> None:
        """Apply the writes, all or none, as a store does."""
        ...


class Store(Protocol):
    """Six tables with strongly consistent reads and all-or-nothing conditional writes.

    Any method raises Unavailable when the store cannot answer in time or a table is missing, Unauthenticated or Denied
    when it refuses the caller, and Invalid when a limit in `store.limits` is exceeded.
    """

    @property
    def target(self) -> str:
        """Return a name of the store to show to people: engine, file or region, and prefix, without credentials."""
        ...

    @property
    def prefix(self) -> str:
        """Return what every table's name starts with."""
        ...

    @property
    def local(self) -> bool:
        """Whether the store lives on this machine."""
        ...

    @property
    def index_lag_ms(self) -> int:
        """How long an index may still show the state before an acknowledged write, in milliseconds."""
        ...

    @property
    def scans_at_once(self) -> int:
        """How many segments of a scan should be read at the same time."""
        ...

    def clock(self) -> StoreClock:
        """Return the store's own time, which a read brings: to the second on DynamoDB, also where it refuses the read.

        Raises Unavailable when nothing answers, and Unauthenticated or Invalid when nothing can be asked.
        """
        ...

    def get(self, table: Table, key: Key) -> Item | None:
        """Return the item at `key`, strongly consistent, or None."""
        ...

    def batch_get(self, table: Table, keys: Sequence[Key]) -> list[Item]:
        """Return the items at these keys, strongly consistent, in no promised order, without those that are missing."""
        ...

    def query(self, query: Query) -> Page:
        """Return one page of a query; of an index that holds keys alone, items of just those.

        Raises IndexNotReady when the index is missing or still being filled.
        """
        ...

    def scan(
        self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None, limit: int | None = None
    ) -> Page:
        """Return one page of a whole-table scan, strongly consistent, in no promised order.

        The table is divided into `segments` disjoint parts, which can be read in parallel; `segment` is one, from 0.
        `limit` is the most items that the page may hold.
        """
        ...

    def scan_text(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> TextPage:
        """Return what `scan` returns, but as texts; equal items have equal texts on every engine."""
        ...

    def transact(self, *writes: Write) -> None:
        """Apply up to 100 writes to different items, all or none, exactly once.

        Raises ConditionFailed when a condition does not hold. When it raises Unavailable, the message says whether the
        outcome is unknown.
        """
        ...

    def batch_put(self, table: Table, items: Iterable[Item]) -> int:
        """Store any number of items, without conditions and not atomically, for bulk loads; return how many."""
        ...

    def create_table(self, table: Table) -> None:
        """Create the table with its indexes and protections, and wait until it can be used.

        Raises Conflict when it exists.
        """
        ...

    def describe_table(self, table: Table) -> TableInfo | None:
        """Return the description of the table, or None when it does not exist."""
        ...

    def change_table(self, table: Table, change: "TableChange", on_status: "OnStatus" = ...) -> None:
        """Make one change to a table and wait until it is done; `on_status` is told the states in between.

        Raises Invalid when this store does not support such a change.
        """
        ...

    def delete_table(self, table: Table) -> None:
        """Turn off the table's deletion protection, then delete the table and all its items."""
        ...

    def overwrite_old(self) -> Sequence[str]:
        """Overwrite, in files of this store, what was replaced or deleted; return, in words, what still holds it.

        A server that keeps its files to itself has nothing to overwrite.
        """
        ...

    @property
    def archive(self) -> Archive:
        """The backups of this store."""
        ...

    @property
    def recovery(self) -> PointInTimeRecovery | None:
        """Point-in-time recovery of this store, None where the engine has none."""
        ...

    @property
    def s3(self) -> S3Transfers | None:
        """Exports to S3 and imports from it, None where the engine has none."""
        ...

    def unsupported(self) -> Sequence[str]:
        """Return the protections that this server does not support, as far as earlier operations have shown."""
        ...

    def close(self) -> None:
        """Close connections and files."""
        ...
