"""Every query searches an index in its order, so its cost grows with the page and not with the table."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.engines.sqlite.queries import Select, select_query, select_segment
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.engines.sqlite.table_sql import TableSQL
from commercive_cli.store.port import Query
from commercive_cli.store.schema import DEFAULT_PREFIX, TABLES, Attribute, Table

VALUES: dict[str, tuple[int | str, int | str, int | str]] = {"N": (1, 5, 9), "S": ("a", "e", "i")}


def plan(path: Path, table: Table, select: Select) -> str:
    with closing(SQLiteStore(path)) as store:
        store.create_table(table)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {select.sql}", select.parameters).fetchall()
    return "; ".join(row[3] for row in rows)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize(
    ("table", "index"),
    [(table, name) for table in TABLES for name in (None, *(index.name for index in table.indexes))],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_query_searches_an_index(
    tmp_path: Path, table: Table, index: str | None, *, started: bool, bounded: bool, descending: bool
) -> None:
    """Every page is read by an index search without sorting, in either direction, with and without bounds."""
    names = table.key_attributes(index)
    bounded = bounded and len(names) > 1
    low, _, high = VALUES[names[1].type] if bounded else (None, None, None)
    start = {each.name: _middle(each) for each in names} if started else None
    query = Query(table, "p", index, low, high, descending=descending, limit=10, start=start)

    found = plan(tmp_path / "store.db", table, select_query(TableSQL(table, DEFAULT_PREFIX), query))

    assert found.startswith("SEARCH ") or (started and len(names) == 1)
    assert "TEMP B-TREE" not in found
    if started and len(names) > 1:
        assert ("<" if descending else ">") in found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@pytest.mark.parametrize("started", [False, True])
def test_a_segment_is_a_range_of_the_primary_key(tmp_path: Path, table: Table, *, started: bool) -> None:
    """A segment reads only its own part of the table, and starts where the last page ended."""
    start = {each.name: _middle(each) for each in table.key_attributes()} if started else None

    found = plan(tmp_path / "store.db", table, select_segment(TableSQL(table, DEFAULT_PREFIX), 1, 4, start))

    assert found.startswith("SEARCH ")
    assert "TEMP B-TREE" not in found


def _middle(attribute: Attribute) -> int | str:
    return VALUES[attribute.type][1]
