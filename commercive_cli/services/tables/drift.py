"""Finds how the live tables differ from the declaration, and makes the changes that are possible in place."""

from collections.abc import Iterator
from dataclasses import dataclass

from commercive_cli.domain.answers.tables import Applied, AppliedChange, Difference, Drift
from commercive_cli.domain.errors import CommerciveError
from commercive_cli.services.chat.waiting_index import WAITING_INDEX, fill_waiting
from commercive_cli.services.tables.comparison import CreateTable, Mismatch, SchemaChange, mismatches
from commercive_cli.store.port import Store
from commercive_cli.store.schema import TABLES, Table
from commercive_cli.store.table_changes import CreateIndex, OnStatus, ignore_status

REMEDY = (
    "keys and columns cannot change in place, and `tables export DIR` refuses such a table: run `tables create` with a "
    "--store of a new prefix or file, bring every item over by hand with the declared key (`tables export --s3 URI` "
    "gets them out of DynamoDB as they are), then point everything there"
)
"""A table's key is fixed when it is created (DynamoDB API Reference, UpdateTable)."""


@dataclass(frozen=True)
class DriftService:
    """Compares all six tables of a store with the declaration, and changes them to agree with it."""

    store: Store

    def diff(self) -> Drift:
        """Return every difference; protections that the server does not support are named, and are no differences."""
        found = [self._difference(table, mismatch) for table in TABLES for mismatch in self._mismatches(table)]
        return Drift(differences=found, unsupported=tuple(self.store.unsupported()))

    def apply(self, on_status: OnStatus = ignore_status) -> Applied:
        """Make every change that can be made in place, and wait for each; a repetition has nothing left to do.

        A change that fails is reported, and the others are still tried. Indexes are changed one at a time.
        Raises Unavailable when the tables cannot be described; earlier changes stay made.
        """
        tried = [change for table in TABLES for change in self._fix_table(table, on_status)]
        left = self.diff()
        return Applied(changes=tried, remaining=left.differences, unsupported=left.unsupported)

    def _fix_table(self, table: Table, on_status: OnStatus) -> Iterator[AppliedChange]:
        for mismatch in self._mismatches(table):
            for change in mismatch.changes:
                applied = self._apply_change(table, change, on_status)
                yield applied
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

    def _mismatches(self, table: Table) -> list[Mismatch]:
        info = self.store.describe_table(table)
        return mismatches(table, info, self.store.unsupported())

    def _difference(self, table: Table, mismatch: Mismatch) -> Difference:
        return Difference(
            table=self._name(table),
            what=mismatch.what,
            declared=mismatch.declared,
            live=mismatch.live,
            fixable=bool(mismatch.changes),
            remedy=", ".join(map(str, mismatch.changes)) or REMEDY,
        )

    def _name(self, table: Table) -> str:
        return self.store.prefix + table.name
