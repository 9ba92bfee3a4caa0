"""The six tables are created once, compared with the declaration, and deleted only when their prefix is given."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Conflict, Invalid, Misconfigured
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.tables.service import TableService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, LEADS, MESSAGES, TABLES
from commercive_cli.store.writes import Write
from tests.engines.dynamodb.doubles import refusal, script, serving, store_at
from tests.services.fakes import Intervening
from tests.services.raw_data import everything

NAMES = [f"commercive_{table.name}" for table in TABLES]


def states(service: TableService) -> dict[str, str]:
    return {state.table: state.state for state in service.list_tables().tables}


def test_missing_tables_are_created(tmp_path: Path) -> None:
    """Missing tables are created and reported by their full names; a second run changes nothing."""
    with closing(SQLiteStore(tmp_path / "store.db")) as store:
        service = TableService(store)

        assert dict.fromkeys(NAMES, "missing") == states(service)
        assert dict.fromkeys(NAMES, "created") == {state.table: state.state for state in service.create().tables}
        store.delete_table(LEADS)
        again = {state.table: state.state for state in service.create().tables}
        assert dict.fromkeys(NAMES, "unchanged") | {"commercive_leads": "created"} == again
        assert dict.fromkeys(NAMES, "unchanged") == states(service)


def test_creating_keeps_stored_items(store: Store, chat: ChatService) -> None:
    """Creating tables that exist changes no item."""
    chat.send("user-1", "Hello")
    before = everything(store)
    TableService(store).create()

    assert before == everything(store)


def test_a_store_with_transactions_is_left_as_it_is(store: Store) -> None:
    """The look for transactions passes, as often as wanted, and leaves nothing."""
    for _ in range(2):
        TableService(store).check_transactions()

    assert [] == everything(store)["ops"]


def test_a_store_without_transactions_is_said_at_once(store: Store) -> None:
    """Whether the server makes the writes before the refused one, or does not know the operation."""

    class InPart(Intervening):
        def transact(self, *writes: Write) -> None:
            """Make each write alone."""
            for write in writes:
                super().transact(write)

    with pytest.raises(Misconfigured, match="whole or not at all"):
        TableService(InPart(store)).check_transactions()
    with serving(script(refusal("UnknownOperationException"))) as server:
        remote = store_at(server.url)
        with closing(remote), pytest.raises(Misconfigured, match="TransactWriteItems is not supported"):
            TableService(remote).check_transactions()

    assert [] == everything(store)["ops"]


def test_who_may_not_write_learns_nothing_of_transactions() -> None:
    """Whoever may make tables and no items can go on."""
    with serving(script(refusal("AccessDeniedException"))) as server, closing(store_at(server.url)) as store:
        TableService(store).check_transactions()

    assert {"TransactWriteItems", "GetItem"} <= set(server.operations)


def test_a_table_that_differs_is_reported(store: Store) -> None:
    """A table without its index is reported as different, with the differences in words."""
    store.delete_table(MESSAGES)
    store.create_table(replace(MESSAGES, indexes=()))
    (described,) = TableService(store).describe("messages").tables

    assert "different" == described.state
    assert any("MessageTimestampIndex" in words for words in described.differences)


FOREIGN = replace(MESSAGES, sort=LEADS.key_attributes()[1], indexes=())


def test_a_table_that_is_not_ours_is_reported_and_left_alone(store: Store) -> None:
    """A table with another key is foreign: nothing is created beside it, and deletion passes it by."""
    store.delete_table(MESSAGES)
    store.delete_table(LEADS)
    store.create_table(FOREIGN)
    service = TableService(store)
    (described,) = service.describe("messages").tables
    with pytest.raises(Conflict, match="messages is not our table"):
        service.create()
    missing = states(service)["commercive_leads"]
    deleted = {state.table: state.state for state in service.delete("commercive_").tables}

    assert ("foreign", ("conversation_id", "created_at")) == (described.state, described.keys)
    assert ("not our table: conversation_id S, created_at N, declared conversation_id S, message_id S",) == (
        described.differences
    )
    assert "missing" == missing
    assert (
        dict.fromkeys(NAMES, "deleted") | {"commercive_messages": "foreign", "commercive_leads": "missing"} == deleted
    )
    assert "foreign" == states(service)["commercive_messages"]


@pytest.mark.parametrize("name", ["leads", "commercive_leads"])
def test_a_table_is_described_by_either_name(store: Store, name: str) -> None:
    """A table may be named with or without the prefix; the error for an unknown name suggests the nearest."""
    (described,) = TableService(store).describe(name).tables

    assert ("commercive_leads", "unchanged") == (described.table, described.state)
    assert ("lead_id", "created_at") == described.keys
    assert ("AffiliateLeadsIndex", "LeadStatusIndex", "LinkLeadsIndex") == described.indexes
    with pytest.raises(Invalid, match="did you mean leads"):
        TableService(store).describe("leds")


@pytest.mark.parametrize("confirm", ["", "yes", "commercive", "commercive_x"])
def test_deleting_needs_the_prefix(store: Store, chat: ChatService, confirm: str) -> None:
    """Nothing is deleted unless the prefix is given exactly."""
    chat.send("user-1", "Hello")
    before = everything(store)

    with pytest.raises(Invalid, match="nothing was deleted"):
        TableService(store).delete(confirm)
    assert before == everything(store)


def test_all_six_tables_are_deleted(store: Store) -> None:
    """With the prefix all six tables are deleted; those that do not exist are reported as missing."""
    store.delete_table(LEADS)
    service = TableService(store)

    assert dict.fromkeys(NAMES, "deleted") | {"commercive_leads": "missing"} == {
        state.table: state.state for state in service.delete("commercive_").tables
    }
    assert dict.fromkeys(NAMES, "missing") == states(service)


def test_items_are_counted(store: Store, chat: ChatService) -> None:
    """A table that is read twice counts twice; one that is missing holds nothing."""
    chat.send("user-1", "Hello")
    service = TableService(store)
    store.delete_table(LEADS)

    assert (1, 3, 0) == tuple(map(service.count, ([MESSAGES], [MESSAGES, MESSAGES, CONVERSATIONS], [LEADS])))


def test_where_nobody_may_count_nothing_is_known() -> None:
    """A caller who may read a table but not describe it is not stopped: there is no total."""
    with serving(script(refusal("AccessDeniedException"))) as server, closing(store_at(server.url)) as store:
        assert TableService(store).count([LEADS]) is None
