"""Rows that somebody damaged by hand: the error names the item and its table, and says what to do."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Damaged, Misconfigured
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.port import Query
from commercive_cli.store.schema import LEADS
from commercive_cli.store.writes import Delete, Put, Update

KEY = {"lead_id": "b", "created_at": 2}
NAMED = "the stored item b 2 of leads is damaged: "
TEXT = '{"created_at":{"N":"2"},"lead_id":{"S":"b"},"status":{"S":"pending"},"x":%s}'

USES: dict[str, Callable[[SQLiteStore], object]] = {
    "get": lambda store: store.get(LEADS, KEY),
    "query": lambda store: store.query(Query(LEADS, "b")),
    "query of an index": lambda store: store.query(Query(LEADS, "pending", index="LeadStatusIndex")),
    "scan": lambda store: store.scan(LEADS),
    "put": lambda store: store.transact(Put(LEADS, KEY | {"status": "approved"})),
    "update": lambda store: store.transact(Update(LEADS, KEY, set={"status": "approved"})),
    "delete": lambda store: store.transact(Delete(LEADS, KEY)),
}
DAMAGES: dict[str, tuple[object, str]] = {
    "cut short": ('{"lead_id":{"S":"b"', "it is not JSON: EOF while parsing"),
    "empty": ("", "it is not JSON: EOF while parsing"),
    "null": (None, "there is no text in it"),
    "number": (5.5, "there is no text in it"),
    "bytes": (b"\x80", "there is no text in it"),
    "list": ("[]", "it is not of the form {name: {type: value}}"),
    "untyped": ('{"lead_id":"b"}', "it is not of the form {name: {type: value}}"),
    "without key": ('{"status":{"S":"pending"}}', "its lead_id is missing, not the one of its row"),
    "not a number": (TEXT % '{"N":"NaN"}', "NaN is not a number that can be stored"),
    "not digits": (TEXT % '{"N":"ten"}', "'ten' is not a number"),
    "400 digits": (TEXT % f'{{"N":"{"1" * 400}"}}', "a number may have 38 digits"),
    "endless": (TEXT % '{"N":"1E+999999999"}', "a number may have 38 digits"),
    "two types": (TEXT % '{"N":"1","S":"1"}', "an attribute value holds more than one type tag"),
    "foreign type": (TEXT % '{"X":"eA=="}', "attribute type X is unknown"),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    """Yield a store of three leads, in a file whose item column accepts any value."""
    with closing(SQLiteStore(path)) as made:
        made.create_table(LEADS)
        made.batch_put(LEADS, [{"lead_id": name, "created_at": 2, "status": "pending"} for name in "abc"])
    by_hand(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, '_item TEXT NOT NULL', '_item')",
    )
    with closing(SQLiteStore(path)) as opened:
        yield opened


def by_hand(path: Path, *statements: str, values: tuple[object, ...] = ()) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement, values)
        connection.commit()


def damage(path: Path, text: object) -> None:
    by_hand(path, "UPDATE commercive_leads SET _item = ? WHERE lead_id = 'b'", values=(text,))


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_item_is_named(path: Path, store: SQLiteStore, kind: str, use: str) -> None:
    """The error names table, key and damage, and says how to repair it; other items can still be read."""
    text, reason = DAMAGES[kind]
    damage(path, text)

    with pytest.raises(Damaged) as refusal:
        USES[use](store)
    assert refusal.value.message.startswith(NAMED + reason)
    assert refusal.value.message.endswith("; mend or delete this row with `sqlite3`, or restore a backup")
    assert store.get(LEADS, KEY | {"lead_id": "c"}) is not None


@pytest.mark.parametrize("use", [*USES, "export"])
def test_text_that_is_not_utf_8_is_damaged(path: Path, store: SQLiteStore, use: str) -> None:
    """Text that Python cannot decode is reported as a damaged item, by every operation."""
    by_hand(path, "UPDATE commercive_leads SET _item = CAST(x'7bff' AS TEXT) WHERE lead_id = 'b'")

    with pytest.raises(Damaged, match=NAMED + "it is not JSON"):
        (USES | {"export": lambda store: store.scan_text(LEADS)})[use](store)


@pytest.mark.parametrize("kind", ["cut short", "empty", "null", "number", "bytes", "list"])
def test_an_export_refuses_missing_and_truncated_texts(path: Path, store: SQLiteStore, kind: str) -> None:
    """Exports copy texts without parsing them, but a missing or truncated text is still an error."""
    text, reason = DAMAGES[kind]
    damage(path, text)

    with pytest.raises(Damaged) as refusal:
        store.scan_text(LEADS)
    assert refusal.value.message.startswith(NAMED + reason)


def test_an_item_with_extra_spaces_is_not_damaged(path: Path, store: SQLiteStore) -> None:
    """An item that somebody repaired by hand may hold spaces."""
    damage(path, (TEXT % '{"N":"1"}') + " ")

    assert 3 == len(store.scan_text(LEADS).rows) == len(store.scan(LEADS).items)


def test_an_item_without_the_key_of_its_index_is_damaged(path: Path, store: SQLiteStore) -> None:
    """An item in an index that lacks the index's key is an error, since no page could start after it."""
    damage(path, '{"created_at":{"N":"2"},"lead_id":{"S":"b"}}')

    with pytest.raises(Damaged, match=NAMED + "its status is missing"):
        store.query(Query(LEADS, "pending", index="LeadStatusIndex", since=1, limit=2))


def test_a_damaged_item_can_be_overwritten(path: Path, store: SQLiteStore) -> None:
    """A bulk load, as by an import, replaces a damaged item."""
    damage(path, None)
    store.batch_put(LEADS, [KEY | {"status": "approved"}])

    assert KEY | {"status": "approved"} == store.get(LEADS, KEY)


def test_a_missing_index_is_not_reported_as_damage(path: Path, store: SQLiteStore) -> None:
    """A query by an index that is missing says that the table is not as it should be."""
    by_hand(path, 'DROP INDEX "commercive_leads.LeadStatusIndex"')

    with pytest.raises(Misconfigured, match="LeadStatusIndex of commercive_leads is missing"):
        store.query(Query(LEADS, "pending", index="LeadStatusIndex"))
