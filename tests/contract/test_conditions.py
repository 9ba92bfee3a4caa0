"""Conditions hold on every engine exactly when `store.writes.holds` says so, and failures tell what was there."""

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


def told(condition: Condition) -> str:
    """Return the condition as a test's name, the same in every process."""
    if isinstance(condition, All | AnyOf):
        return f"{type(condition).__name__}({', '.join(map(told, condition.conditions))})"
    return repr(condition)


@pytest.mark.parametrize("condition", CONDITIONS, ids=told)
def test_a_condition_means_the_same_everywhere(
    store: Store, place: str, condition: Condition, tolerate: Callable[[str, str], None]
) -> None:
    """A rule written with these conditions decides alike on SQLite, on moto and on a real server."""
    if any(word in told(condition) for word in ("Below", "flag", "Equals(attribute='nothing'")):
        tolerate(
            "moto", "moto compares values as Python does: True equals 1, and a number and a text cannot be ordered"
        )
    for number, attributes in enumerate(ITEMS):
        store.transact(Put(MESSAGES, message(place, f"m{number}", **attributes)))
    items = [*(read(store, place, f"m{number}") for number in range(len(ITEMS))), None]

    decided = [_passes(store, Check(MESSAGES, message_key(place, f"m{n}"), condition)) for n in range(len(items))]

    assert [holds(condition, item) for item in items] == decided


def test_a_failure_says_which_write_and_what_was_there(store: Store, place: str) -> None:
    """A service can say "already approved by X" without another read: positions and old items come with the failure."""
    store.transact(Put(MESSAGES, message(place, "there", n=1, who="ann")))

    with pytest.raises(ConditionFailed) as failed:
        store.transact(
            Put(MESSAGES, message(place, "new")),
            Update(MESSAGES, message_key(place, "there"), set={"n": 3}, when=Equals("n", 2)),
        )

    assert {1: message(place, "there", n=1, who="ann")} == failed.value.failures


def test_a_failure_on_nothing_says_so(store: Store, place: str) -> None:
    """Where there was no item, the failure holds None, so "not found" differs from "not as expected"."""
    with pytest.raises(ConditionFailed) as failed:
        store.transact(Delete(MESSAGES, message_key(place), when=Exists()))

    assert {0: None} == failed.value.failures


def test_every_failure_is_reported(store: Store, place: str) -> None:
    """When several conditions fail, each position is there, and the writes whose conditions held are not."""
    store.transact(Put(MESSAGES, message(place, "a")))

    with pytest.raises(ConditionFailed) as failed:
        store.transact(
            Put(MESSAGES, message(place, "a", n=1), when=Absent()),
            Put(MESSAGES, message(place, "b")),
            Check(MESSAGES, message_key(place, "c"), Exists()),
        )

    assert {0: message(place, "a"), 2: None} == failed.value.failures


def test_one_failed_condition_undoes_everything(store: Store, place: str) -> None:
    """All or nothing: a put, an update and a delete beside a failed check leave no trace."""
    store.transact(Put(MESSAGES, message(place, "kept", n=1)))

    with pytest.raises(ConditionFailed):
        store.transact(
            Put(MESSAGES, message(place, "new")),
            Update(MESSAGES, message_key(place, "changed"), add={"n": 1}),
            Delete(MESSAGES, message_key(place, "kept")),
            Check(MESSAGES, message_key(place, "missing"), Exists()),
        )

    assert [None, None, message(place, "kept", n=1)] == [read(store, place, m) for m in ("new", "changed", "kept")]


def _passes(store: Store, check: Check) -> bool:
    try:
        store.transact(check)
    except ConditionFailed:
        return False
    return True
