"""The effect of conditions and writes, which is the same on all engines."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.store.items import Item
from commercive_cli.store.schema import AFFILIATE_STATS
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
    applied,
    holds,
    wholly_unchanged,
)

KEY = {"affiliate_id": "a"}
ITEM: Item = {**KEY, "n": 5, "amount": Decimal("2.50"), "text": "m", "flag": True, "nothing": None}
ITEMS = st.none() | st.fixed_dictionaries(
    {"affiliate_id": st.just("a")}, optional={name: st.integers(-9, 9) for name in ("x", "y", "z")}
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(
        st.just(Absent()),
        st.just(Exists()),
        st.builds(Missing, st.sampled_from("xyz")),
        st.builds(Equals, st.sampled_from("xyz"), st.integers(-9, 9)),
        st.builds(Below, st.sampled_from("xyz"), st.integers(-9, 9)),
    ),
    lambda inner: st.lists(inner, min_size=1, max_size=3).flatmap(
        lambda several: st.sampled_from([All(*several), AnyOf(*several)])
    ),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("condition", "true_of_item", "true_of_nothing"),
    [
        (None, True, True),
        (Absent(), False, True),
        (Exists(), True, False),
        (Missing("n"), False, True),
        (Missing("other"), True, True),
        (Missing("nothing"), False, True),
        (Equals("n", 5), True, False),
        (Equals("n", Decimal("5.0")), True, False),
        (Equals("n", "5"), False, False),
        (Equals("n", 6), False, False),
        (Equals("amount", Decimal("2.5")), True, False),
        (Equals("flag", value=True), True, False),
        (Equals("flag", 1), False, False),
        (Equals("nothing", None), True, False),
        (Equals("other", None), False, False),
        (Below("n", 6), True, False),
        (Below("n", 5), False, False),
        (Below("text", "n"), True, False),
        (Below("text", 9), False, False),
        (Below("flag", 9), False, False),
        (Below("nothing", 9), False, False),
        (Below("other", 9), False, False),
        (All(), True, True),
        (AnyOf(Absent(), Equals("n", 5)), True, True),
        (All(Exists(), Equals("n", 6)), False, False),
    ],
)
def test_a_condition_holds_or_not_for_an_item(
    condition: Condition | None, *, true_of_item: bool, true_of_nothing: bool
) -> None:
    """A condition on an attribute is false for an item without it, and text, numbers and booleans are never equal."""
    assert true_of_item == holds(condition, ITEM)
    assert true_of_nothing == holds(condition, None)


@given(CONDITIONS, CONDITIONS, ITEMS)
def test_all_and_any_of_join_conditions(one: Condition, other: Condition, item: Item | None) -> None:
    """All is true when every part is, AnyOf when one part is, for any item and in any order."""
    assert (holds(one, item) and holds(other, item)) == holds(All(one, other), item) == holds(All(other, one), item)
    assert (holds(one, item) or holds(other, item)) == holds(AnyOf(one, other), item) == holds(AnyOf(other, one), item)
    assert holds(Absent(), item) != holds(Exists(), item)


def test_a_put_replaces_the_whole_item() -> None:
    """A put leaves exactly its own item, and nothing of the one before."""
    assert {**KEY, "x": 1} == applied(Put(AFFILIATE_STATS, {**KEY, "x": 1}), ITEM)
    assert {**KEY, "x": 1} == applied(Put(AFFILIATE_STATS, {**KEY, "x": 1}), None)


def test_a_delete_removes_the_item_and_a_check_keeps_it() -> None:
    """A delete removes the item, a check leaves it as it is."""
    assert applied(Delete(AFFILIATE_STATS, KEY), ITEM) is None
    assert ITEM == applied(Check(AFFILIATE_STATS, KEY, Exists()), ITEM)
    assert applied(Check(AFFILIATE_STATS, KEY, Absent()), None) is None


def test_an_update_changes_only_what_it_names() -> None:
    """An update assigns, fills in missing attributes, adds and removes, and leaves every other attribute."""
    write = Update(
        AFFILIATE_STATS,
        KEY,
        set={"text": "new"},
        default={"n": 100, "fresh": 1},
        add={"amount": Decimal("0.25"), "count": 1},
        remove=("flag", "unknown"),
    )
    expected = {**KEY, "n": 5, "amount": Decimal("2.75"), "text": "new", "nothing": None, "fresh": 1, "count": 1}

    assert expected == applied(write, ITEM)


def test_an_update_makes_the_item_when_there_is_none() -> None:
    """An update without an item starts from its key alone; adding starts from zero."""
    write = Update(AFFILIATE_STATS, KEY, set={"x": 1}, default={"y": 2}, add={"z": -3})

    assert {**KEY, "x": 1, "y": 2, "z": -3} == applied(write, None)


@given(ITEMS, st.dictionaries(st.sampled_from("xyz"), st.integers(-9, 9)))
def test_writes_leave_the_old_item_untouched(item: Item | None, added: dict[str, Any]) -> None:
    """Computing the effect of a write changes nothing; dry runs depend on that."""
    before = None if item is None else dict(item)
    applied(Update(AFFILIATE_STATS, KEY, add=added, remove=()), item)
    put = applied(Put(AFFILIATE_STATS, KEY), item)

    assert before == item
    assert put is not KEY


@given(ITEMS, st.integers(-9, 9), st.integers(-9, 9))
def test_additions_add_up(item: Item | None, one: int, other: int) -> None:
    """Two additions after one another, in either order, equal their sum."""
    first, second = (Update(AFFILIATE_STATS, KEY, add={"x": each}) for each in (one, other))
    both = Update(AFFILIATE_STATS, KEY, add={"x": one + other})

    assert applied(both, item) == applied(second, applied(first, item)) == applied(first, applied(second, item))


@given(ITEMS.filter(bool), ITEMS)
def test_an_item_is_wholly_unchanged_while_all_that_was_read_is_there(read: Item, now: Item | None) -> None:
    """An item that is gone, and one of which any attribute is another or is missing, is not."""
    assert holds(wholly_unchanged(AFFILIATE_STATS, read), read)
    assert holds(wholly_unchanged(AFFILIATE_STATS, read), now) == (now is not None and read.items() <= now.items())
