"""Creates the six tables, compares them with the declaration, describes and deletes them."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex

from commercive_cli.domain.answers.tables import Tables, TableState
from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import CommerciveError, Conflict, Invalid, Misconfigured, NotPermitted
from commercive_cli.domain.quoting import quoted
from commercive_cli.services.tables.comparison import kept, mismatches
from commercive_cli.store.foreign import check_ours, declared_key
from commercive_cli.store.port import ConditionFailed, Store, TableInfo
from commercive_cli.store.regions import check_transactional
from commercive_cli.store.schema import OPS, TABLES, Table
from commercive_cli.store.table_changes import DEPLOY_TEMPLATE
from commercive_cli.store.writes import Check, Delete, Exists, Put

DELETE_STACK = "a stack owns the table: delete the stack, which keeps its tables, and these then in AWS's console"


@dataclass(frozen=True)
class TableService:
    """Creates, lists, describes and deletes the tables of one store."""

    store: Store

    def create(self) -> Tables:
        """Create the tables that are missing, wait until each can be used, and report the state of all six.

        Raises Conflict, with nothing created, when one that is there is not ours, or a stack's, which makes the others,
        and Misconfigured when transactions are impossible in one.
        """
        found = self._described()
        check_ours(self.store.prefix, found, Conflict)
        check_transactional(found.values())
        if None in found.values():
            _check_no_stack(found, "nothing was created", DEPLOY_TEMPLATE)
        return self._report([self._create(*each) for each in found.items()])

    def check_transactions(self) -> None:
        """Raise Misconfigured when the store makes no transactions, or makes the writes of one that is refused in part.

        A transaction that must be refused tells, and it leaves nothing. Whoever may not write any learns nothing.
        """
        probe, absent = ({"pk": f"probe#{token_hex(8)}", "sk": sk} for sk in ("written", "absent"))
        with suppress(ConditionFailed, NotPermitted):
            self.store.transact(Put(OPS, probe), Check(OPS, absent, Exists()))
        with suppress(NotPermitted):
            if self.store.get(OPS, probe) is not None:
                self.store.transact(Delete(OPS, probe))
                raise Misconfigured(
                    "this server makes some writes of a transaction though others are refused; counters and money need "
                    "transactions that are made whole or not at all, as DynamoDB's are: use another server in --store"
                )

    def list_tables(self) -> Tables:
        """Return the state of all six tables."""
        return self._report([self._state(*each) for each in self._described().items()])

    def check(self) -> int:
        """Return how many of the six tables are there; raise Misconfigured when one cannot be ours."""
        found = self._described()
        check_ours(self.store.prefix, found)
        check_transactional(found.values())
        return sum(info is not None for info in found.values())

    def count(self, tables: Iterable[Table] = TABLES) -> int | None:
        """Return about how many items these tables hold, for each time that one is named; None if nobody tells."""
        try:
            found = [self.store.describe_table(table) for table in tables]
        except CommerciveError:
            return None
        return sum(info.items for info in found if info is not None)

    def describe(self, name: str) -> Tables:
        """Return the state of one table, named with or without the prefix."""
        bare = name.removeprefix(self.store.prefix)
        known = {table.name: table for table in TABLES}
        table = known[choose(bare, tuple(known), "table")]
        return self._report([self._state(table, self.store.describe_table(table))])

    def delete(self, confirm: str) -> Tables:
        """Delete our six tables with all items, and no others; `confirm` must be the store's prefix, else Invalid.

        Raises Conflict, with nothing deleted, when a stack owns one.
        """
        if confirm != self.store.prefix:
            raise Invalid(
                f"nothing was deleted: type the prefix {quoted(self.store.prefix)}, or pass it with --confirm",
                field="confirm",
            )
        found = self._described()
        _check_no_stack(found, "nothing was deleted", DELETE_STACK)
        return self._report([self._delete(*each) for each in found.items()])

    def _described(self) -> dict[Table, TableInfo | None]:
        return {table: self.store.describe_table(table) for table in TABLES}

    def _create(self, table: Table, info: TableInfo | None) -> TableState:
        if info is not None:
            return self._state(table, info)
        self.store.create_table(table)
        info = self.store.describe_table(table)
        hidden = mismatches(table, info, self.store.unsupported())
        accepted = tuple(str(change) for each in hidden for change in each.changes)
        shown = {"state": "created", "differences": (), "accepted": accepted}
        return self._state(table, info).model_copy(update=shown)

    def _delete(self, table: Table, info: TableInfo | None) -> TableState:
        if info is None or info.keys != declared_key(table):
            return self._state(table, info)
        self.store.delete_table(table)
        return TableState(table=self.store.prefix + table.name, state="deleted")

    def _state(self, table: Table, info: TableInfo | None) -> TableState:
        if info is None:
            return TableState(table=self.store.prefix + table.name, state="missing")
        differing = tuple(map(str, mismatches(table, info, self.store.unsupported())))
        state, ours = "different" if differing else "unchanged", info.keys == declared_key(table)
        return TableState(
            table=info.name,
            state=state if ours else "foreign",
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
            kept=tuple(f"{what}: {live}" for what, live in kept(table, info).items()) if ours else (),
        )

    def _report(self, states: list[TableState]) -> Tables:
        return Tables(tables=states, unsupported=tuple(self.store.unsupported()))


def _check_no_stack(found: Mapping[Table, TableInfo | None], outcome: str, remedy: str) -> None:
    """Raise Conflict when a stack owns one of the tables."""
    owned = [info.name for info in found.values() if info is not None and info.in_stack]
    if owned:
        raise Conflict(f"{', '.join(owned)}: {remedy}; {outcome}")
