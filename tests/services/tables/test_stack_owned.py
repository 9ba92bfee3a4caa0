"""Tables that a CloudFormation stack owns, by its tag: `diff` tells of them, and nothing here changes them."""

from dataclasses import replace

import pytest

from commercive_cli.domain.errors import Conflict
from commercive_cli.services.tables.drift import DriftService
from commercive_cli.services.tables.service import TableService
from commercive_cli.store.port import STACK_TAG, Store, TableInfo
from commercive_cli.store.schema import CONVERSATIONS, LEADS, OPS, TABLES, Table
from commercive_cli.store.table_changes import DropIndex, SetTTL
from tests.services.fakes import Intervening

STATUS = CONVERSATIONS.index("ConversationStatusIndex")
CHANGES = {"create_table", "change_table", "delete_table", "transact"}


class Deployed(Intervening):
    """A store of which a stack made these tables; AWS alone gives out the tag, so it is put into the descriptions."""

    def __init__(self, store: Store, *owned: Table, missing: Table | None = None) -> None:
        super().__init__(store)
        self._owned = owned
        self._missing = missing

    def describe_table(self, table: Table) -> TableInfo | None:
        info = None if table == self._missing else super().describe_table(table)
        if info is None or table not in self._owned:
            return info
        return replace(info, tags={**(info.tags or dict(table.protections.tags)), STACK_TAG: "shop"})


def test_apply_leaves_to_a_stack_what_it_owns(either: Store) -> None:
    """Its difference stays, with the remedy, and the tables that are nobody's are mended."""
    either.change_table(CONVERSATIONS, DropIndex(STATUS.name))
    either.change_table(OPS, SetTTL(None))
    store = Deployed(either, OPS)
    drift = DriftService(store)
    fixable, applied = drift.fixable(), drift.apply()

    (left,) = applied.remaining
    assert ("time to live", False) == (left.what, left.fixable)
    assert "deploy its template again" in left.remedy
    assert [f"index {STATUS.name}"] == [each.what for each in fixable]
    assert [(f"create index {STATUS.name}", "done")] == [(each.change, each.outcome) for each in applied.changes]


def test_nothing_is_made_in_the_place_of_a_table_of_a_stack(either: Store) -> None:
    """A stack would fail over a table that it did not make: neither `create` nor `apply` puts one beside its others."""
    store = Deployed(either, OPS, missing=LEADS)
    with pytest.raises(Conflict, match=r"ops: a stack owns the table: deploy its template.*; nothing was created"):
        TableService(store).create()
    applied = DriftService(store).apply()

    assert [("table", False)] == [(each.what, each.fixable) for each in applied.remaining]
    assert CHANGES.isdisjoint(store.calls)


def test_create_finds_a_whole_stack_in_order(either: Store) -> None:
    """Where nothing is missing there is nothing to refuse."""
    store = Deployed(either, *TABLES)

    assert {"unchanged"} == {each.state for each in TableService(store).create().tables}
    assert [] == DriftService(store).diff().differences


def test_a_table_of_a_stack_is_not_deleted(either: Store) -> None:
    """Nor are the others: all six stay."""
    store = Deployed(either, LEADS)
    with pytest.raises(Conflict, match=r"leads: a stack owns the table: delete the stack.*nothing was deleted"):
        TableService(store).delete(store.prefix)

    assert CHANGES.isdisjoint(store.calls)
    assert all(either.describe_table(table) for table in TABLES)
