"""Compares a live table with its declaration, and finds the changes that remove each difference.

A table may be protected by more than is declared, and how it is billed is its operator's business: no differences.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from commercive_cli.store.foreign import NEVER_TOUCHED, declared_key, key_words
from commercive_cli.store.port import EMBEDDED, TableInfo
from commercive_cli.store.regions import REMEDY, STRONG
from commercive_cli.store.schema import Index, Table
from commercive_cli.store.table_changes import (
    DEPLOY_TEMPLATE,
    CreateIndex,
    DropIndex,
    SetBilling,
    SetDeletionProtection,
    SetEncryption,
    SetRecovery,
    SetTags,
    SetTTL,
    TableChange,
)

NOT_OURS = "not our table"
"""What is the matter with a table that has another key; nothing else about it is then anybody's business here."""

NOTHING = "nothing"
BILLING = "billing"
WAIT_FOR_STACK = "the stack that owns the table is filling it; wait until `tables diff` no longer names it"
_USABLE = ("ACTIVE", "UPDATING")


@dataclass(frozen=True)
class CreateTable:
    """Create the whole table."""

    def __str__(self) -> str:
        return "create table"


SchemaChange = CreateTable | TableChange


@dataclass(frozen=True)
class Mismatch:
    """One difference from the declaration, and the changes, in order, that remove it; none if that is impossible.

    `remedy` is what a person can do then, where there is more to say than of any other difference.
    """

    what: str
    declared: str
    live: str
    changes: tuple[SchemaChange, ...] = ()
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.live}, declared {self.declared}"


def mismatches(
    table: Table, info: TableInfo | None, unsupported: Collection[str] = (), *, billing: bool = False
) -> list[Mismatch]:
    """Return the differences: those of indexes last, and first of these the ones that are to be dropped.

    `info` is None when there is no table. A protection that the server does not know, or that is in `unsupported`, is
    no difference, nor is another mode of `billing` unless asked for. None of a table in a stack comes with changes: the
    stack makes them.
    """
    if info is None:
        return [Mismatch("table", "present", "missing", (CreateTable(),))]
    if info.keys != declared_key(table):
        return [Mismatch(NOT_OURS, key_words(declared_key(table)), key_words(info.keys), remedy=NEVER_TOUCHED)]
    left_out = unsupported if billing else {*unsupported, BILLING}
    found = [each for each in _all_mismatches(table, info) if each.what not in left_out]
    return [left_to_stack(each) for each in found] if info.in_stack else found


def left_to_stack(mismatch: Mismatch) -> Mismatch:
    """Return a difference as one that the stack removes which owns the table."""
    waits = mismatch.live == "CREATING"
    return replace(mismatch, changes=(), remedy=WAIT_FOR_STACK if waits else DEPLOY_TEMPLATE)


def kept(table: Table, info: TableInfo) -> dict[str, str]:
    """Return, in words, what `apply` leaves as it is: what is more than declared, billing, and what is not declared."""
    declared = table.protections
    found = dict(info.further)
    if info.encryption is not None and _is_stronger_key(info.encryption, declared.encryption):
        found["encryption"] = f"{info.encryption}, declared {declared.encryption}"
    if info.deletion_protection and not declared.deletion_protection:
        found["deletion protection"] = "on, declared off"
    if info.point_in_time_recovery and not declared.point_in_time_recovery:
        found["point-in-time recovery"] = "on, declared off"
    if info.billing not in (EMBEDDED, declared.billing):
        found[BILLING] = f"{info.billing}, declared {declared.billing}"
    return found


def _all_mismatches(table: Table, info: TableInfo) -> list[Mismatch]:
    missing = ", ".join(info.missing_columns)
    columns = [Mismatch("columns", missing, "missing")] if missing else []
    strong = [Mismatch("transactions", "possible", STRONG, remedy=REMEDY)] if info.multi_region_strong else []
    return [*columns, *strong, *_protection_mismatches(table, info), *_index_mismatches(table, info)]


def _protection_mismatches(table: Table, info: TableInfo) -> Iterator[Mismatch]:
    declared = table.protections
    if declared.deletion_protection and info.deletion_protection is False:
        yield _turned_on("deletion protection", SetDeletionProtection(on=True))
    if info.billing not in (EMBEDDED, declared.billing):
        yield Mismatch(BILLING, declared.billing, info.billing, (SetBilling(declared.billing),))
    if info.encryption is not None and _is_stronger_key(declared.encryption, info.encryption):
        yield Mismatch("encryption", declared.encryption, info.encryption, (SetEncryption(declared.encryption),))
    if info.tags is not None and not set(declared.tags) <= set(info.tags.items()):
        live = tuple((name, info.tags[name]) for name, _ in declared.tags if name in info.tags)
        yield Mismatch("tags", _tag_words(declared.tags), _tag_words(live), (SetTags(declared.tags),))
    if info.ttl != table.ttl:
        yield _ttl_mismatch(table, info)
    if declared.point_in_time_recovery and info.point_in_time_recovery is False:
        yield _turned_on("point-in-time recovery", SetRecovery(on=True))


def _turned_on(what: str, change: SetDeletionProtection | SetRecovery) -> Mismatch:
    return Mismatch(what, "on", "off", (change,))


def _is_stronger_key(one: str, other: str) -> bool:
    """Return whether one key is the account's, by which access can be revoked, and the other is AWS's own."""
    return one.startswith("KMS") and not other.startswith("KMS")


def _ttl_mismatch(table: Table, info: TableInfo) -> Mismatch:
    # DynamoDB cannot change the attribute in one step: time to live is turned off, then on for the right attribute.
    steps = [SetTTL(None)] if info.ttl else []
    steps += [SetTTL(table.ttl)] if table.ttl else []
    return Mismatch("time to live", _ttl_words(table.ttl), _ttl_words(info.ttl), tuple(steps))


def _index_mismatches(table: Table, info: TableInfo) -> Iterator[Mismatch]:
    declared = {index.name for index in table.indexes}
    for name in info.indexes:
        if name not in declared:
            yield Mismatch(f"index {name}", NOTHING, _live_index(info, name), (DropIndex(name),))
    for index in table.indexes:
        yield from _index_mismatch(index, info)


def _index_mismatch(index: Index, info: TableInfo) -> Iterator[Mismatch]:
    what, declared = f"index {index.name}", f"{key_words(index.key)}, {index.projection}"
    if index.name not in info.indexes:
        yield Mismatch(what, declared, "missing", (CreateIndex(index),))
    elif _live_index(info, index.name) != declared:
        yield Mismatch(what, declared, _live_index(info, index.name), (DropIndex(index.name), CreateIndex(index)))
    elif info.index_status.get(index.name, "ACTIVE") not in _USABLE:
        yield Mismatch(what, declared, info.index_status[index.name], (CreateIndex(index),))


def _live_index(info: TableInfo, name: str) -> str:
    return f"{key_words(info.indexes[name])}, {info.projections.get(name, 'ALL')}"


def _tag_words(tags: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name}={value}" for name, value in tags) or "missing"


def _ttl_words(attribute: str | None) -> str:
    return f"on {attribute}" if attribute else "off"
