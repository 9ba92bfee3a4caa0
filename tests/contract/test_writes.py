"""Writes leave an item on every engine as `store.writes.applied` says."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.domain.errors import Damaged, Invalid
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, MESSAGES
from commercive_cli.store.writes import Absent, Check, Delete, Put, Update
from tests.contract.samples import lead, message, message_key, read

EVERY_TYPE: dict[str, Any] = {
    "text": "naïve 🙂 \0 line\nbreak",
    "empty": "",
    "whole": -12,
    "fraction": Decimal("12.05"),
    "yes": True,
    "no": False,
    "nothing": None,
    "list": [1, "a", [Decimal("0.5")], {}],
    "map": {"a": {"b": [None, True]}},
    "a name: with #signs and spaces": 1,
}


def test_an_item_comes_back_as_it_was_stored(store: Store, place: str) -> None:
    """Text, numbers, booleans, None, lists and maps survive, nested ones and odd attribute names too."""
    store.transact(Put(MESSAGES, message(place, **EVERY_TYPE)))

    assert message(place, **EVERY_TYPE) == read(store, place)
    assert [type(each) for each in EVERY_TYPE.values()] == [type((read(store, place) or {})[n]) for n in EVERY_TYPE]


def test_what_was_never_stored_is_none(store: Store, place: str) -> None:
    """Reading a key that has no item is no error."""
    assert read(store, place) is None


def test_a_put_replaces_the_whole_item(store: Store, place: str) -> None:
    """A put leaves nothing of the item that had its key."""
    store.transact(Put(MESSAGES, message(place, old=1)))
    store.transact(Put(MESSAGES, message(place, new=2)))

    assert message(place, new=2) == read(store, place)


def test_an_update_changes_what_it_names(store: Store, place: str) -> None:
    """Set assigns, default assigns where nothing is, add counts, remove drops, all else stays."""
    store.transact(Put(MESSAGES, message(place, a=1, b="kept", c=10, d="gone", e=None)))
    store.transact(
        Update(
            MESSAGES,
            message_key(place),
            set={"a": 2},
            default={"b": "unused", "e": "unused", "f": "used"},
            add={"c": -3, "g": Decimal("0.25")},
            remove=("d", "never-there"),
        )
    )

    assert message(place, a=2, b="kept", c=7, e=None, f="used", g=Decimal("0.25")) == read(store, place)


def test_an_update_makes_the_item_that_is_missing(store: Store, place: str) -> None:
    """The first update of a counter needs no put before it, whichever of its parts comes."""
    store.transact(
        Update(MESSAGES, message_key(place, "add"), add={"n": 1}),
        Update(MESSAGES, message_key(place, "set"), set={"n": 2}),
        Update(MESSAGES, message_key(place, "default"), default={"n": 3}),
        Update(MESSAGES, message_key(place, "remove"), remove=("n",)),
    )

    assert message(place, "add", n=1) == read(store, place, "add")
    assert message(place, "set", n=2) == read(store, place, "set")
    assert message(place, "default", n=3) == read(store, place, "default")
    assert message(place, "remove") == read(store, place, "remove")


def test_a_delete_drops_the_item_and_may_find_none(store: Store, place: str) -> None:
    """Deleting twice is deleting once."""
    store.transact(Put(MESSAGES, message(place)))
    store.transact(Delete(MESSAGES, message_key(place)))
    store.transact(Delete(MESSAGES, message_key(place)))

    assert read(store, place) is None


def test_a_check_changes_nothing(store: Store, place: str) -> None:
    """A check that holds leaves no item behind where there was none."""
    store.transact(Check(MESSAGES, message_key(place), Absent()), Put(MESSAGES, message(place, "beside")))

    assert read(store, place) is None
    assert message(place, "beside") == read(store, place, "beside")


def test_one_transaction_spans_tables(store: Store, place: str) -> None:
    """A lead and a message can be written together, all or nothing."""
    store.transact(Put(LEADS, lead(place)), Put(MESSAGES, message(place)))

    assert lead(place) == store.get(LEADS, lead(place))
    assert message(place) == read(store, place)


@pytest.mark.parametrize("old", ["text", True, None, [1]], ids=repr)
def test_adding_to_what_is_no_number_is_refused(store: Store, place: str, old: object) -> None:
    """A counter never turns into something else by accident, and nothing is written."""
    store.transact(Put(MESSAGES, message(place, n=old)))

    with pytest.raises(Damaged, match="n is no number"):
        store.transact(Update(MESSAGES, message_key(place), add={"n": 1}), Put(MESSAGES, message(place, "beside")))

    assert message(place, n=old) == read(store, place)
    assert read(store, place, "beside") is None


@pytest.mark.parametrize(
    "changes",
    [{}, {"set": {"a": 1}, "add": {"a": 1}}, {"set": {"a": 1}, "remove": ("a",)}, {"set": {"message_id": "other"}}],
    ids=["nothing", "set-and-add", "set-and-remove", "key"],
)
def test_an_update_that_makes_no_sense_is_refused(
    store: Store, place: str, changes: dict[str, Any], tolerate: Callable[[str, str], None]
) -> None:
    """Nothing to change, one attribute changed twice, or a changed key: refused, as DynamoDB does."""
    if changes:
        tolerate("server", "dynoxide 1.2.1 lets an update overlap itself and change the key")
    with pytest.raises(Invalid):
        store.transact(Update(MESSAGES, message_key(place), **changes))

    assert read(store, place) is None


def test_a_bulk_load_stores_everything_and_counts_it(store: Store, place: str) -> None:
    """More items than one request or transaction can hold are stored from a generator, replacing what is there."""
    store.transact(Put(MESSAGES, message(place, "0007", n=-1, old=True)))
    numbers = range(130)

    stored = store.batch_put(MESSAGES, (message(place, f"{n:04}", n=n) for n in numbers))

    assert len(numbers) == stored
    assert [message(place, f"{n:04}", n=n) for n in numbers] == [read(store, place, f"{n:04}") for n in numbers]


def test_a_bulk_load_of_nothing_is_fine(store: Store) -> None:
    """An empty file can be loaded."""
    assert 0 == store.batch_put(MESSAGES, [])


def test_a_bulk_load_keeps_the_last_of_equal_keys(store: Store, place: str) -> None:
    """Of two items with one key the later stays, as if they had been put one after the other."""
    assert 2 == store.batch_put(MESSAGES, [message(place, n=1), message(place, n=2)])
    assert message(place, n=2) == read(store, place)


def test_a_bulk_load_refuses_what_no_table_can_hold(store: Store, place: str) -> None:
    """An item without its key is refused before it is sent."""
    with pytest.raises(Invalid, match="message_id"):
        store.batch_put(MESSAGES, [{"conversation_id": place}])
