"""Finds how the live tables differ from the declaration, and makes the changes that are possible in place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from commercive_cli.domain.answers.tables import Applied, AppliedChange, Difference, Drift, Kept
from commercive_cli.domain.errors import CommerciveError, Conflict
from commercive_cli.services.chat.waiting_index import WAITING_INDEX, fill_waiting
from commercive_cli.services.tables.comparison import (
    CreateTable,
    Mismatch,
    SchemaChange,
    kept,
    left_to_stack,
    mismatches,
)
from commercive_cli.store.foreign import NEVER_TOUCHED, check_ours, declared_key
from commercive_cli.store.port import Store, TableInfo
from commercive_cli.store.regions import check_transactional
from commercive_cli.store.schema import TABLES, Table
from commercive_cli.store.table_changes import CreateIndex, OnStatus, ignore_status

REMEDY = (
    "columns cannot change in place, and `tables export DIR` refuses such a table: run `tables create` with a --store "
    "of a new prefix or file, bring every item over by hand, then point everything there"
)
BESIDE = f"nothing is made beside a table that is not ours, and {NEVER_TOUCHED}"
_Found = list[tuple[Table, Mismatch]]


class _Tried(NamedTuple):
    """A change that was tried on a table, and what came of it."""

    table: Table
    change: SchemaChange
    applied: AppliedChange

    def went_through(self, table: Table, *changes: SchemaChange) -> bool:
        """Return whether this is one of these changes of the table, and it was made."""
        return self.applied.error is None and self.table == table and self.change in changes


@dataclass(frozen=True)
class DriftService:
    """Compares all six tables of a store with the declaration, and changes them to agree with it."""

    store: Store

    def diff(self) -> Drift:
        """Return every difference, and what is kept as it is: more than is declared, or not declared at all.

        Protections that the server does not support are named, and are no differences.
        """
        described = self._described()
        return self._drift(described, self._mismatches(described))

    def fixable(self, *, billing: bool = False) -> list[Difference]:
        """Return what `apply` would fix; raises what `apply` raises before it changes anything."""
        return [self._difference(table, mismatch) for table, mismatch in self._planned(billing) if mismatch.changes]

    def apply(self, on_status: OnStatus = ignore_status, *, billing: bool = False) -> Applied:
        """Make every change that can be made in place, and wait for each; a repetition has nothing left to do.

        A change that fails is reported, and the others are still tried. Indexes are changed one at a time. What a stack
        owns is left to it. A change that went through and does not show yet is `accepted`, and leaves no difference:
        AWS shows some of them later. How the tables are billed is changed only with `billing`. Raises Conflict, with
        nothing changed, when a table is not ours, Misconfigured when transactions are impossible in one.
        """
        tried = [change for each in self._planned(billing) for change in self._fix(*each, on_status)]
        described = self._described()
        found = self._mismatches(described, billing=billing)
        hidden = [each for each in found if _is_accepted(*each, tried)]
        left = self._drift(described, [each for each in found if each not in hidden])
        changes = [_as_shown(each, hidden) for each in tried]
        return Applied(changes=changes, remaining=left.differences, unsupported=left.unsupported)

    def _planned(self, billing: bool) -> _Found:  # noqa: FBT001 - passed on by name
        described = self._described()
        check_ours(self.store.prefix, described, Conflict)
        check_transactional(described.values())
        return self._mismatches(described, billing=billing)

    def _drift(self, described: dict[Table, TableInfo | None], mismatches: _Found) -> Drift:
        found = [self._difference(*each) for each in mismatches]
        if any(info is not None and info.keys != declared_key(table) for table, info in described.items()):
            found = [_beside_foreign(each) for each in found]
        ours = {table: info for table, info in described.items() if info and info.keys == declared_key(table)}
        settings = tuple(
            Kept(table=info.name, what=what, live=live)
            for table, info in ours.items()
            for what, live in kept(table, info).items()
        )
        return Drift(differences=found, kept=settings, unsupported=tuple(self.store.unsupported()))

    def _fix(self, table: Table, mismatch: Mismatch, on_status: OnStatus) -> Iterator[_Tried]:
        for change in mismatch.changes:
            applied = self._apply_change(table, change, on_status)
            yield _Tried(table, change, applied)
            if applied.error:
                break

    def _apply_change(self, table: Table, change: SchemaChange, on_status: OnStatus) -> AppliedChange:
        name, words = self._name(table), str(change)
        on_status(f"{name}: {words}")
        try:
            if isinstance(change, CreateTable):
                self.store.create_table(table)
            else:
                self.store.change_table(table, change, on_status)
                if isinstance(change, CreateIndex) and change.index.name == WAITING_INDEX:
                    on_status(f"{name}: adding the conversations that wait to the index")
                    fill_waiting(self.store)
        except CommerciveError as error:
            return AppliedChange(table=name, change=words, outcome="failed", error=error.message)
        return AppliedChange(table=name, change=words, outcome="done")

    def _described(self) -> dict[Table, TableInfo | None]:
        return {table: self.store.describe_table(table) for table in TABLES}

    def _mismatches(self, described: dict[Table, TableInfo | None], *, billing: bool = False) -> _Found:
        unsupported = self.store.unsupported()
        found = [
            (table, each)
            for table, info in described.items()
            for each in mismatches(table, info, unsupported, billing=billing)
        ]
        if not any(info is not None and info.in_stack for info in described.values()):
            return found
        # Its template has all six: what is made beside it by hand is in the way of its next deployment.
        return [(table, each if described[table] else left_to_stack(each)) for table, each in found]

    def _difference(self, table: Table, mismatch: Mismatch) -> Difference:
        return Difference(
            table=self._name(table),
            what=mismatch.what,
            declared=mismatch.declared,
            live=mismatch.live,
            fixable=bool(mismatch.changes),
            remedy=", ".join(map(str, mismatch.changes)) or mismatch.remedy or REMEDY,
        )

    def _name(self, table: Table) -> str:
        return self.store.prefix + table.name


def _is_accepted(table: Table, mismatch: Mismatch, tried: list[_Tried]) -> bool:
    """Return whether all was done that removes a difference, which the table is still described with."""
    if any(each.went_through(table, CreateTable()) for each in tried):
        return True
    made = [change for change in mismatch.changes if any(each.went_through(table, change) for each in tried)]
    return bool(mismatch.changes) and len(made) == len(mismatch.changes)


def _as_shown(tried: _Tried, hidden: _Found) -> AppliedChange:
    """Return a change as accepted, where it went through and the description does not show it."""
    waits = [tried.went_through(table, CreateTable(), *mismatch.changes) for table, mismatch in hidden]
    return tried.applied.model_copy(update={"outcome": "accepted"}) if any(waits) else tried.applied


def _beside_foreign(difference: Difference) -> Difference:
    refused = {"fixable": False, "remedy": BESIDE}
    return difference.model_copy(update=refused) if difference.fixable else difference
