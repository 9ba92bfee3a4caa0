"""Drift of a whole store, and how `apply` removes it."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.domain.errors import Conflict, Denied, Misconfigured, Unavailable
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.seed.service import SeedService
from commercive_cli.services.tables.drift import DriftService
from commercive_cli.services.tables.service import TableService
from commercive_cli.store.dry_run import DryRun
from commercive_cli.store.port import Store, TableInfo
from commercive_cli.store.read_only import ReadOnly
from commercive_cli.store.schema import CONVERSATIONS, LEADS, OPS, TABLES, Attribute, Index, Table
from commercive_cli.store.table_changes import CreateIndex, DropIndex, SetTTL
from tests.services.fakes import Intervening
from tests.services.transfer.stores import exported, importer

STATUS = CONVERSATIONS.index("ConversationStatusIndex")


def break_two(store: Store) -> None:
    store.change_table(CONVERSATIONS, DropIndex(STATUS.name))
    store.change_table(OPS, SetTTL(None))


def test_new_tables_have_no_drift(store: Store) -> None:
    """Tables that `create` has created agree with the declaration."""
    assert [] == DriftService(store).diff().differences


def test_apply_removes_every_difference(store: Store) -> None:
    """`diff` names each difference, `apply` removes it, and applying again changes nothing."""
    break_two(store)
    drift = DriftService(store)
    found = drift.diff().differences
    first, again = drift.apply(), drift.apply()

    assert [
        ("commercive_conversations", f"index {STATUS.name}", "missing", True),
        ("commercive_ops", "time to live", "off", True),
    ] == [(each.table, each.what, each.live, each.fixable) for each in found]
    assert ["done", "done"] == [each.outcome for each in first.changes]
    assert ([], [], []) == (first.remaining, again.changes, again.remaining)


def test_create_and_diff_agree(store: Store) -> None:
    """`create` leaves existing tables as they are, and reports the same ones as different as `diff` does."""
    break_two(store)
    created = TableService(store).create().tables

    assert {"commercive_conversations", "commercive_ops"} == {
        each.table for each in created if each.state == "different"
    }
    assert 2 == len(DriftService(store).diff().differences)


def test_a_recreated_index_holds_items_written_without_it(store: Store, chat: ChatService) -> None:
    """Listings are complete as soon as `apply` returns."""
    store.change_table(CONVERSATIONS, DropIndex(STATUS.name))
    chat.send("u-1", "Hello", store="shop.example")
    DriftService(store).apply()

    assert 1 == len(chat.list_conversations(ConversationFilter(status="open")).conversations)


def test_a_missing_table_is_created(store: Store) -> None:
    """`apply` creates a table that was deleted, without its items."""
    store.delete_table(OPS)
    applied = DriftService(store).apply()

    assert [("commercive_ops", "create table", "done")] == [
        (each.table, each.change, each.outcome) for each in applied.changes
    ]
    assert [] == applied.remaining


def test_the_remedy_for_a_table_that_is_not_ours_is_another_prefix(tmp_path: Path) -> None:
    """One row for it, with both keys, and nothing in any table is changed."""
    with closing(SQLiteStore(tmp_path / "x.db")) as store:
        for table in TABLES:
            store.create_table(Table("ops", Attribute("pk", "S")) if table is OPS else table)
        store.change_table(CONVERSATIONS, DropIndex(STATUS.name))
        drift = DriftService(store)
        before = drift.diff().differences
        with pytest.raises(
            Conflict, match=r"ops is not our table \(its key is pk S, ours pk S, sk S\).*another prefix"
        ):
            drift.apply()
        with pytest.raises(Conflict, match="ops is not our table"):
            drift.fixable()

        assert before == drift.diff().differences
    (ops,) = [each for each in before if each.table == "commercive_ops"]
    assert ("not our table", "pk S, sk S", "pk S", False) == (ops.what, ops.declared, ops.live, ops.fixable)
    assert "use another prefix" in ops.remedy


def test_a_refused_change_is_reported_and_the_others_are_made(store: Store) -> None:
    """When DynamoDB refuses one change, it is reported as failed, and the others are still made."""
    break_two(store)
    failing = Intervening(store)

    def refuse() -> None:
        raise Conflict("too many indexes")

    failing.before("change_table", refuse)
    applied = DriftService(failing).apply()

    assert [("failed", "too many indexes"), ("done", None)] == [(each.outcome, each.error) for each in applied.changes]
    assert [f"index {STATUS.name}"] == [each.what for each in applied.remaining]


def test_a_change_that_takes_too_long_is_reported_as_failed(store: Store) -> None:
    """A change for which `apply` waited too long is reported as failed, and the others are still made."""
    break_two(store)
    failing = Intervening(store)

    def refuse() -> None:
        raise Unavailable("takes longer than a day")

    failing.before("change_table", refuse)

    assert ["failed", "done"] == [each.outcome for each in DriftService(failing).apply().changes]


class Described(Intervening):
    """A store whose tables are described with other settings than they have."""

    def __init__(self, store: Store, table: Table, **settings: Any) -> None:
        super().__init__(store)
        self._table = table
        self._settings = settings

    def describe_table(self, table: Table) -> TableInfo | None:
        info = super().describe_table(table)
        return replace(info, **self._settings) if info is not None and table == self._table else info


def test_billing_is_set_only_where_asked_for(either: Store) -> None:
    """Without --billing it is named as kept, and `apply` has nothing to do."""
    drift = DriftService(Described(either, OPS, billing="PROVISIONED"))
    (told,) = drift.diff().kept

    assert ("commercive_ops", "billing", "PROVISIONED, declared PAY_PER_REQUEST") == (
        told.table.replace(either.prefix, "commercive_"),
        told.what,
        told.live,
    )
    assert ([], [], []) == (drift.diff().differences, drift.fixable(), drift.apply().changes)
    assert ["billing"] == [each.what for each in drift.fixable(billing=True)]
    assert ["set billing to PAY_PER_REQUEST"] == [each.change for each in drift.apply(billing=True).changes]


def test_tables_without_transactions_are_not_ours(either: Store, tmp_path: Path) -> None:
    """`diff` tells of one; whatever makes, changes, checks or fills tables says so and does nothing."""
    store = Described(either, LEADS, multi_region_strong=True)
    drift, tables = DriftService(store), TableService(store)
    for refused in (drift.apply, drift.fixable, tables.create, tables.check):
        with pytest.raises(
            Misconfigured, match="leads: multi-region strong consistency; DynamoDB makes no transactions"
        ):
            refused()

    exported(either, tmp_path / "export")
    for filling in (SeedService(store).demo, lambda: importer(store).run(tmp_path / "export", "root")):
        with pytest.raises(Misconfigured, match="leads: multi-region strong consistency"):
            filling()

    assert ["transactions"] == [each.what for each in drift.diff().differences]
    assert {"create_table", "change_table", "batch_put", "transact"}.isdisjoint(store.calls)


class Stale(Intervening):
    """A store that goes on describing its tables as they were at first, as AWS does for seconds."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._first = {table: store.describe_table(table) for table in TABLES}

    def describe_table(self, table: Table) -> TableInfo | None:
        return self._first[table]


