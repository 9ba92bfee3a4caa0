"""Drift of a SQLite file that somebody changed by hand: all that matters to queries is noticed, and mended."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.tables.drift import DriftService
from commercive_cli.store.port import Query
from commercive_cli.store.schema import LEADS, OPS, TABLES
from commercive_cli.store.writes import Put

LEAD = {"lead_id": "a", "created_at": 1, "status": "pending"}
COLUMNS = "(status, created_at, lead_id)"
SPARSE = "WHERE status IS NOT NULL"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    with closing(SQLiteStore(path)) as opened:
        for table in TABLES:
            opened.create_table(table)
        opened.transact(Put(LEADS, LEAD))
        yield opened


def by_hand(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def remade(path: Path, name: str, statement: str) -> None:
    by_hand(path, f'DROP INDEX "{name}"', statement.format(f'"{name}"'))


@pytest.mark.parametrize(
    ("columns", "live"),
    [
        ("(lead_id)", "lead_id S, ALL"),
        ("(lead_id, created_at)", "lead_id S, created_at N, ALL"),
        ("(lower(lead_id))", "an expression ?, ALL"),
    ],
)
def test_an_index_of_somebody_is_one_too_many(path: Path, store: SQLiteStore, columns: str, live: str) -> None:
    """However many columns it has it is no time to live, and `apply` drops it for good."""
    by_hand(path, f'CREATE INDEX "commercive_leads.Foo" ON commercive_leads{columns}')
    estate = DriftService(store)
    (found,) = estate.diff().differences
    applied = estate.apply()

    assert ("index Foo", "nothing", live, True) == (found.what, found.declared, found.live, found.fixable)
    assert (["drop index Foo"], []) == ([each.change for each in applied.changes], applied.remaining)


@pytest.mark.parametrize(
    "statement",
    [
        f"CREATE INDEX {{}} ON commercive_leads {COLUMNS} WHERE status = 'approved'",
        f"CREATE INDEX {{}} ON commercive_leads {COLUMNS}",
        f"CREATE INDEX {{}} ON commercive_leads (status, created_at) {SPARSE}",
        f"CREATE INDEX {{}} ON commercive_leads (status, created_at DESC, lead_id) {SPARSE}",
        f"CREATE INDEX {{}} ON commercive_leads (status COLLATE NOCASE, created_at, lead_id) {SPARSE}",
        f"CREATE UNIQUE INDEX {{}} ON commercive_leads {COLUMNS} {SPARSE}",
    ],
)
def test_an_index_that_was_made_otherwise_is_made_again(path: Path, store: SQLiteStore, statement: str) -> None:
    """Other columns, or another condition: queries by it fail or go slow, so `apply` drops and creates it."""
    remade(path, "commercive_leads.LeadStatusIndex", statement)
    estate = DriftService(store)
    (found,) = estate.diff().differences
    applied = estate.apply()

    assert ("index LeadStatusIndex", True) == (found.what, found.fixable)
    assert "made by CREATE" in found.live
    assert "drop index LeadStatusIndex, create index LeadStatusIndex" == found.remedy
    assert (["done", "done"], []) == ([each.outcome for each in applied.changes], applied.remaining)
    assert [LEAD] == store.query(Query(LEADS, "pending", index="LeadStatusIndex")).items


def test_the_same_index_spelled_otherwise_is_the_same(path: Path, store: SQLiteStore) -> None:
    """Upper and lower case, quotes and spaces are no drift."""
    remade(
        path,
        "commercive_leads.LeadStatusIndex",
        'create index {} on Commercive_Leads("status","created_at",  lead_id) where Status is not null',
    )

    assert [] == DriftService(store).diff().differences


def test_a_time_to_live_that_was_made_otherwise_is_turned_on_again(path: Path, store: SQLiteStore) -> None:
    """An index of its name on another column lets nothing expire."""
    remade(path, "commercive_ops.expires_at", "CREATE INDEX {} ON commercive_ops (sk)")
    estate = DriftService(store)
    (found,) = estate.diff().differences
    applied = estate.apply()

    assert ("time to live", "off", True) == (found.what, found.live, found.fixable)
    assert (["turn on TTL on expires_at"], []) == ([each.change for each in applied.changes], applied.remaining)
    info = store.describe_table(OPS)
    assert info is not None
    assert "expires_at" == info.ttl


def test_a_table_without_its_items_is_told_with_the_way_out(path: Path, store: SQLiteStore) -> None:
    """`diff` still tells of every table; what it cannot mend, it says how to."""
    by_hand(path, "ALTER TABLE commercive_leads DROP COLUMN _item")
    estate = DriftService(store)
    (found,) = estate.diff().differences

    assert ("commercive_leads", "columns", "_item", "missing", False) == (
        found.table,
        found.what,
        found.declared,
        found.live,
        found.fixable,
    )
    assert "with a --store of a new prefix or file" in found.remedy
    assert [found] == estate.apply().remaining
