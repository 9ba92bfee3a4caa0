"""Creates the six tables, compares them with the declaration, describes and deletes them."""

from dataclasses import dataclass

from commercive_cli.domain.answers.tables import Tables, TableState
from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.tables.comparison import mismatches
from commercive_cli.store.port import Store
from commercive_cli.store.schema import TABLES, Table


@dataclass(frozen=True)
class TableService:
    """Creates, lists, describes and deletes the tables of one store."""

    store: Store

    def create(self) -> Tables:
        """Create the tables that are missing, wait until each can be used, and report the state of all six."""
        return self._report([self._create(table) for table in TABLES])

    def list_tables(self) -> Tables:
        """Return the state of all six tables."""
        return self._report([self._state(table) for table in TABLES])

    def describe(self, name: str) -> Tables:
        """Return the state of one table, named with or without the prefix."""
        bare = name.removeprefix(self.store.prefix)
        known = {table.name: table for table in TABLES}
        return self._report([self._state(known[choose(bare, tuple(known), "table")])])

    def delete(self, confirm: str) -> Tables:
        """Delete all six tables with all items; `confirm` must be the store's prefix, or Invalid is raised."""
        if confirm != self.store.prefix:
            raise Invalid(
                f"nothing was deleted: type the prefix {self.store.prefix!r}, or pass it with --confirm",
                field="confirm",
            )
        return self._report([self._delete(table) for table in TABLES])

    def _create(self, table: Table) -> TableState:
        if self.store.describe_table(table) is not None:
            return self._state(table)
        self.store.create_table(table)
        return self._state(table).model_copy(update={"state": "created"})

    def _delete(self, table: Table) -> TableState:
        name = self.store.prefix + table.name
        if self.store.describe_table(table) is None:
            return TableState(table=name, state="missing")
        self.store.delete_table(table)
        return TableState(table=name, state="deleted")

    def _state(self, table: Table) -> TableState:
        info = self.store.describe_table(table)
        if info is None:
            return TableState(table=self.store.prefix + table.name, state="missing")
        differing = tuple(map(str, mismatches(table, info, self.store.unsupported())))
        return TableState(
            table=info.name,
            state="different" if differing else "unchanged",
            status=info.status,
            items=info.items,
            bytes=info.bytes,
            billing=info.billing,
            keys=tuple(name for name, _ in info.keys),
            indexes=tuple(sorted(info.indexes)),
            ttl=info.ttl,
            point_in_time_recovery=info.point_in_time_recovery,
            deletion_protection=info.deletion_protection,
            encryption=info.encryption,
            differences=differing,
        )

    def _report(self, states: list[TableState]) -> Tables:
        return Tables(tables=states, unsupported=tuple(self.store.unsupported()))