def test_a_change_that_does_not_show_yet_is_accepted(either: Store) -> None:
    """It is neither done nor left over; what failed beside it is, and the next comparison tells the present state."""
    break_two(either)
    either.delete_table(LEADS)
    stale = Stale(either)
    stale.before("change_table", lambda: _raise(Conflict("too many indexes")))
    applied = DriftService(stale).apply()

    assert [("create index ConversationStatusIndex", "failed"), ("create table", "accepted")] == [
        (each.change, each.outcome) for each in applied.changes[:2]
    ]
    assert [("turn on TTL on expires_at", "accepted")] == [(each.change, each.outcome) for each in applied.changes[2:]]
    assert [f"index {STATUS.name}"] == [each.what for each in applied.remaining]
    assert [f"index {STATUS.name}"] == [each.what for each in DriftService(either).diff().differences]


def test_a_created_table_that_does_not_show_yet_is_created(either: Store) -> None:
    """`create` says what AWS has taken, and calls nothing different that was made as declared a moment ago."""
    either.delete_table(LEADS)
    (leads,) = [each for each in TableService(Stale(either)).create().tables if each.table.endswith("leads")]

    assert ("created", ("create table",), ()) == (leads.state, leads.accepted, leads.differences)
    assert [] == DriftService(either).diff().differences


def _raise(error: Exception) -> None:
    raise error


def test_the_status_names_each_change_before_it_is_made(store: Store) -> None:
    """While `apply` waits, as for an index to be filled, the status says for which change."""
    break_two(store)
    states: list[str] = []
    DriftService(store).apply(states.append)

    assert [
        f"commercive_conversations: create index {STATUS.name}",
        "commercive_ops: turn on TTL on expires_at",
    ] == states


def test_a_dry_run_plans_the_same_changes(store: Store) -> None:
    """--dry-run lists every change and makes none."""
    break_two(store)
    dry_run = DryRun(store)
    DriftService(dry_run).apply()

    assert [
        (f"create index {STATUS.name}", "commercive_conversations"),
        ("turn on TTL on expires_at", "commercive_ops"),
    ] == [(each.action, each.table) for each in dry_run.changes]
    assert 2 == len(DriftService(store).diff().differences)


def test_a_read_only_store_is_not_changed(store: Store) -> None:
    """On a read-only store, changes of tables, backups, restores and S3 are denied; backups can be listed."""
    guarded = ReadOnly(store, "profile prod is read-only")

    with pytest.raises(Denied):
        guarded.change_table(OPS, SetTTL(None))
    for refused in (
        lambda: guarded.archive.back_up(None, 0, print),
        lambda: guarded.archive.restore("x", "y", print),
        lambda: guarded.recovery,
        lambda: guarded.archive.filling("y", None, print),
        lambda: guarded.s3,
    ):
        with pytest.raises(Denied, match="profile prod is read-only; nothing was written"):
            refused()
    assert [] == guarded.archive.backups()


def test_an_undeclared_index_is_dropped(store: Store) -> None:
    """`apply` drops an index that is not declared, since it costs a write for each write."""
    extra = Index("ByHand", Attribute("user_id", "S"), Attribute("updated_at", "N"))
    wider = Table("conversations", CONVERSATIONS.partition, CONVERSATIONS.sort, (*CONVERSATIONS.indexes, extra))
    store.change_table(wider, CreateIndex(extra))
    applied = DriftService(store).apply()

    assert ["drop index ByHand"] == [each.change for each in applied.changes]
    assert [] == applied.remaining
