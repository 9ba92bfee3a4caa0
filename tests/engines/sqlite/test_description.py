"""Drift of a SQLite file that somebody changed by hand: whatever affects queries is found and repaired."""

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


def replace_index(path: Path, name: str, statement: str) -> None:
    by_hand(path, f'DROP INDEX "{name}"', statement.format(f'"{name}"'))


@pytest.mark.parametrize(
    ("columns", "live"),
    [
        ("(lead_id)", "lead_id S, ALL"),
        ("(lead_id, created_at)", "lead_id S, created_at N, ALL"),
        ("(lower(lead_id))", "an expression ?, ALL"),
    ],
)
def test_an_undeclared_index_is_dropped(path: Path, store: SQLiteStore, columns: str, live: str) -> None:
    """An index that is not declared, with any columns, is a difference, and `apply` drops it."""
    by_hand(path, f'CREATE INDEX "commercive_leads.Foo" ON commercive_leads{columns}')
    drift = DriftService(store)
    (found,) = drift.diff().differences
    applied = drift.apply()

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
def test_an_index_that_differs_is_created_again(path: Path, store: SQLiteStore, statement: str) -> None:
    """With an index of other columns or another condition queries fail or are slow, so `apply` creates it again."""
    replace_index(path, "commercive_leads.LeadStatusIndex", statement)
    drift = DriftService(store)
    (found,) = drift.diff().differences
    applied = drift.apply()

    assert ("index LeadStatusIndex", True) == (found.what, found.fixable)
    assert "made by CREATE" in found.live
    assert "drop index LeadStatusIndex, create index LeadStatusIndex" == found.remedy
    assert (["done", "done"], []) == ([each.outcome for each in applied.changes], applied.remaining)
    assert [LEAD] == store.query(Query(LEADS, "pending", index="LeadStatusIndex")).items


def test_another_spelling_of_an_index_is_no_difference(path: Path, store: SQLiteStore) -> None:
    """Case, quotes and spaces in the statement of an index are no drift."""
    replace_index(
        path,
        "commercive_leads.LeadStatusIndex",
        'create index {} on Commercive_Leads("status","created_at",  lead_id) where Status is not null',
    )

    assert [] == DriftService(store).diff().differences


def test_a_time_to_live_on_another_column_is_turned_on_again(path: Path, store: SQLiteStore) -> None:
    """An index on another column with the name of the TTL's index is reported as "off", and `apply` replaces it."""
    replace_index(path, "commercive_ops.expires_at", "CREATE INDEX {} ON commercive_ops (sk)")
    drift = DriftService(store)
    (found,) = drift.diff().differences
    applied = drift.apply()

    assert ("time to live", "off", True) == (found.what, found.live, found.fixable)
    assert (["turn on TTL on expires_at"], []) == ([each.change for each in applied.changes], applied.remaining)
    info = store.describe_table(OPS)
    assert info is not None
    assert "expires_at" == info.ttl


def test_a_missing_column_is_a_difference_with_a_remedy(path: Path, store: SQLiteStore) -> None:
    """`diff` works with a missing column; `apply` cannot repair it, and the remedy says what to do instead."""
    by_hand(path, "ALTER TABLE commercive_leads DROP COLUMN _item")
    drift = DriftService(store)
    (found,) = drift.diff().differences

    assert ("commercive_leads", "columns", "_item", "missing", False) == (
        found.table,
        found.what,
        found.declared,
        found.live,
        found.fixable,
    )
    assert "with a --store of a new prefix or file" in found.remedy
    assert [found] == drift.apply().remaining
