"""Drift of the tables, and its repair: everything that can be changed in place, one thing at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

from commercive_cli.domain.answers.tables import Applied, AppliedChange, Difference, Drift
from commercive_cli.domain.errors import CommerciveError, Conflict
from commercive_cli.services.tables.comparison import NOT_OURS, CreateTable, Mismatch, SchemaChange, mismatches
from commercive_cli.store.foreign import NEVER_TOUCHED, check_ours
from commercive_cli.store.port import Store, TableInfo
from commercive_cli.store.schema import TABLES, Table
from commercive_cli.store.table_changes import OnStatus, ignore_status

WAY_OUT = (
    "columns cannot change in place, and `tables export DIR` refuses such a table: run `tables create` with a --store "
    "of a new prefix or file, bring every item over by hand, then point everything there"
)
_Found = list[tuple[Table, Mismatch]]


@dataclass(frozen=True)
class DriftService:
    """Compares all six tables of a store with the declaration, and brings them in line."""

    store: Store

    def diff(self) -> Drift:
        """Return every difference; what the server does not know is named as unsupported and is none."""
        found = [self._difference(*each) for each in self._found(self._described())]
        return Drift(differences=found, unsupported=tuple(self.store.unsupported()))

    def fixable(self) -> list[Difference]:
        """Return what `apply` would mend; raises what `apply` raises before it changes anything."""
        return [self._difference(table, mismatch) for table, mismatch in self._planned() if mismatch.changes]

    def apply(self, progress: OnStatus = ignore_status) -> Applied:
        """Make every change that can be made in place and wait for each; a repetition has nothing left to do.

        What fails is reported, and the rest is still tried. Indexes are dropped and filled one at a time.
        Raises Conflict, with nothing changed, when a table is not ours.
        """
        tried = [done for each in self._planned() for done in self._mended(*each, progress)]
        left = self.diff()
        return Applied(changes=tried, remaining=left.differences, unsupported=left.unsupported)

    def _planned(self) -> _Found:
        described = self._described()
        check_ours(self.store.prefix, described, Conflict)
        return self._found(described)

    def _mended(self, table: Table, mismatch: Mismatch, progress: OnStatus) -> Iterator[AppliedChange]:
        for change in mismatch.changes:
            done = self._made(table, change, progress)
            yield done
            if done.error:
                break

    def _made(self, table: Table, change: SchemaChange, progress: OnStatus) -> AppliedChange:
        name, words = self._name(table), str(change)
        progress(f"{name}: {words}")
        try:
            if isinstance(change, CreateTable):
                self.store.create_table(table)
            else:
                self.store.change_table(table, change, progress)
        except CommerciveError as error:
            return AppliedChange(table=name, change=words, outcome="failed", error=error.message)
        return AppliedChange(table=name, change=words, outcome="done")

    def _described(self) -> dict[Table, TableInfo | None]:
        return {table: self.store.describe_table(table) for table in TABLES}

    def _found(self, described: dict[Table, TableInfo | None]) -> _Found:
        unsupported = self.store.unsupported()
        return [(table, each) for table, info in described.items() for each in mismatches(table, info, unsupported)]

    def _difference(self, table: Table, mismatch: Mismatch) -> Difference:
        return Difference(
            table=self._name(table),
            what=mismatch.what,
            declared=mismatch.declared,
            live=mismatch.live,
            fixable=bool(mismatch.changes),
            remedy=", ".join(map(str, mismatch.changes)) or (NEVER_TOUCHED if mismatch.what == NOT_OURS else WAY_OUT),
        )

    def _name(self, table: Table) -> str:
        return self.store.prefix + table.name
