"""Answers about the six tables: states, drift, changes, backups, costs."""

from typing import Literal

from commercive_cli.domain.answers.audit import Audit
from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.models import Sparse
from commercive_cli.domain.money import Money


class TableState(Sparse):
    """A table as it is, and how it compares with what is declared.

    `state` is created, unchanged, different, foreign (not ours, by its key), missing or deleted; `differences` says
    what differs, in words, `kept` what is left as it is, `accepted` which changes of a created table AWS has taken and
    does not show yet.
    """

    table: str
    state: str
    status: str | None = None
    items: int | None = None
    bytes: int | None = None
    billing: str | None = None
    keys: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    ttl: str | None = None
    point_in_time_recovery: bool | None = None
    deletion_protection: bool | None = None
    encryption: str | None = None
    differences: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()


class Tables(Answer):
    """The six tables, and the protections that the server does not support."""

    tables: list[TableState]
    unsupported: tuple[str, ...] = ()


class TableSize(Sparse):
    """A table's size, estimated from the items that were `read`, and its cost on DynamoDB in USD.

    `storage_usd` (with indexes) and `recovery_usd` (point-in-time) are per month, `load_usd` is for writing all items
    once, `scan_usd` for reading them once.
    """

    table: str
    items: int
    read: int
    bytes: int
    storage_usd: Money
    recovery_usd: Money
    load_usd: Money
    scan_usd: Money


class HotKey(Sparse):
    """A conversation with many messages, or an affiliate with many leads: how many `items` of all that were `read`."""

    table: str
    id: str
    items: int
    read: int


class CostEstimate(Answer):
    """Sizes, hot keys and costs from a sample; `monthly_usd` is storage and recovery, `basis` says at which prices."""

    tables: list[TableSize]
    hot: list[HotKey]
    monthly_usd: Money
    basis: str


class PollingCost(Sparse):
    """What a part of the bill costs a month (USD), by how the dashboard polls.

    Parts are calls of the function, their time, reads of DynamoDB, data to the internet, and logs.
    `whole_usd`: every poll reads the conversations, and the whole thread of one. `new_usd`: the thread is read only
    when it has changed, from what was seen last on (`since`). `sampled_usd`: and one successful read in a hundred is
    logged.
    """

    part: str
    whole_usd: Money
    new_usd: Money
    sampled_usd: Money


class PollingCosts(Answer):
    """What `users` who have the dashboard open cost a month; the last part is the sum. `basis` says on what that rests.

    `thread_messages` and `thread_bytes` (of the answer) are those of the average conversation.
    """

    users: int
    every_seconds: int
    thread_messages: int
    thread_bytes: int
    parts: list[PollingCost]
    basis: str


class Difference(Sparse):
    """One thing about a table that is not as declared.

    `what` is table, not our table, columns, transactions, `index NAME`, time to live, billing, point-in-time recovery,
    deletion protection, encryption or tags. `remedy` says what `apply` does about it or, when it is not `fixable` in
    place, what to do instead.
    """

    table: str
    what: str
    declared: str
    live: str
    fixable: bool
    remedy: str


class Kept(Sparse):
    """A setting that is left as it is: it protects more than is declared, costs otherwise, or is not declared."""

    table: str
    what: str
    live: str


class Drift(Answer):
    """How the live tables differ from what is declared, and the protections that the server does not support.

    `kept` is no difference: `apply` leaves it as it is.
    """

    differences: list[Difference]
    kept: tuple[Kept, ...] = ()
    unsupported: tuple[str, ...] = ()


class AppliedChange(Sparse):
    """One change that was tried on one table; `error` says why it failed.

    It is `accepted` when AWS has taken it, and the table is still described as before.
    """

    table: str
    change: str
    outcome: Literal["done", "accepted", "failed"]
    error: str | None = None


class Applied(Answer):
    """Every change that was tried, in order, and the differences that are left."""

    changes: list[AppliedChange]
    remaining: list[Difference]
    unsupported: tuple[str, ...] = ()


class BackupShown(Sparse):
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
