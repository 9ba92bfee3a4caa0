"""Writes change an item on every engine as `store.writes.applied` defines."""

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


def test_an_item_comes_back_as_it_was_stored(store: Store, partition: str) -> None:
    """Text, numbers, booleans, None, lists and maps are read back equal, also nested and with odd attribute names."""
    store.transact(Put(MESSAGES, message(partition, **EVERY_TYPE)))

    assert message(partition, **EVERY_TYPE) == read(store, partition)
    assert [type(each) for each in EVERY_TYPE.values()] == [type((read(store, partition) or {})[n]) for n in EVERY_TYPE]


def test_a_key_without_an_item_reads_as_none(store: Store, partition: str) -> None:
    """Reading a key that has no item is no error and returns None."""
    assert read(store, partition) is None


def test_a_put_replaces_the_whole_item(store: Store, partition: str) -> None:
    """A put leaves nothing of the item that had its key."""
    store.transact(Put(MESSAGES, message(partition, old=1)))
    store.transact(Put(MESSAGES, message(partition, new=2)))

    assert message(partition, new=2) == read(store, partition)


def test_an_update_changes_what_it_names(store: Store, partition: str) -> None:
    """`set` assigns, `default` assigns missing attributes, `add` adds, `remove` deletes; everything else stays."""
    store.transact(Put(MESSAGES, message(partition, a=1, b="kept", c=10, d="gone", e=None)))
    store.transact(
        Update(
            MESSAGES,
            message_key(partition),
            set={"a": 2},
            default={"b": "unused", "e": "unused", "f": "used"},
            add={"c": -3, "g": Decimal("0.25")},
            remove=("d", "never-there"),
        )
    )

    assert message(partition, a=2, b="kept", c=7, e=None, f="used", g=Decimal("0.25")) == read(store, partition)


def test_an_update_makes_the_item_that_is_missing(store: Store, partition: str) -> None:
    """An update creates the item, so the first update of a counter needs no put before it."""
    store.transact(
        Update(MESSAGES, message_key(partition, "add"), add={"n": 1}),
        Update(MESSAGES, message_key(partition, "set"), set={"n": 2}),
        Update(MESSAGES, message_key(partition, "default"), default={"n": 3}),
        Update(MESSAGES, message_key(partition, "remove"), remove=("n",)),
    )

    assert message(partition, "add", n=1) == read(store, partition, "add")
    assert message(partition, "set", n=2) == read(store, partition, "set")
    assert message(partition, "default", n=3) == read(store, partition, "default")
    assert message(partition, "remove") == read(store, partition, "remove")


def test_a_delete_can_be_repeated(store: Store, partition: str) -> None:
    """A delete removes the item; deleting it again is no error."""
    store.transact(Put(MESSAGES, message(partition)))
    store.transact(Delete(MESSAGES, message_key(partition)))
    store.transact(Delete(MESSAGES, message_key(partition)))

    assert read(store, partition) is None


def test_a_check_changes_nothing(store: Store, partition: str) -> None:
    """A check that holds creates no item where there was none."""
    store.transact(Check(MESSAGES, message_key(partition), Absent()), Put(MESSAGES, message(partition, "beside")))

    assert read(store, partition) is None
    assert message(partition, "beside") == read(store, partition, "beside")


def test_one_transaction_spans_tables(store: Store, partition: str) -> None:
    """A lead and a message can be written together, all or nothing."""
    store.transact(Put(LEADS, lead(partition)), Put(MESSAGES, message(partition)))

    assert lead(partition) == store.get(LEADS, lead(partition))
    assert message(partition) == read(store, partition)


@pytest.mark.parametrize("old", ["text", True, None, [1]], ids=repr)
def test_adding_to_what_is_no_number_is_refused(
    store: Store, partition: str, old: object, tolerate: Callable[[str, str], None]
) -> None:
    """A counter never turns into something else by accident, and nothing is written."""
    tolerate("moto", "moto refuses the whole request and names no write")
    store.transact(Put(MESSAGES, message(partition, n=old)))

    with pytest.raises(Damaged, match="n is no number"):
        store.transact(
            Update(MESSAGES, message_key(partition), add={"n": 1}), Put(MESSAGES, message(partition, "beside"))
        )

    assert message(partition, n=old) == read(store, partition)
    assert read(store, partition, "beside") is None


@pytest.mark.parametrize(
    "changes",
    [{}, {"set": {"a": 1}, "add": {"a": 1}}, {"set": {"a": 1}, "remove": ("a",)}, {"set": {"message_id": "other"}}],
    ids=["nothing", "set-and-add", "set-and-remove", "key"],
)
def test_a_malformed_update_is_refused(
    store: Store, partition: str, changes: dict[str, Any], tolerate: Callable[[str, str], None]
) -> None:
    """An update is refused, as by DynamoDB, when it changes nothing, one attribute twice, or the key."""
    if changes:
        tolerate("server", "dynoxide 1.2.1 lets an update overlap itself and change the key")
    with pytest.raises(Invalid):
        store.transact(Update(MESSAGES, message_key(partition), **changes))

    assert read(store, partition) is None


def test_a_bulk_load_stores_everything_and_counts_it(store: Store, partition: str) -> None:
    """More items than one request or transaction can hold are stored from a generator, and replace existing items."""
    store.transact(Put(MESSAGES, message(partition, "0007", n=-1, old=True)))
    numbers = range(130)

    stored = store.batch_put(MESSAGES, (message(partition, f"{n:04}", n=n) for n in numbers))

    assert len(numbers) == stored
    assert [message(partition, f"{n:04}", n=n) for n in numbers] == [read(store, partition, f"{n:04}") for n in numbers]


def test_a_bulk_load_of_nothing_is_fine(store: Store) -> None:
    """Loading no items, as from an empty file, is no error."""
    assert 0 == store.batch_put(MESSAGES, [])


def test_a_bulk_load_keeps_the_last_of_equal_keys(store: Store, partition: str) -> None:
    """Of two items with the same key the later stays, as if they had been put one after the other."""
    assert 2 == store.batch_put(MESSAGES, [message(partition, n=1), message(partition, n=2)])
    assert message(partition, n=2) == read(store, partition)


def test_a_bulk_load_refuses_an_item_without_its_key(store: Store, partition: str) -> None:
    """An item without its key is refused before it is sent."""
    with pytest.raises(Invalid, match="message_id"):
        store.batch_put(MESSAGES, [{"conversation_id": partition}])
