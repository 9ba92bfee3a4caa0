"""Every engine refuses what DynamoDB would refuse, so that nothing works on SQLite alone."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.limits import ITEM_BYTES, LARGEST_KEY_NUMBER, item_bytes
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, MESSAGES, OPS
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
def test_a_number_is_kept_exactly(store: Store, partition: str, number: int | Decimal) -> None:
    """A number of up to 38 digits, whole or not, is read back exactly."""
    store.transact(Put(MESSAGES, message(partition, n=number)))

    assert number == (read(store, partition) or {})["n"]


def test_a_sum_is_exact_to_the_last_digit(store: Store, partition: str) -> None:
    """Adding to a number of 38 digits is exact to the last digit; no float is used."""
    store.transact(Put(MESSAGES, message(partition, n=int(THIRTY_EIGHT), m=Decimal("0.1"))))
    store.transact(Update(MESSAGES, message_key(partition), add={"n": 1, "m": Decimal("0.2")}))

    assert message(partition, n=int(THIRTY_EIGHT) + 1, m=Decimal("0.3")) == read(store, partition)


@pytest.mark.parametrize(
    "value",
    [int(THIRTY_EIGHT + "9"), Decimal("1E126"), Decimal("1E-131"), Decimal("NaN"), Decimal("Infinity"), 1.5, {1}, b"x"],
    ids=repr,
)
def test_a_value_that_cannot_be_stored_exactly_is_refused(store: Store, partition: str, value: Any) -> None:
    """A number of 39 digits, a float, a set or bytes are refused and never stored."""
    with pytest.raises(Invalid):
        store.transact(Put(MESSAGES, message(partition, n=value)))

    assert read(store, partition) is None


def test_an_item_of_400_kb_is_stored_and_no_larger_one(
    store: Store, partition: str, tolerate: Callable[[str, str], None]
) -> None:
    """The limit and the way of counting are DynamoDB's: the UTF-8 bytes of names and values."""
    tolerate("moto", "moto counts some bytes more")
    room = ITEM_BYTES - item_bytes(message(partition, text=""))
    store.transact(Put(MESSAGES, message(partition, text="x" * room)))

    with pytest.raises(Invalid, match="409,600"):
        store.transact(Put(MESSAGES, message(partition, text="x" * (room + 1))))
    assert ITEM_BYTES == item_bytes(read(store, partition) or {})


@pytest.mark.parametrize("end", [2**63 - 1, 2**63, -(2**63)])
def test_an_end_that_never_comes_is_stored_as_it_is(store: Store, partition: str, end: int) -> None:
    """What another program says of when an item ends may be beyond any clock, and beyond 64 bits."""
    item = {"pk": partition, "sk": "end", "expires_at": end}
    store.transact(Put(OPS, item))

    assert item == store.get(OPS, OPS.key_of(item))


def test_an_update_cannot_grow_an_item_beyond_400_kb(store: Store, partition: str) -> None:
    """An update that would make an item too large is refused, and the item stays as it was."""
    half = message(partition, first="x" * 250_000)
    store.transact(Put(MESSAGES, half))

    with pytest.raises(Invalid):
        store.transact(Update(MESSAGES, message_key(partition), set={"second": "y" * 250_000}))
    assert half == read(store, partition)


def test_a_transaction_holds_100_writes_and_no_more(store: Store, partition: str) -> None:
    """A transaction of 100 writes is accepted; of one with 101 writes, none is stored."""
    puts = [Put(MESSAGES, message(partition, f"{n:03}")) for n in range(101)]
    store.transact(*puts[:100])

    with pytest.raises(Invalid, match="100"):
        store.transact(*puts)
    assert message(partition, "099") == read(store, partition, "099")
    assert read(store, partition, "100") is None


def test_a_transaction_of_nothing_is_refused(store: Store) -> None:
    """An empty transaction is an error."""
    with pytest.raises(Invalid):
        store.transact()


def test_a_transaction_writes_an_item_once(store: Store, partition: str) -> None:
    """A transaction with two writes to one item is refused, since their order would not be defined."""
    with pytest.raises(Invalid, match="twice"):
        store.transact(Put(MESSAGES, message(partition)), Update(MESSAGES, message_key(partition), add={"n": 1}))

    assert read(store, partition) is None


def test_a_transaction_holds_4_mb(store: Store, partition: str) -> None:
    """Eleven items of 390 KB are too large for one transaction, ten are not."""
    puts = [Put(MESSAGES, message(partition, f"{n:03}", text="x" * 390_000)) for n in range(11)]
    store.transact(*puts[:10])

    with pytest.raises(Invalid, match="4 MB"):
        store.transact(*puts)
    assert read(store, partition, "010") is None


@pytest.mark.parametrize(
    ("partition", "sort"),
    [("", "m"), ("p", ""), ("p" * 2049, "m"), ("p", "é" * 513), (1, "m"), ("p", 1), ("p", None)],
    ids=["empty", "empty-sort", "long", "long-sort", "number", "number-sort", "none"],
)
def test_a_text_key_has_its_type_and_size(store: Store, partition: Any, sort: Any) -> None:
    """Partition keys have 1 to 2,048 bytes, sort keys 1 to 1,024."""
    with pytest.raises(Invalid):
        store.transact(Put(MESSAGES, message(partition, sort)))


def test_the_longest_keys_are_stored(store: Store, partition: str) -> None:
    """Keys of the longest length, which is counted in bytes and not in characters, can be stored."""
    longest, sort = partition + "é" * ((2048 - len(partition)) // 2), "é" * 512
    store.transact(Put(MESSAGES, message(longest, sort)))

    assert message(longest, sort) == read(store, longest, sort)


@pytest.mark.parametrize("created_at", [2**63, "1", Decimal("1.5"), True, None], ids=repr)
def test_a_number_key_is_a_whole_number_of_64_bits(store: Store, partition: str, created_at: Any) -> None:
    """A number key that SQLite's integers cannot hold is refused on DynamoDB too."""
    with pytest.raises(Invalid):
        store.transact(Put(LEADS, lead(partition, created_at)))


@pytest.mark.parametrize("created_at", [LARGEST_KEY_NUMBER, -LARGEST_KEY_NUMBER, 0])
def test_the_largest_number_keys_are_stored(store: Store, partition: str, created_at: int) -> None:
    """Number keys at the limit are stored exactly."""
    store.transact(Put(LEADS, lead(partition, created_at)))

    assert lead(partition, created_at) == store.get(LEADS, lead(partition, created_at))


def test_an_index_key_of_the_wrong_type_is_refused(store: Store, partition: str) -> None:
    """An item may lack an index's key, but a put or update with a value of another type is refused."""
    with pytest.raises(Invalid):
        store.transact(Put(LEADS, lead(partition, status=1)))
    with pytest.raises(Invalid):
        store.transact(Update(LEADS, lead(partition), set={"affiliate_id": ""}))

    assert store.get(LEADS, lead(partition)) is None


@pytest.mark.parametrize("key", [{"conversation_id": "", "message_id": "m"}, {"conversation_id": "c"}], ids=repr)
def test_a_read_needs_a_whole_key(store: Store, key: dict[str, Any]) -> None:
    """A read with an empty or missing part of the key is an error, and does not mean that there is no item."""
    with pytest.raises(Invalid):
        store.get(MESSAGES, key)
