"""Tables that got their indexes after the items: what is no key of an index hides nothing and stops nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.bootstrap import Services
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.audit.mend import Changes
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.waiting_index import WAITING_INDEX
from commercive_cli.store.items import Item, OtherValue
from commercive_cli.store.port import IndexNotReady, Store
from commercive_cli.store.schema import CONVERSATIONS, Attribute
from commercive_cli.store.table_changes import CreateIndex, DropIndex
from tests.api.world import services_over
from tests.e2e.stores import ENGINES, engine_store
from tests.services.fakes import START, ManualClock

GOOD = {
    "created_at": START,
    "updated_at": START,
    "user_id": "user-1",
    "store_url": "",
    "status": "open",
    "last_message": "Hello",
    "last_message_at": START,
    "last_message_id": "m",
    "unread_admin": 0,
    "unread_user": 0,
    "waiting_since": START,
    "waiting_for": "admin",
}
ODD: dict[str, Any] = {
    "text": "2025-11-20T10:00:00Z",
    "null": None,
    "set": OtherValue("SS", ("a",)),
    "bytes": OtherValue("B", (b"a",)),
    "flag": True,
    "list": ["a"],
}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with engine_store(request.param, request, tmp_path) as store:
        yield store


@pytest.fixture
def services(store: Store) -> Services:
    return services_over(store, ManualClock())


def stored_before(store: Store, *names: str, **attributes: Item) -> None:
    """Store conversations with these attributes, make the indexes of these names, and store two without oddities."""
    for name in names:
        store.change_table(CONVERSATIONS, DropIndex(name))
    before = replace(CONVERSATIONS, indexes=tuple(each for each in CONVERSATIONS.indexes if each.name not in names))
    store.batch_put(before, [{**GOOD, "conversation_id": name, **odd} for name, odd in attributes.items()])
    for name in names:
        store.change_table(CONVERSATIONS, CreateIndex(CONVERSATIONS.index(name)))
    later = {**GOOD, "conversation_id": "later", "updated_at": START + 1, "waiting_since": START + 1}
    done = {**GOOD, "conversation_id": "done", "status": "closed", "waiting_for": "nobody"}
    store.batch_put(CONVERSATIONS, [{**GOOD, "conversation_id": "good"}, later, done])


def test_the_queue_shows_who_waits(store: Store, services: Services) -> None:
    """What stands in place of the time since when a user waits is in no place of the queue."""
    stored_before(store, WAITING_INDEX, **{name: {"waiting_since": value} for name, value in ODD.items()})
    waiting = services.chat.list_conversations(ConversationFilter(sort="waiting"), limit=500)

    assert ["good", "later"] == [each.conversation_id for each in waiting.conversations]


def test_lists_show_the_others(store: Store, services: Services) -> None:
    """A text among the times of an index could be neither sorted nor compared with those of another list."""
    names = ("ConversationStatusIndex", "UserConversationsIndex")
    stored_before(store, *names, **{name: {"updated_at": value} for name, value in ODD.items()})

    for wanted in (ConversationFilter(), ConversationFilter(user_id="user-1")):
        listed = services.chat.list_conversations(wanted, limit=500).conversations
        assert {"good", "later", "done"} == {each.conversation_id for each in listed}


@pytest.mark.parametrize("name", ODD)
def test_what_does_not_depend_on_the_key_can_be_done(store: Store, services: Services, name: str) -> None:
    """Such a conversation is marked read and closed; another attribute of it is set right by itself."""
    stored_before(
        store, "ConversationStatusIndex", WAITING_INDEX, odd={"waiting_since": ODD[name], "human_requested": 5}
    )
    services.mending.mend("conversations", "odd", "root", Changes({"human_requested": True}))
    marked = services.chat.mark_read("odd", "admin")
    closed = services.chat.close("odd", "admin-1")

    assert (0, "closed") == (marked.marked, closed.status)
    held = store.get(CONVERSATIONS, {"conversation_id": "odd", "created_at": START})
    assert held is not None
    assert (ODD[name], True) == (held["waiting_since"], held["human_requested"])


def with_another_key(store: Store, directory: Path, name: str) -> None:
    """Put an index in place of one of ours, with its name and another sort key."""
    store.change_table(CONVERSATIONS, DropIndex(name))
    if isinstance(store, SQLiteStore):
        table = f"{store.prefix}{CONVERSATIONS.name}"
        with closing(sqlite3.connect(directory / "store.db")) as file:
            file.execute(f'CREATE INDEX "{table}.{name}" ON "{table}" (status, created_at)')
    else:
        index = replace(CONVERSATIONS.index(name), sort=Attribute("created_at", "N"))
        store.change_table(CONVERSATIONS, CreateIndex(index))


def test_the_queue_does_without_an_index_that_only_has_its_name(
    store: Store, services: Services, tmp_path: Path
) -> None:
    """It is read as while the index is missing; once `apply` has made ours of it, everybody stands in it."""
    sent = [services.chat.send(f"user-{number}", "Hello").conversation_id for number in range(3)]
    with_another_key(store, tmp_path, WAITING_INDEX)
    before = services.chat.list_conversations(ConversationFilter(sort="waiting")).conversations
    claimed = services.desk.claim_next("mira")
    applied = services.drift.apply()
    after = services.chat.list_conversations(ConversationFilter(sort="waiting")).conversations

    assert sent == [each.conversation_id for each in before] == [each.conversation_id for each in after]
    assert claimed is not None
    assert ([], {"done"}) == (applied.remaining, {each.outcome for each in applied.changes})


def test_a_list_over_an_index_that_only_has_its_name_says_what_to_do(
    store: Store, services: Services, tmp_path: Path
) -> None:
    """Where it cannot be read as ours, the way out is that for a missing one; in a file it serves all the same."""
    name = services.chat.send("user-1", "Hello").conversation_id
    with_another_key(store, tmp_path, "ConversationStatusIndex")

    if isinstance(store, SQLiteStore):
        listed = services.chat.list_conversations(ConversationFilter(since=1)).conversations
        assert [name] == [each.conversation_id for each in listed]
    else:
        with pytest.raises(
            IndexNotReady, match=r"ConversationStatusIndex of .* is not ours, by its key; .*tables apply"
        ):
            services.chat.list_conversations(ConversationFilter(since=1))
