"""Expired items are deleted, a few with each write, so that a file does not grow for ever."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import MESSAGES, OPS
from commercive_cli.store.writes import Put, wholly_unchanged

NOW = 1_800_000_000
DAY = 86_400


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with closing(SQLiteStore(tmp_path / "store.db", clock=lambda: NOW * 1000)) as opened:
        opened.create_table(OPS)
        opened.create_table(MESSAGES)
        yield opened


def row(sk: str, expires_at: Any) -> dict[str, Any]:
    return {"pk": "p", "sk": sk, "expires_at": expires_at}


def left(store: SQLiteStore) -> list[str]:
    return [item["sk"] for item in store.scan(OPS).items]


def test_each_write_deletes_up_to_ten_of_the_longest_expired(store: SQLiteStore) -> None:
    """No single write takes long, and a backlog of expired items is deleted after a few writes."""
    store.batch_put(OPS, [row(f"{n:02}", NOW - 9 * DAY + n) for n in range(25)])

    sizes = []
    for _ in range(4):
        store.transact(Put(OPS, row("new", NOW + DAY)))
        sizes.append(len(left(store)))

    assert [16, 6, 1, 1] == sizes


def test_an_expired_item_is_there_until_a_write_has_looked_at_it(store: SQLiteStore) -> None:
    """Who read one may replace it as it was read: its own write does not take it away before."""
    old, new = row("old", NOW - 9 * DAY), row("old", NOW + DAY)
    store.batch_put(OPS, [old])
    store.transact(Put(OPS, new, when=wholly_unchanged(OPS, old)))

    assert [new] == store.scan(OPS).items


def test_items_that_expired_less_than_a_day_ago_stay(store: SQLiteStore) -> None:
    """Items are deleted a day after they expired, so that clocks which differ do no harm."""
    store.batch_put(OPS, [row("hour", NOW - 3600), row("future", NOW + 1), row("week", NOW - 7 * DAY)])
    store.transact(Put(OPS, {"pk": "p", "sk": "without"}))

    assert ["future", "hour", "without"] == sorted(left(store))


@pytest.mark.parametrize("expires_at", ["1", True, None, 10**30], ids=repr)
def test_an_item_whose_expiry_is_not_a_time_never_expires(store: SQLiteStore, expires_at: object) -> None:
    """An expiry that is not a number of seconds is ignored, as on DynamoDB."""
    store.batch_put(OPS, [row("odd", expires_at)])
    store.transact(Put(OPS, {"pk": "p", "sk": "other"}))

    assert ["odd", "other"] == sorted(left(store))


def test_writes_to_other_tables_leave_expired_items_alone(store: SQLiteStore) -> None:
    """Only writes to a table delete its expired items."""
    store.batch_put(OPS, [row("old", 1)])
    store.transact(Put(MESSAGES, {"conversation_id": "c", "message_id": "m"}))

    assert ["old"] == left(store)
