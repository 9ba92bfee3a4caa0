"""Which differences count as drift, and which changes remove them."""

from dataclasses import replace
from typing import Any

import pytest

from commercive_cli.services.tables.comparison import CreateTable, kept, mismatches
from commercive_cli.store.port import STACK_TAG, TableInfo
from commercive_cli.store.schema import CONVERSATIONS, OPS, Protections, Table
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

USER, STATUS, WAITING = CONVERSATIONS.indexes


def as_declared(table: Table) -> TableInfo:
    """Return the description of a table on DynamoDB without drift."""
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
        projections={index.name: index.projection for index in table.indexes},
        index_status=dict.fromkeys(keys, "ACTIVE"),
    )


def without_index(name: str) -> dict[str, Any]:
    """Return the fields of a description that change when this index is dropped."""
    indexes = as_declared(CONVERSATIONS).indexes
    return {"indexes": {each: key for each, key in indexes.items() if each != name}}


@pytest.mark.parametrize("table", [CONVERSATIONS, OPS], ids=lambda table: table.name)
def test_a_table_as_declared_has_no_drift(table: Table) -> None:
    """A table that agrees with the declaration has no drift, even if it has other tags too."""
    assert [] == mismatches(table, as_declared(table))


def test_a_missing_table_is_created() -> None:
    """A missing table is one difference, which creating the table removes."""
    (found,) = mismatches(OPS, None)

    assert ("table", (CreateTable(),)) == (found.what, found.changes)


@pytest.mark.parametrize(
    ("live", "what", "changes"),
    [
        ({"deletion_protection": False}, "deletion protection", [SetDeletionProtection(on=True)]),
        ({"point_in_time_recovery": False}, "point-in-time recovery", [SetRecovery(on=True)]),
        ({"tags": {"team": "ops"}}, "tags", [SetTags((("application", "commercive"),))]),
        ({"tags": {"application": "shop"}}, "tags", [SetTags((("application", "commercive"),))]),
        (without_index(STATUS.name), f"index {STATUS.name}", [CreateIndex(STATUS)]),
        (
            {"projections": {STATUS.name: "KEYS_ONLY", WAITING.name: "KEYS_ONLY"}},
            f"index {STATUS.name}",
            [DropIndex(STATUS.name), CreateIndex(STATUS)],
        ),
        ({"index_status": {USER.name: "CREATING"}}, f"index {USER.name}", [CreateIndex(USER)]),
        ({"ttl": "expires_at"}, "time to live", [SetTTL(None)]),
    ],
)
def test_each_kind_of_drift_has_its_changes(live: dict[str, Any], what: str, changes: list[object]) -> None:
    """Each difference that can be removed in place comes with the changes that remove it."""
    (found,) = mismatches(CONVERSATIONS, replace(as_declared(CONVERSATIONS), **live))

    assert (what, tuple(changes)) == (found.what, found.changes)


def test_a_key_that_is_stronger_than_declared_is_no_drift() -> None:
    """Tables with a customer's key, as the stack makes them, keep it; a weaker one than declared is drift."""
    with_key = replace(as_declared(OPS), encryption="KMS arn:aws:kms:x")
    declared_kms = replace(OPS, protections=Protections(encryption="KMS"))
    (weaker,) = mismatches(declared_kms, as_declared(OPS))

    assert [] == mismatches(OPS, with_key) == mismatches(declared_kms, with_key)
    assert (SetEncryption("KMS"),) == weaker.changes


@pytest.mark.parametrize(
    ("live", "declared", "kept_as"),
    [
        ({"encryption": "KMS arn:aws:kms:x"}, {}, {"encryption": "KMS arn:aws:kms:x, declared AWS owned key"}),
        ({"encryption": "KMS arn:aws:kms:x"}, {"encryption": "KMS"}, {}),
        ({}, {"deletion_protection": False}, {"deletion protection": "on, declared off"}),
        ({}, {"point_in_time_recovery": False}, {"point-in-time recovery": "on, declared off"}),
        ({"billing": "PROVISIONED"}, {}, {"billing": "PROVISIONED, declared PAY_PER_REQUEST"}),
        ({"further": {"recovery period": "7 days", "stream": "KEYS_ONLY"}}, {}, None),
    ],
)
@pytest.mark.parametrize("tags", [{"application": "commercive"}, {"application": "commercive", STACK_TAG: "shop"}])
def test_what_is_more_than_declared_is_kept(
    tags: dict[str, str], live: dict[str, Any], declared: dict[str, Any], kept_as: dict[str, str] | None
) -> None:
    """It is told, and it is no difference: no key, protection or billing is taken away because we declare less."""
    table = replace(CONVERSATIONS, protections=replace(CONVERSATIONS.protections, **declared))
    info = replace(as_declared(CONVERSATIONS), **live, tags=tags)

    assert [] == mismatches(table, info)
    assert (live["further"] if kept_as is None else kept_as) == kept(table, info)


