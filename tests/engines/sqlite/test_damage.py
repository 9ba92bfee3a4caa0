"""Rows that somebody damaged by hand: they hide no other row, are shown as far as they are known, and are not lost."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.domain.attributes import UNREADABLE
from commercive_cli.domain.errors import Damaged, Misconfigured
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.dry_run import DryRun
from commercive_cli.store.items import Item, text_item
from commercive_cli.store.port import ConditionFailed, Query, Store
from commercive_cli.store.schema import LEADS
from commercive_cli.store.writes import Absent, All, AnyOf, Below, Check, Delete, Equals, Exists, Put, Update, Write
from tests.e2e.embedded import make_file

KEY = {"lead_id": "b", "created_at": 2}
TEXT = '{"created_at":{"N":"2"},"lead_id":{"S":"b"},"status":{"S":"pending"},"x":%s}'
KNOWN = {**KEY, "status": "pending"}
SOUND = [{"lead_id": name, "created_at": 2, "status": "pending"} for name in "ac"]

READS: dict[str, Callable[[SQLiteStore], list[Item]]] = {
    "get": lambda store: [item for name in "abc" if (item := store.get(LEADS, KEY | {"lead_id": name}))],
    "batch get": lambda store: store.batch_get(LEADS, [KEY | {"lead_id": name} for name in "abc"]),
    "query": lambda store: [item for name in "abc" for item in store.query(Query(LEADS, name)).items],
    "query of an index": lambda store: store.query(Query(LEADS, "pending", index="LeadStatusIndex")).items,
    "pages of an index": lambda store: _paged(store),
    "scan": lambda store: store.scan(LEADS).items,
    "texts": lambda store: [text_item(row[0]) for row in store.scan_text(LEADS).rows],
}
DAMAGES: dict[str, tuple[object, str]] = {
    "cut short": ('{"lead_id":{"S":"b"', '{"lead_id":{"S":"b"'),
    "empty": ("", ""),
    "null": (None, ""),
    "number": (5.5, "5.5"),
    "bytes": (b"\x80\0", "\\x80\\x00"),
    "list": ("[]", "[]"),
    "untyped": ('{"lead_id":"b"}', '{"lead_id":"b"}'),
    "of another key": (TEXT.replace('"b"', '"z"') % '{"N":"1"}', TEXT.replace('"b"', '"z"') % '{"N":"1"}'),
    "without key": ('{"status":{"S":"pending"}}', '{"status":{"S":"pending"}}'),
    "not a number": (TEXT % '{"N":"NaN"}', TEXT % '{"N":"NaN"}'),
    "not digits": (TEXT % '{"N":"ten"}', TEXT % '{"N":"ten"}'),
    "400 digits": (TEXT % f'{{"N":"{"1" * 400}"}}', TEXT % f'{{"N":"{"1" * 400}"}}'),
    "endless": (TEXT % '{"N":"1E+999999999"}', TEXT % '{"N":"1E+999999999"}'),
    "two types": (TEXT % '{"N":"1","S":"1"}', TEXT % '{"N":"1","S":"1"}'),
    "foreign type": (TEXT % '{"X":"eA=="}', TEXT % '{"X":"eA=="}'),
}
WHOLE_TEXTS = tuple(DAMAGES)[-8:]
"""What an export cannot tell from an item, since it copies texts without reading them."""

SEEN = [(kind, read) for kind in DAMAGES for read in READS if not (read == "texts" and kind in WHOLE_TEXTS)]
BLIND: dict[str, Write] = {
    "put": Put(LEADS, KEY | {"status": "approved"}),
    "put over what is there": Put(LEADS, KEY | {"status": "approved"}, when=Exists()),
    "update": Update(LEADS, KEY, set={"note": "seen"}),
    "update as read": Update(LEADS, KEY, set={"note": "seen"}, when=Equals("status", "pending")),
    "update or so": Update(LEADS, KEY, set={"note": "seen"}, when=AnyOf(Equals(UNREADABLE, "[]"), Exists())),
    "delete": Delete(LEADS, KEY),
}


def _paged(store: SQLiteStore) -> list[Item]:
    found: list[Item] = []
    query = Query(LEADS, "pending", index="LeadStatusIndex", limit=1)
    while True:
        page = store.query(query)
        found += page.items
        if page.next is None:
            return found
        query = Query(LEADS, "pending", index="LeadStatusIndex", limit=1, start=page.next)


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


def by_id(items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda item: str(item["lead_id"]))


@pytest.mark.parametrize(("kind", "read"), SEEN)
def test_a_damaged_row_is_shown_beside_the_sound_ones(path: Path, store: SQLiteStore, kind: str, read: str) -> None:
    """Its keys are known, and what stands in place of the item is shown."""
    text, shown = DAMAGES[kind]
    damage(path, text)

    assert [SOUND[0], {**KNOWN, UNREADABLE: shown}, SOUND[1]] == by_id(READS[read](store))


@pytest.mark.parametrize("kind", WHOLE_TEXTS)
def test_texts_that_look_whole_are_copied(path: Path, store: SQLiteStore, kind: str) -> None:
    """An export goes on, and an import says which line it cannot take."""
    text, _ = DAMAGES[kind]
    damage(path, text)

    assert (text, "b", 2) == next(row for row in store.scan_text(LEADS).rows if row[1] == "b")


@pytest.mark.parametrize("read", READS)
def test_text_that_is_not_utf_8_is_damaged(path: Path, store: SQLiteStore, read: str) -> None:
    """Text that nobody can decode is one more kind of damage, with its odd bytes as numbers."""
    by_hand(path, "UPDATE commercive_leads SET _item = CAST(x'7bff' AS TEXT) WHERE lead_id = 'b'")

    assert [SOUND[0], {**KNOWN, UNREADABLE: "{\\xff"}, SOUND[1]] == by_id(READS[read](store))


@pytest.mark.parametrize(
    ("read", "shown"),
    [("query of an index", ["b\\xff"]), ("pages of an index", []), ("scan", ["b\\xff"]), ("texts", ["b\\xff"])],
)
def test_a_key_that_is_not_utf_8_hides_nothing(path: Path, store: SQLiteStore, read: str, shown: list[str]) -> None:
    """Such a row is shown with the odd bytes as numbers, but in pages of a limit, as none could start behind it."""
    by_hand(path, "UPDATE commercive_leads SET lead_id = CAST(x'62ff' AS TEXT) WHERE lead_id = 'b'")

    found = by_id(READS[read](store))
    assert ["a", *shown, "c"] == [item["lead_id"] for item in found]


def test_an_item_with_extra_spaces_is_not_damaged(path: Path, store: SQLiteStore) -> None:
    """An item that somebody repaired by hand may hold spaces."""
    damage(path, (TEXT % '{"N":"1"}') + " ")

    assert 3 == len(store.scan_text(LEADS).rows) == len(store.scan(LEADS).items)
    assert {**KNOWN, "x": 1} == store.get(LEADS, KEY)


def test_an_item_without_the_key_of_its_index_is_damaged(path: Path, store: SQLiteStore) -> None:
    """An index shows it by the keys of the index, so that the next page can start behind it."""
    text = '{"created_at":{"N":"2"},"lead_id":{"S":"b"}}'
    damage(path, text)

    assert [SOUND[0], {**KNOWN, UNREADABLE: text}, SOUND[1]] == by_id(_paged(store))


@pytest.mark.parametrize("write", BLIND)
def test_what_nobody_could_read_is_replaced_by_nobody_who_does_not_know(
    path: Path, store: SQLiteStore, write: str
) -> None:
    """A write is refused, naming the item and the command that sets it right; a dry run refuses it, too."""
    damage(path, "[]")
    doors: tuple[Store, ...] = (store, DryRun(store))

    for door in doors:
        with pytest.raises(Damaged) as refused:
            door.transact(BLIND[write])
        assert "the stored item b 2 of leads cannot be read; nothing was written" in refused.value.message
        assert "commercive tables mend leads 'b 2' --remove _unreadable --set" in refused.value.message
    assert {**KNOWN, UNREADABLE: "[]"} == store.get(LEADS, KEY)


def test_conditions_fail_as_they_do_over_sound_items(path: Path, store: SQLiteStore) -> None:
    """Who wants the key to be free, or something to be there that is not known, hears what is there."""
    damage(path, "[]")
    shown = {**KNOWN, UNREADABLE: "[]"}
    for condition in (Absent(), Equals("x", 1), Below("created_at", 2), Equals(UNREADABLE, "{}")):
        with pytest.raises(ConditionFailed) as failed:
            store.transact(Put(LEADS, KEY, when=condition))
        assert {0: shown} == failed.value.failures
    store.transact(Check(LEADS, KEY, when=Equals("status", "pending")))

    assert shown == store.get(LEADS, KEY)


def test_who_names_the_damage_replaces_it(path: Path, store: SQLiteStore) -> None:
    """What the keys tell is kept, and what is set makes an item of it again."""
    damage(path, "[]")
    as_read = All(Exists(), Equals(UNREADABLE, "[]"))
    store.transact(Update(LEADS, KEY, set={"lead_name": "Jo"}, remove=(UNREADABLE,), when=as_read))

    assert {**KNOWN, "lead_name": "Jo"} == store.get(LEADS, KEY)
    store.transact(Update(LEADS, KEY, set={"lead_name": "Joe"}))
    assert [*SOUND[:1], {**KNOWN, "lead_name": "Joe"}, *SOUND[1:]] == by_id(store.scan(LEADS).items)


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


FILE_DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a format of the future": lambda sound: sound[:47] + b"\x63" + sound[48:],
    "a schema that is no SQL, whose bytes are no UTF-8": lambda sound: sound.replace(b"CREATE", b"CR\xe6ATE"),
    "an index whose words are no UTF-8": lambda sound: sound.replace(b'"link_id" IS', b'"link\xf0id" IS'),
    "a column whose name is no UTF-8": lambda sound: sound.replace(b'"lead_id"', b'"lead\xf0id"'),
}


@pytest.mark.parametrize("kind", FILE_DAMAGES)
def test_a_damaged_file_is_told_to_be_that(kind: str, tmp_path: Path) -> None:
    """Also where SQLite says so in bytes of the file that are no text, or calls it a wrong statement."""
    path = tmp_path / "store.db"
    make_file(path)
    path.write_bytes(FILE_DAMAGES[kind](path.read_bytes()))

    with closing(SQLiteStore(path)) as store, pytest.raises(Misconfigured, match=f"{path} is damaged"):
        store.describe_table(LEADS)
