"""What DynamoDB would refuse is refused everywhere, so that nothing works on SQLite alone."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.limits import ITEM_BYTES, LARGEST_KEY_NUMBER, item_bytes
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, MESSAGES
from commercive_cli.store.writes import Put, Update
from tests.contract.samples import lead, message, message_key, read

THIRTY_EIGHT = "12345678901234567890123456789012345678"
NUMBERS = [
    int(THIRTY_EIGHT),
    -int(THIRTY_EIGHT),
    Decimal(THIRTY_EIGHT[:20] + "." + THIRTY_EIGHT[20:]),
    Decimal("0." + THIRTY_EIGHT),
    Decimal("-0.1"),
    Decimal("1E-130"),
    10**125,
    0,
]


@pytest.mark.parametrize("number", NUMBERS, ids=str)
def test_a_number_is_kept_exactly(store: Store, place: str, number: int | Decimal) -> None:
    """All 38 digits of an amount survive, whole or not."""
    store.transact(Put(MESSAGES, message(place, n=number)))

    assert number == (read(store, place) or {})["n"]


def test_a_sum_is_exact_to_the_last_digit(store: Store, place: str) -> None:
    """Adding to a number of 38 digits counts in the last one; no float takes part."""
    store.transact(Put(MESSAGES, message(place, n=int(THIRTY_EIGHT), m=Decimal("0.1"))))
    store.transact(Update(MESSAGES, message_key(place), add={"n": 1, "m": Decimal("0.2")}))

    assert message(place, n=int(THIRTY_EIGHT) + 1, m=Decimal("0.3")) == read(store, place)


@pytest.mark.parametrize(
    "value",
    [int(THIRTY_EIGHT + "9"), Decimal("1E126"), Decimal("1E-131"), Decimal("NaN"), Decimal("Infinity"), 1.5, {1}, b"x"],
    ids=repr,
)
def test_a_value_that_would_not_survive_is_refused(store: Store, place: str, value: Any) -> None:
    """A number of 39 digits, a float, a set or bytes never reach a table."""
    with pytest.raises(Invalid):
        store.transact(Put(MESSAGES, message(place, n=value)))

    assert read(store, place) is None


def test_an_item_of_400_kb_is_stored_and_no_larger_one(
    store: Store, place: str, tolerate: Callable[[str, str], None]
) -> None:
    """The limit is DynamoDB's, counted as it counts: names and values in UTF-8."""
    tolerate("moto", "moto counts some bytes more")
    room = ITEM_BYTES - item_bytes(message(place, text=""))
    store.transact(Put(MESSAGES, message(place, text="x" * room)))

    with pytest.raises(Invalid, match="409,600"):
        store.transact(Put(MESSAGES, message(place, text="x" * (room + 1))))
    assert ITEM_BYTES == item_bytes(read(store, place) or {})


def test_an_update_cannot_grow_an_item_beyond_400_kb(store: Store, place: str) -> None:
    """Two halves that fit alone are refused together, and the first half stays."""
    half = message(place, first="x" * 250_000)
    store.transact(Put(MESSAGES, half))

    with pytest.raises(Invalid):
        store.transact(Update(MESSAGES, message_key(place), set={"second": "y" * 250_000}))
    assert half == read(store, place)


def test_a_transaction_holds_100_writes_and_no_more(store: Store, place: str) -> None:
    """A hundred writes go at once; of a hundred and one, none."""
    puts = [Put(MESSAGES, message(place, f"{n:03}")) for n in range(101)]
    store.transact(*puts[:100])

    with pytest.raises(Invalid, match="100"):
        store.transact(*puts)
    assert message(place, "099") == read(store, place, "099")
    assert read(store, place, "100") is None


def test_a_transaction_of_nothing_is_refused(store: Store) -> None:
    """An empty transaction is a mistake of the caller."""
    with pytest.raises(Invalid):
        store.transact()


def test_a_transaction_writes_an_item_once(store: Store, place: str) -> None:
    """Two writes to one item have no defined order, so they are refused together."""
    with pytest.raises(Invalid, match="twice"):
        store.transact(Put(MESSAGES, message(place)), Update(MESSAGES, message_key(place), add={"n": 1}))

    assert read(store, place) is None


def test_a_transaction_holds_4_mb(store: Store, place: str) -> None:
    """Eleven items of 390 KB are too much for one transaction, ten are not."""
    puts = [Put(MESSAGES, message(place, f"{n:03}", text="x" * 390_000)) for n in range(11)]
    store.transact(*puts[:10])

    with pytest.raises(Invalid, match="4 MB"):
        store.transact(*puts)
    assert read(store, place, "010") is None


@pytest.mark.parametrize(
    ("partition", "sort"),
    [("", "m"), ("p", ""), ("p" * 2049, "m"), ("p", "é" * 513), (1, "m"), ("p", 1), ("p", None)],
    ids=["empty", "empty-sort", "long", "long-sort", "number", "number-sort", "none"],
)
def test_a_text_key_has_its_type_and_size(store: Store, partition: Any, sort: Any) -> None:
    """Partition keys have 1 to 2,048 bytes, sort keys 1 to 1,024."""
    with pytest.raises(Invalid):
        store.transact(Put(MESSAGES, message(partition, sort)))


def test_the_longest_keys_are_stored(store: Store, place: str) -> None:
    """Keys at the limit work, in bytes and not in characters."""
    partition, sort = place + "é" * ((2048 - len(place)) // 2), "é" * 512
    store.transact(Put(MESSAGES, message(partition, sort)))

    assert message(partition, sort) == read(store, partition, sort)


@pytest.mark.parametrize("created_at", [2**63, "1", Decimal("1.5"), True, None], ids=repr)
def test_a_number_key_is_a_whole_number_of_64_bits(store: Store, place: str, created_at: Any) -> None:
    """What a SQLite integer cannot hold is refused on DynamoDB too."""
    with pytest.raises(Invalid):
        store.transact(Put(LEADS, lead(place, created_at)))


@pytest.mark.parametrize("created_at", [LARGEST_KEY_NUMBER, -LARGEST_KEY_NUMBER, 0])
def test_the_largest_number_keys_are_stored(store: Store, place: str, created_at: int) -> None:
    """Number keys at the limit work and are exact."""
    store.transact(Put(LEADS, lead(place, created_at)))

    assert lead(place, created_at) == store.get(LEADS, lead(place, created_at))


def test_an_index_key_of_the_wrong_type_is_refused(store: Store, place: str) -> None:
    """An item may lack an index's key, but not hold something else in its place, whether put or updated."""
    with pytest.raises(Invalid):
        store.transact(Put(LEADS, lead(place, status=1)))
    with pytest.raises(Invalid):
        store.transact(Update(LEADS, lead(place), set={"affiliate_id": ""}))

    assert store.get(LEADS, lead(place)) is None


@pytest.mark.parametrize("key", [{"conversation_id": "", "message_id": "m"}, {"conversation_id": "c"}], ids=repr)
def test_a_read_wants_a_whole_key(store: Store, key: dict[str, Any]) -> None:
    """An empty or missing part of a key is a mistake, not an absent item."""
    with pytest.raises(Invalid):
        store.get(MESSAGES, key)
