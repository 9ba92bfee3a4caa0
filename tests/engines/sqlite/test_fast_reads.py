"""Reading fast and reading with care: a damaged row changes nothing of what is read of the rows beside it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.items import Item, item_text
from commercive_cli.store.port import Query
from commercive_cli.store.schema import LEADS
from tests.store.attribute_values import ITEMS

FOREIGN = st.sampled_from(["{}", "[]", "{", '{"lead_id":{"S":"a"}}', '{"x":{"N":"ten"}}', "\x00", ""])
DAMAGED = {"lead_id": "damaged", "created_at": 1, "status": "pending"}
INDEX = "LeadStatusIndex"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    with closing(SQLiteStore(path)) as made:
        made.create_table(LEADS)
        yield made


def read(store: SQLiteStore) -> list[object]:
    """Return what each way of reading finds beside the damaged row."""
    lead = DAMAGED["lead_id"]
    scanned = [item for item in store.scan(LEADS).items if item["lead_id"] != lead]
    of_index = [i for i in store.query(Query(LEADS, "pending", index=INDEX)).items if i["lead_id"] != lead]
    texts = [row for row in store.scan_text(LEADS).rows if row[1] != lead]
    return [scanned, of_index, texts, list(map(type, scanned))]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ITEMS, min_size=1, max_size=4), FOREIGN)
def test_what_is_read_is_the_same_on_both_ways(path: Path, store: SQLiteStore, odd: list[Item], foreign: str) -> None:
    """Items and the texts of exports are the same, byte for byte, whether a page is read fast or row by row."""
    keys = [{"lead_id": f"lead-{number}", "created_at": number, "status": "pending"} for number in range(len(odd))]
    items = [item | key for item, key in zip(odd, keys, strict=True)]
    store.batch_put(LEADS, [*items, DAMAGED])
    with closing(sqlite3.connect(path)) as connection, connection:
        fast = read(store)
        connection.execute("UPDATE commercive_leads SET _item = ? WHERE lead_id = 'damaged'", (foreign,))
        connection.commit()
        careful = read(store)
        connection.execute("DELETE FROM commercive_leads")

    assert fast == careful
    assert sorted(map(item_text, items)) == sorted(row[0] for row in careful[2])  # type: ignore[attr-defined]