def test_billing_is_a_difference_where_asked_for() -> None:
    """Then it comes with its change, unless a stack owns the table."""
    provisioned = replace(as_declared(OPS), billing="PROVISIONED")
    (found,) = mismatches(OPS, provisioned, billing=True)
    (left,) = mismatches(OPS, replace(provisioned, tags={"application": "commercive", STACK_TAG: "x"}), billing=True)

    assert ("billing", (SetBilling("PAY_PER_REQUEST"),)) == (found.what, found.changes)
    assert ("billing", ()) == (left.what, left.changes)


def test_a_table_without_transactions_is_told_with_the_way_out() -> None:
    """Multi-region strong consistency cannot be changed, so no change is offered."""
    (found,) = mismatches(OPS, replace(as_declared(OPS), multi_region_strong=True))

    assert ("transactions", "multi-region strong consistency", ()) == (found.what, found.live, found.changes)
    assert "tables of one region" in found.remedy


def test_an_index_with_another_key_is_dropped_and_created_again() -> None:
    """An index cannot be changed, so it is dropped and then created."""
    info = as_declared(CONVERSATIONS)
    indexes = info.indexes | {USER.name: (("user_id", "S"), ("created_at", "N"))}
    (found,) = mismatches(CONVERSATIONS, replace(info, indexes=indexes))

    assert (DropIndex(USER.name), CreateIndex(USER)) == found.changes
    assert "user_id S, created_at N, ALL" == found.live


@pytest.mark.parametrize(
    ("live", "what", "remedy"),
    [
        ({"deletion_protection": False}, "deletion protection", "deploy its template again"),
        ({"point_in_time_recovery": False}, "point-in-time recovery", "deploy its template again"),
        ({"tags": {STACK_TAG: "shop"}}, "tags", "deploy its template again"),
        ({"ttl": "expires_at"}, "time to live", "deploy its template again"),
        (without_index(STATUS.name), f"index {STATUS.name}", "deploy its template again"),
        ({"projections": {WAITING.name: "ALL"}}, f"index {WAITING.name}", "deploy its template again"),
        ({"index_status": {USER.name: "CREATING"}}, f"index {USER.name}", "is filling it; wait"),
    ],
)
def test_what_a_stack_owns_is_left_to_its_template(live: dict[str, Any], what: str, remedy: str) -> None:
    """A stack fails over what it meets and did not make: each difference is told, and comes with no change."""
    owned = {"tags": {"application": "commercive", STACK_TAG: "shop"}} | live
    (found,) = mismatches(CONVERSATIONS, replace(as_declared(CONVERSATIONS), **owned))

    assert (what, ()) == (found.what, found.changes)
    assert remedy in found.remedy


def test_an_undeclared_index_is_dropped_before_others_are_created() -> None:
    """An index that is not declared costs a write for every write; as tables have at most 20, drops come first."""
    info = as_declared(CONVERSATIONS)
    indexes = without_index(STATUS.name)["indexes"] | {"ByHand": (("x", "S"), ("y", "S"))}
    found = mismatches(CONVERSATIONS, replace(info, indexes=indexes))

    assert [(DropIndex("ByHand"),), (CreateIndex(STATUS),)] == [each.changes for each in found]


def test_time_to_live_on_another_attribute_is_turned_off_first() -> None:
    """DynamoDB cannot change the attribute in one step, so time to live is turned off first."""
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


def test_unsupported_protections_are_no_drift() -> None:
    """A table on a server without recovery, encryption, tags or time to live has no drift because of that."""
    lacking = replace(
        as_declared(OPS), ttl=None, point_in_time_recovery=None, encryption=None, tags=None, deletion_protection=None
    )

    assert [] == mismatches(OPS, lacking, ["time to live", "point-in-time recovery"])
    assert ["time to live"] == [each.what for each in mismatches(OPS, lacking)]
