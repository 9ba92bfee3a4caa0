"""Read-only stores refuse every write; dry runs check writes as an engine would and change nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Denied, Invalid
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.dry_run import DryRun, PlannedWrite
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Query, Store
from commercive_cli.store.read_only import ReadOnly
from commercive_cli.store.schema import AFFILIATE_STATS, CONVERSATIONS
from commercive_cli.store.writes import Absent, Check, Delete, Equals, Exists, Put, Update
from tests.e2e.embedded import file_store

A: Item = {"affiliate_id": "a", "total_leads": 1}
CONVERSATION: Item = {"conversation_id": "c", "created_at": 1, "status": "open", "updated_at": 1, "user_id": "u"}
KEY = {"affiliate_id": "a"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with file_store(tmp_path / "x.db") as store:
        store.transact(Put(AFFILIATE_STATS, A), Put(CONVERSATIONS, CONVERSATION))
        yield store


def test_a_read_only_store_answers_reads(store: SQLiteStore) -> None:
    """Everything may be read from a read-only store."""
    guarded: Store = ReadOnly(store, "profile prod is read-only")

    assert guarded.get(AFFILIATE_STATS, KEY) == A
    assert guarded.query(Query(CONVERSATIONS, "c")).items == [CONVERSATION]
    assert (store.target, store.local, store.prefix) == (guarded.target, guarded.local, guarded.prefix)


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.transact(Delete(AFFILIATE_STATS, KEY)),
        lambda store: store.batch_put(AFFILIATE_STATS, [A]),
        lambda store: store.create_table(AFFILIATE_STATS),
        lambda store: store.delete_table(AFFILIATE_STATS),
    ],
)
def test_a_read_only_store_refuses_writes(store: SQLiteStore, write: Callable[[Store], object]) -> None:
    """Whatever a service tries, nothing is written."""
    with pytest.raises(Denied, match="profile prod is read-only; nothing was written"):
        write(ReadOnly(store, "profile prod is read-only"))


def test_a_dry_run_records_writes_and_changes_nothing(store: SQLiteStore) -> None:
    """--dry-run shows what would change, attribute by attribute."""
    dry_run = DryRun(store)
    dry_run.transact(Update(AFFILIATE_STATS, KEY, add={"total_leads": 2}))

    assert [PlannedWrite("update", "commercive_affiliate_stats", KEY, A, A | {"total_leads": 3})] == dry_run.changes
    assert store.get(AFFILIATE_STATS, KEY) == A


def test_a_dry_run_reads_its_planned_writes(store: SQLiteStore) -> None:
    """A second step sees what the first one planned, as in a real run."""
    dry_run = DryRun(store)
    dry_run.transact(Put(AFFILIATE_STATS, {"affiliate_id": "b"}, when=Absent()), Delete(AFFILIATE_STATS, KEY))

    assert [
        dry_run.get(AFFILIATE_STATS, {"affiliate_id": "b"}),
        dry_run.get(AFFILIATE_STATS, KEY),
    ] == [{"affiliate_id": "b"}, None]
    assert dry_run.scan(AFFILIATE_STATS).items == []
    with pytest.raises(ConditionFailed):
        dry_run.transact(Put(AFFILIATE_STATS, {"affiliate_id": "b"}, when=Absent()))


def test_a_planned_write_moves_items_between_index_partitions(store: SQLiteStore) -> None:
    """An item that a planned write removes from a listing is no longer listed there."""
    dry_run = DryRun(store)
    key = {"conversation_id": "c", "created_at": 1}
    dry_run.transact(Update(CONVERSATIONS, key, set={"status": "closed"}))

    assert dry_run.query(Query(CONVERSATIONS, "open", "ConversationStatusIndex")).items == []
    assert [item["status"] for item in dry_run.query(Query(CONVERSATIONS, "c")).items] == ["closed"]


def test_a_failed_condition_reports_as_an_engine_does(store: SQLiteStore) -> None:
    """Services tell "not found" from "already decided" by the items in the failure, in a dry run too."""
    writes = (
        Check(AFFILIATE_STATS, KEY, when=Exists()),
        Update(AFFILIATE_STATS, {"affiliate_id": "z"}, set={"x": 1}, when=Exists()),
        Put(CONVERSATIONS, CONVERSATION, when=Equals("status", "closed")),
    )
    with pytest.raises(ConditionFailed) as planned:
        DryRun(store).transact(*writes)
    with pytest.raises(ConditionFailed) as real:
        store.transact(*writes)

    assert real.value.failures == planned.value.failures


def test_a_dry_run_checks_the_limits(store: SQLiteStore) -> None:
    """A dry run refuses what DynamoDB would refuse."""
    with pytest.raises(Invalid):
        DryRun(store).transact()


def test_table_changes_and_bulk_loads_are_planned_too(store: SQLiteStore) -> None:
    """Creating and deleting tables and bulk loads are planned, with the tables' full names."""
    dry_run = DryRun(store)
    dry_run.create_table(CONVERSATIONS)
    dry_run.delete_table(CONVERSATIONS)

    assert dry_run.batch_put(AFFILIATE_STATS, [A]) == 1
    assert [change.action for change in dry_run.changes] == ["create table", "delete table", "put"]
    assert {"commercive_conversations", "commercive_affiliate_stats"} == {change.table for change in dry_run.changes}


def test_a_write_that_changes_nothing_is_not_listed(store: SQLiteStore) -> None:
    """Setting an attribute to the value that it has is not shown as a change."""
    dry_run = DryRun(store)
    dry_run.transact(Update(AFFILIATE_STATS, KEY, set={"total_leads": 1}))

    assert dry_run.changes == []
