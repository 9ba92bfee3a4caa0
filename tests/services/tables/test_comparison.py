"""What counts as drift, and which changes mend it."""

from dataclasses import replace
from typing import Any

import pytest

from commercive_cli.services.tables.comparison import CreateTable, mismatches
from commercive_cli.store.port import TableInfo
from commercive_cli.store.schema import CONVERSATIONS, OPS, Table
from commercive_cli.store.table_changes import (
    CreateIndex,
    DropIndex,
    SetBilling,
    SetDeletionProtection,
    SetEncryption,
    SetRecovery,
    SetTags,
    SetTTL,
)

USER, STATUS = CONVERSATIONS.indexes


def as_declared(table: Table) -> TableInfo:
    """Return a table on DynamoDB without any drift."""
    keys: dict[str, tuple[tuple[str, str], ...]] = {
        index.name: ((index.partition.name, "S"), (index.sort.name, "N")) for index in table.indexes
    }
    sort = table.sort
    assert sort is not None
    return TableInfo(
        name=table.name,
        status="ACTIVE",
        items=0,
        bytes=0,
        billing="PAY_PER_REQUEST",
        keys=((table.partition.name, table.partition.type), (sort.name, sort.type)),
        indexes=keys,
        ttl=table.ttl,
        point_in_time_recovery=True,
        deletion_protection=True,
        encryption="AWS owned key",
        tags={"application": "commercive", "team": "ops"},
        projections=dict.fromkeys(keys, "ALL"),
        index_status=dict.fromkeys(keys, "ACTIVE"),
    )


def without_index(name: str) -> dict[str, Any]:
    """Return what a table is whose index was dropped."""
    indexes = as_declared(CONVERSATIONS).indexes
    return {"indexes": {each: key for each, key in indexes.items() if each != name}}


@pytest.mark.parametrize("table", [CONVERSATIONS, OPS], ids=lambda table: table.name)
def test_a_table_as_declared_has_no_drift(table: Table) -> None:
    """Tags beside the declared ones are nobody's business here."""
    assert [] == mismatches(table, as_declared(table))


def test_a_missing_table_is_created() -> None:
    """Everything else about it follows from that."""
    (found,) = mismatches(OPS, None)

    assert ("table", (CreateTable(),)) == (found.what, found.changes)


@pytest.mark.parametrize(
    ("live", "what", "changes"),
    [
        ({"billing": "PROVISIONED"}, "billing", [SetBilling("PAY_PER_REQUEST")]),
        ({"deletion_protection": False}, "deletion protection", [SetDeletionProtection(on=True)]),
        ({"point_in_time_recovery": False}, "point-in-time recovery", [SetRecovery(on=True)]),
        ({"encryption": "KMS arn:aws:kms:x"}, "encryption", [SetEncryption("AWS owned key")]),
        ({"tags": {"team": "ops"}}, "tags", [SetTags((("application", "commercive"),))]),
        ({"tags": {"application": "shop"}}, "tags", [SetTags((("application", "commercive"),))]),
        (without_index(STATUS.name), f"index {STATUS.name}", [CreateIndex(STATUS)]),
        (
            {"projections": {STATUS.name: "KEYS_ONLY"}},
            f"index {STATUS.name}",
            [DropIndex(STATUS.name), CreateIndex(STATUS)],
        ),
        ({"index_status": {USER.name: "CREATING"}}, f"index {USER.name}", [CreateIndex(USER)]),
        ({"ttl": "expires_at"}, "time to live", [SetTTL(None)]),
    ],
)
def test_each_kind_of_drift_is_named_and_has_its_remedy(live: dict[str, Any], what: str, changes: list[object]) -> None:
    """Whatever can be changed in place comes with the change that does it."""
    (found,) = mismatches(CONVERSATIONS, replace(as_declared(CONVERSATIONS), **live))

    assert (what, tuple(changes)) == (found.what, found.changes)


def test_an_index_with_another_key_is_dropped_and_made_again() -> None:
    """An index cannot be changed, only replaced; both steps are planned, in order."""
    info = as_declared(CONVERSATIONS)
    indexes = info.indexes | {USER.name: (("user_id", "S"), ("created_at", "N"))}
    (found,) = mismatches(CONVERSATIONS, replace(info, indexes=indexes))

    assert (DropIndex(USER.name), CreateIndex(USER)) == found.changes
    assert "user_id S, created_at N, ALL" == found.live


def test_an_index_that_nobody_declared_is_dropped_before_others_are_made() -> None:
    """It costs a write for every write; a table may have 20 indexes, so room is made first."""
    info = as_declared(CONVERSATIONS)
    indexes = without_index(STATUS.name)["indexes"] | {"ByHand": (("x", "S"), ("y", "S"))}
    found = mismatches(CONVERSATIONS, replace(info, indexes=indexes))

    assert [(DropIndex("ByHand"),), (CreateIndex(STATUS),)] == [each.changes for each in found]


def test_time_to_live_on_another_attribute_is_turned_off_first() -> None:
    """DynamoDB refuses to put one attribute in place of another."""
    (found,) = mismatches(OPS, replace(as_declared(OPS), ttl="expires"))

    assert ((SetTTL(None), SetTTL("expires_at")), "on expires") == (found.changes, found.live)


@pytest.mark.parametrize(
    "keys",
    [
        (("pk", "S"),),
        (("pk", "S"), ("sk", "N")),
        (("sk", "S"), ("pk", "S")),
        (("id", "S"), ("sk", "S")),
        (),
    ],
    ids=str,
)
def test_a_table_with_another_key_is_not_ours(keys: tuple[tuple[str, str], ...]) -> None:
    """Other names, types or order: that is the only thing told of the table, and no change is offered."""
    (found,) = mismatches(OPS, replace(as_declared(OPS), keys=keys, indexes={}, ttl=None))

    assert ("not our table", ()) == (found.what, found.changes)


def test_what_a_server_does_not_know_is_no_drift() -> None:
    """A server without recovery, encryption, tags or time to live can still be as declared."""
    lacking = replace(
        as_declared(OPS), ttl=None, point_in_time_recovery=None, encryption=None, tags=None, deletion_protection=None
    )

    assert [] == mismatches(OPS, lacking, ["time to live", "point-in-time recovery"])
    assert ["time to live"] == [each.what for each in mismatches(OPS, lacking)]
