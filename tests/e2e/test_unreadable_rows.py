"""A row of a SQLite file whose text is no item: everything else is still seen, and `tables mend` sets it right."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.domain.attributes import UNREADABLE
from commercive_cli.domain.errors import Damaged
from commercive_cli.services.audit.mend import Changes
from commercive_cli.store.items import Item, Key
from commercive_cli.store.schema import (
    AFFILIATE_LINKS,
    AFFILIATE_STATS,
    CONVERSATIONS,
    LEADS,
    MESSAGES,
    OPS,
    TABLES,
    Table,
)
from tests.api.world import services_over
from tests.e2e.embedded import file_store
from tests.e2e.test_any_item import Onlookers
from tests.services.audit.world import World, made
from tests.services.fakes import START, ManualClock
from tests.services.raw_data import everything, rows

TEXTS = {
    "no object": b"[]",
    "not an item": b'{"status": 5}',
    "not UTF-8": b'{"lead_name":{"S":"\xff"}}',
    "not JSON": b"{",
}
WHOLE: dict[Table, Item] = {
    CONVERSATIONS: {"user_id": "u", "status": "open", "updated_at": START},
    MESSAGES: {"sender_type": "x", "sender_id": "u", "message_text": "t", "created_at": START},
    LEADS: {"affiliate_id": "aff-9", "link_id": "NONE", "status": "pending", "updated_at": START},
    AFFILIATE_LINKS: {"created_at": START},
    AFFILIATE_STATS: {},
    OPS: {},
}
KEYS: dict[Table, Key] = {
    CONVERSATIONS: {"conversation_id": "odd", "created_at": START},
    MESSAGES: {"conversation_id": "odd", "message_id": "odd"},
    LEADS: {"lead_id": "odd", "created_at": START},
    AFFILIATE_LINKS: {"affiliate_id": "odd", "link_id": "odd"},
    AFFILIATE_STATS: {"affiliate_id": "odd"},
    OPS: {"pk": "odd", "sk": "odd"},
}
CASES = [
    pytest.param(table, text, id=f"{table.name}, {text}")
    for table in TABLES
    for text in TEXTS
    # SQLite itself refuses such a text here: the waiting index reads it.
    if not (table is CONVERSATIONS and text == "not JSON")
]


def spoil(path: Path, world: World, table: Table, text: bytes) -> None:
    """Add an item and replace its text behind the program's back."""
    world.store.batch_put(table, [KEYS[table] | WHOLE[table]])
    first = table.partition.name
    with closing(sqlite3.connect(path)) as connection:
        sql = f'UPDATE "commercive_{table.name}" SET _item = CAST(? AS TEXT) WHERE "{first}" = ?'  # noqa: S608 - our names
        assert 1 == connection.execute(sql, (text, KEYS[table][first])).rowcount
        connection.commit()


@pytest.mark.parametrize(("table", "text"), CASES)
def test_an_unreadable_row_hides_nothing_and_can_be_mended(table: Table, text: str, tmp_path: Path) -> None:
    """Every reader answers and shows what is sound, the audit names the row, and a person sets it right."""
    clock, path = ManualClock(), tmp_path / "store.db"
    with file_store(path) as store:
        world = made(store, clock)
        services = services_over(store, clock)
        before = everything(store)
        spoil(path, world, table, TEXTS[text])
        name = "/".join(map(str, KEYS[table].values()))

        Onlookers(world, services, tmp_path).see_the_good_ones()
        named = [(each.invariant, each.table) for each in services.audit.run("root").findings if name in each.id]
        assert [("stats" if table is AFFILIATE_STATS else "malformed", table.name)] == named
        services.audit.run("root", fix=True)
        shown = store.get(table, KEYS[table]) or {}
        if table is not AFFILIATE_STATS:  # which the audit has counted anew
            assert UNREADABLE in shown
            changes = Changes(WHOLE[table], (UNREADABLE,))
            services.mending.mend(table.name, " ".join(map(str, KEYS[table].values())), "root", changes)

        mended = store.get(table, KEYS[table]) or {}
        assert KEYS[table] | WHOLE[table] | mended == mended
        assert UNREADABLE not in mended
        assert not [each for each in services.audit.run("root").findings if each.invariant == "malformed"]
        for other, items in before.items():
            if other not in (table.name, OPS.name, AFFILIATE_STATS.name):
                assert items == everything(store)[other]


def test_what_depends_on_the_row_is_refused_by_name(tmp_path: Path) -> None:
    """Showing is no problem; changing it is, and the message says what to do. Nothing of it is lost."""
    path = tmp_path / "store.db"
    with file_store(path) as store:
        world = made(store, ManualClock())
        services = services_over(store, ManualClock())
        spoil(path, world, LEADS, b"[1]")
        spoil(path, world, CONVERSATIONS, b"[2]")

        assert UNREADABLE in services.leads.show("odd").lead.damaged
        assert UNREADABLE in services.chat.conversation("odd").damaged
        for change in (
            lambda: services.leads.decide("odd", "rejected", "root"),
            lambda: services.chat.close("odd", "root"),
            lambda: services.chat.reply("odd", "root", "Hi"),
            lambda: services.chat.mark_read("odd", "admin"),
            lambda: services.mending.mend("leads", "odd", "root", Changes({"lead_name": "Jo"})),
        ):
            with pytest.raises(Damaged, match=r"odd .*tables mend"):
                change()
        assert ["[1]"] == [item[UNREADABLE] for item in rows(store, LEADS) if item["lead_id"] == "odd"]


def test_what_is_in_the_row_about_a_person_is_erased(tmp_path: Path) -> None:
    """An address is found in what is left of an item, too, and points to it as it does in forms that can be read."""
    path = tmp_path / "store.db"
    with file_store(path) as store:
        world = made(store, ManualClock())
        spoil(path, world, LEADS, b'{"lead_email":"jane@example.com"')
        privacy = services_over(store, ManualClock()).privacy
        candidates = privacy.find("jane@example.com").answer.candidates
        privacy.erase("jane@example.com", "root", include=[each.id for each in candidates])

        assert [("lead", "it cannot be read, and names them")] == [
            (each.kind, each.reason) for each in candidates if each.id == "odd"
        ]
        assert "jane@example.com" not in str(everything(store))
