"""Conditions hold on every engine exactly when `store.writes.holds` says so, and failures hold the stored item."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import MESSAGES
from commercive_cli.store.writes import (
    Absent,
    All,
    AnyOf,
    Below,
    Check,
    Condition,
    Delete,
    Equals,
    Exists,
    Missing,
    Put,
    Update,
    holds,
)
from tests.contract.samples import message, message_key, read

ITEMS: list[dict[str, Any]] = [
    {},
    {"n": 5, "text": "é", "flag": True, "nothing": None},
    {"n": Decimal("5.5"), "text": "f", "flag": False, "list": [1, {"a": "b"}]},
    {"n": "5", "text": 1, "flag": 1},
]
CONDITIONS: list[Condition] = [
    Absent(),
    Exists(),
    Missing("n"),
    Missing("nothing"),
    Equals("n", 5),
    Equals("n", Decimal("5.50")),
    Equals("n", "5"),
    Equals("text", "é"),
    Equals("flag", True),
    Equals("flag", 1),
    Equals("nothing", None),
    Equals("list", [1, {"a": "b"}]),
    Below("n", 5),
    Below("n", 6),
    Below("n", "6"),
    Below("text", "f"),
    All(),
    AnyOf(),
    All(Exists(), Equals("n", 5), Missing("closed")),
    AnyOf(Missing("n"), Equals("n", 5)),
    AnyOf(Absent(), All(Exists(), AnyOf(Below("n", 5), All(Equals("flag", True), Below("n", 6))))),
    All(AnyOf(All(AnyOf(Exists())))),
    All(Exists(), AnyOf()),
    AnyOf(Absent(), All()),
]


def named(condition: Condition) -> str:
    """Return a name for the condition in test ids, the same in every process."""
    if isinstance(condition, All | AnyOf):
        return f"{type(condition).__name__}({', '.join(map(named, condition.conditions))})"
    return repr(condition)


@pytest.mark.parametrize("condition", CONDITIONS, ids=named)
def test_a_condition_means_the_same_everywhere(
    store: Store, partition: str, condition: Condition, tolerate: Callable[[str, str], None]
) -> None:
    """A rule written with these conditions gives the same result on SQLite, on moto and on a real server."""
    if any(word in named(condition) for word in ("Below", "flag", "Equals(attribute='nothing'")):
        tolerate(
            "moto", "moto compares values as Python does: True equals 1, and a number and a text cannot be ordered"
        )
    for number, attributes in enumerate(ITEMS):
        store.transact(Put(MESSAGES, message(partition, f"m{number}", **attributes)))
    items = [*(read(store, partition, f"m{number}") for number in range(len(ITEMS))), None]

    decided = [_passes(store, Check(MESSAGES, message_key(partition, f"m{n}"), condition)) for n in range(len(items))]

    assert [holds(condition, item) for item in items] == decided


def test_a_failure_holds_the_position_and_the_stored_item(store: Store, partition: str) -> None:
    """A service can say "already approved by X" without another read: the failure holds positions and stored items."""
    store.transact(Put(MESSAGES, message(partition, "there", n=1, who="ann")))

    with pytest.raises(ConditionFailed) as failed:
        store.transact(
            Put(MESSAGES, message(partition, "new")),
            Update(MESSAGES, message_key(partition, "there"), set={"n": 3}, when=Equals("n", 2)),
        )

    assert {1: message(partition, "there", n=1, who="ann")} == failed.value.failures


def test_a_failure_holds_none_where_there_was_no_item(store: Store, partition: str) -> None:
    """Where there was no item, the failure holds None, so "not found" differs from "not as expected"."""
    with pytest.raises(ConditionFailed) as failed:
        store.transact(Delete(MESSAGES, message_key(partition), when=Exists()))

    assert {0: None} == failed.value.failures


def test_every_failure_is_reported(store: Store, partition: str) -> None:
    """When several conditions fail, the failure holds the position of each, and no position of other writes."""
    store.transact(Put(MESSAGES, message(partition, "a")))

    with pytest.raises(ConditionFailed) as failed:
        store.transact(
            Put(MESSAGES, message(partition, "a", n=1), when=Absent()),
            Put(MESSAGES, message(partition, "b")),
            Check(MESSAGES, message_key(partition, "c"), Exists()),
        )

    assert {0: message(partition, "a"), 2: None} == failed.value.failures


def test_one_failed_condition_undoes_everything(store: Store, partition: str) -> None:
    """All or nothing: a put, an update and a delete in one transaction with a failed check change nothing."""
    store.transact(Put(MESSAGES, message(partition, "kept", n=1)))

    with pytest.raises(ConditionFailed):
        store.transact(
            Put(MESSAGES, message(partition, "new")),
            Update(MESSAGES, message_key(partition, "changed"), add={"n": 1}),
            Delete(MESSAGES, message_key(partition, "kept")),
            Check(MESSAGES, message_key(partition, "missing"), Exists()),
        )

    assert [None, None, message(partition, "kept", n=1)] == [
        read(store, partition, m) for m in ("new", "changed", "kept")
    ]


def _passes(store: Store, check: Check) -> bool:
    try:
        store.transact(check)
    except ConditionFailed:
        return False
    return True
