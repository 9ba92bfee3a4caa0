"""Files with a table under one of our names that has another key: whatever is asked of it is refused."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Misconfigured
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.port import Query
from commercive_cli.store.schema import LEADS, MESSAGES
from commercive_cli.store.table_changes import CreateIndex
from commercive_cli.store.writes import Absent, Put, Update

LEAD = {"lead_id": "a", "created_at": 1, "status": "pending"}
KEY = LEADS.key_of(LEAD)
FOREIGN = {
    "without our columns": "CREATE TABLE commercive_leads (lead_id TEXT PRIMARY KEY, created_at INTEGER)",
    "without a key": "CREATE TABLE commercive_leads (lead_id TEXT, created_at INTEGER)",
    "a view": "CREATE VIEW commercive_leads AS SELECT 'a' AS lead_id, 1 AS created_at",
    "with our columns": (
        "CREATE TABLE commercive_leads (_slot INTEGER NOT NULL, lead_id TEXT NOT NULL, created_at INTEGER NOT NULL, "
        "affiliate_id TEXT, status TEXT, link_id TEXT, _item TEXT NOT NULL, PRIMARY KEY (_slot, lead_id))"
    ),
    "the other way round": (
        "CREATE TABLE commercive_leads (_slot INTEGER NOT NULL, lead_id TEXT NOT NULL, created_at INTEGER NOT NULL, "
        "affiliate_id TEXT, status TEXT, link_id TEXT, _item TEXT NOT NULL, PRIMARY KEY (_slot, created_at, lead_id))"
    ),
}
USES: dict[str, Callable[[SQLiteStore], object]] = {
    "get": lambda store: store.get(LEADS, KEY),
    "batch_get": lambda store: store.batch_get(LEADS, [KEY]),
    "query": lambda store: store.query(Query(LEADS, "a")),
    "index": lambda store: store.query(Query(LEADS, "pending", index="LeadStatusIndex")),
    "scan": lambda store: store.scan(LEADS),
    "texts": lambda store: store.scan_text(LEADS),
    "put": lambda store: store.transact(Put(LEADS, LEAD, when=Absent())),
    "update": lambda store: store.transact(
        Put(MESSAGES, {"conversation_id": "c", "message_id": "m"}), Update(LEADS, KEY, set={"status": "approved"})
    ),
    "bulk": lambda store: store.batch_put(LEADS, [LEAD]),
    "create": lambda store: store.create_table(LEADS),
    "change": lambda store: store.change_table(LEADS, CreateIndex(LEADS.indexes[0])),
    "delete": lambda store: store.delete_table(LEADS),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    with closing(SQLiteStore(path)) as store:
        store.create_table(MESSAGES)
        yield store


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as file:
        return list(file.iterdump())


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_table_with_another_key_is_refused_and_not_changed(
    foreign: str, use: str, store: SQLiteStore, path: Path
) -> None:
    """The message names both keys and the way out, and the file stays as it is."""
    with closing(sqlite3.connect(path)) as file:
        file.execute(FOREIGN[foreign])
    before = dump(path)
    with pytest.raises(Misconfigured, match=r"commercive_leads is not our table \(its key is .*another prefix or file"):
        USES[use](store)

    assert before == dump(path)


@pytest.mark.parametrize("use", [name for name in USES if name not in ("create", "update", "change", "delete")])
def test_a_missing_table_beside_one_that_is_not_ours_has_a_way_out(use: str, store: SQLiteStore, path: Path) -> None:
    """The message does not advise to create it, which would be refused, but names the other table and another file."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE commercive_ops (id TEXT PRIMARY KEY)")
    before = dump(path)
    with pytest.raises(Misconfigured) as refused:
        USES[use](store)

    assert before == dump(path)
    assert f"table commercive_leads does not exist in {path}; commercive_ops is not our table" in str(refused.value)
    assert "another prefix or file" in str(refused.value)
    assert "tables create" not in str(refused.value)


def test_a_table_that_is_made_ours_is_used(store: SQLiteStore, path: Path) -> None:
    """What was found once is looked at again."""
    with closing(sqlite3.connect(path)) as file:
        file.execute(FOREIGN["without our columns"])
        with pytest.raises(Misconfigured):
            store.get(LEADS, KEY)
        file.execute("DROP TABLE commercive_leads")
    store.create_table(LEADS)

    assert store.get(LEADS, KEY) is None
