"""Tables are created as declared, described as they are in the store, and deleted."""

from collections.abc import Callable

import pytest

from commercive_cli.domain.errors import Conflict, Misconfigured
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import LEADS, MESSAGES, OPS, TABLES, Attribute, Table
from commercive_cli.store.writes import Delete, Put
from tests.contract.samples import everything, lead, message, read


def as_pairs(*attributes: Attribute | None) -> tuple[tuple[str, str], ...]:
    return tuple((each.name, each.type) for each in attributes if each is not None)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_as_declared(store: Store, table: Table) -> None:
    """Keys, indexes and the expiry attribute are read from the store itself, so that drift is found."""
    info = store.describe_table(table)

    assert info is not None
    assert store.prefix + table.name == info.name
    assert "ACTIVE" == info.status
    assert as_pairs(table.partition, table.sort) == info.keys
    assert {index.name: as_pairs(index.partition, index.sort) for index in table.indexes} == info.indexes
    assert table.ttl == info.ttl


def test_a_missing_table_is_described_as_none(empty_store: Store) -> None:
    """Describing a table that was not created is no error and returns None."""
    assert empty_store.describe_table(OPS) is None


def test_a_table_is_created_once(empty_store: Store) -> None:
    """Creating a table again is a conflict and leaves its items as they are."""
    empty_store.create_table(MESSAGES)
    empty_store.transact(Put(MESSAGES, message("c")))

    with pytest.raises(Conflict, match="exists already"):
        empty_store.create_table(MESSAGES)
    assert message("c") == read(empty_store, "c")


def test_deleting_a_table_deletes_its_items(empty_store: Store) -> None:
    """A table that is deleted and created again is empty, and its indexes work."""
    empty_store.create_table(LEADS)
    empty_store.transact(Put(LEADS, lead("a", affiliate_id="x")))
    empty_store.delete_table(LEADS)

    assert empty_store.describe_table(LEADS) is None
    empty_store.create_table(LEADS)
    assert empty_store.get(LEADS, lead("a")) is None
    assert [] == everything(empty_store, Query(LEADS, "x", index="AffiliateLeadsIndex"))


USES: dict[str, Callable[[Store], object]] = {
    "get": lambda store: store.get(LEADS, lead("a")),
    "query": lambda store: store.query(Query(LEADS, "a")),
    "index": lambda store: store.query(Query(LEADS, "a", index="LeadStatusIndex")),
    "scan": lambda store: store.scan(LEADS),
    "transact": lambda store: store.transact(Put(LEADS, lead("a"))),
    "transact-two": lambda store: store.transact(Delete(OPS, {"pk": "a", "sk": "b"}), Delete(LEADS, lead("a"))),
    "batch": lambda store: store.batch_put(LEADS, [lead("a")]),
    "delete": lambda store: store.delete_table(LEADS),
}


@pytest.mark.parametrize("use", USES)
def test_errors_name_the_missing_table(empty_store: Store, use: str, tolerate: Callable[[str, str], None]) -> None:
    """Every use of a missing table is an error that names the table and the command that creates it."""
    if use == "transact-two":
        tolerate("moto", "moto cancels the transaction without a reason")
    empty_store.create_table(OPS)

    with pytest.raises(Misconfigured, match=r"leads.* does not exist in .*`commercive tables create`"):
        USES[use](empty_store)


def test_a_store_can_be_closed_and_used_again(empty_store: Store) -> None:
    """Closing a store twice is no error, and a later read opens it again."""
    empty_store.create_table(MESSAGES)
    empty_store.close()
    empty_store.close()

    assert read(empty_store, "c") is None


def test_the_target_names_the_store(empty_store: Store) -> None:
    """The target shows people which engine they are about to change, and no credentials."""
    assert empty_store.target.startswith(("sqlite ", "dynamodb ", "memory"))
    assert "test:test" not in empty_store.target
