"""Existing tables are changed in place, and can be used as soon as `change_table` returns."""

from collections.abc import Iterator

import pytest

from commercive_cli.store.port import Query, Store, TableInfo
from commercive_cli.store.schema import LEADS, OPS, Table
from commercive_cli.store.table_changes import CreateIndex, DropIndex, SetTTL
from commercive_cli.store.writes import Put
from tests.contract.samples import everything, lead

STATUS = LEADS.index("LeadStatusIndex")


@pytest.fixture
def store(empty_store: Store) -> Iterator[Store]:
    """Yield a store of two tables for one test."""
    empty_store.create_table(LEADS)
    empty_store.create_table(OPS)
    yield empty_store
    empty_store.delete_table(LEADS)
    empty_store.delete_table(OPS)


def described(store: Store, table: Table) -> TableInfo:
    info = store.describe_table(table)
    assert info is not None
    return info


def test_an_index_is_dropped_and_made_again(store: Store) -> None:
    """A dropped index is gone; created again, it holds every item of the table."""
    before = described(store, LEADS)
    store.change_table(LEADS, DropIndex(STATUS.name))
    without = described(store, LEADS)
    store.transact(Put(LEADS, lead("a", status="pending")))
    store.change_table(LEADS, CreateIndex(STATUS))

    assert STATUS.name in before.indexes
    assert set(before.indexes) - {STATUS.name} == set(without.indexes)
    assert before.indexes == described(store, LEADS).indexes
    assert ["a"] == [item["lead_id"] for item in everything(store, Query(LEADS, "pending", index=STATUS.name))]


def test_index_changes_can_be_repeated(store: Store) -> None:
    """After an interruption a change can be made again: a change that is already made is no error."""
    for _ in range(2):
        store.change_table(LEADS, DropIndex(STATUS.name))
    for _ in range(2):
        store.change_table(LEADS, CreateIndex(STATUS))

    assert STATUS.name in described(store, LEADS).indexes


def test_an_index_is_described_with_what_it_holds(store: Store) -> None:
    """The description of an index says that it holds all attributes, and whether it can be used."""
    info = described(store, LEADS)

    assert {index.name: "ALL" for index in LEADS.indexes} == info.projections
    assert {index.name: "ACTIVE" for index in LEADS.indexes} == info.index_status


def test_time_to_live_is_turned_off_and_on(store: Store) -> None:
    """Time to live can be turned off, also twice, and turned on again for the same attribute."""
    store.change_table(OPS, SetTTL(None))
    store.change_table(OPS, SetTTL(None))
    off = described(store, OPS).ttl
    store.change_table(OPS, SetTTL("expires_at"))

    assert (None, "expires_at") == (off, described(store, OPS).ttl)
