"""DynamoDB's limits, which are checked before any engine is called."""

from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.limits import check_item, check_transaction, item_bytes, value_bytes
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, MESSAGES, OPS
from commercive_cli.store.writes import Check, Delete, Exists, Put, Update, Write

OVERHEAD = len("affiliate_id") + len("a") + len("text")


def ops(number: int, text: str = "") -> Put:
    return Put(OPS, {"pk": "p", "sk": f"{number:06}", "text": text})


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


def test_an_item_may_have_400_kilobytes() -> None:
    """An item of exactly 400 KB is accepted; with one byte more it is refused, and the error names the limit."""
    fitting = "x" * (400 * 1024 - OVERHEAD)

    assert 400 * 1024 == check_item(AFFILIATE_STATS, {"affiliate_id": "a", "text": fitting})
    with pytest.raises(Invalid, match="409,600"):
        check_item(AFFILIATE_STATS, {"affiliate_id": "a", "text": fitting + "x"})


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("abc", 3),
        ("é", 2),
        ("👍", 4),
        (True, 1),
        (None, 1),
        (0, 2),
        (5, 2),
        (1_000_000, 2),
        (1_700_000_000_123, 8),
        (Decimal("25.50"), 3),
        ([], 3),
        (["ab", "c"], 3 + 1 + 2 + 1 + 1),
        ({"k": "ab"}, 3 + 1 + 1 + 2),
    ],
)
def test_sizes_are_counted_as_dynamodb_counts(value: object, size: int) -> None:
    """Text counts by its UTF-8 bytes, a number by its digits, a container three bytes and one more for each entry."""
    assert size == value_bytes(value)
    assert size + len("name") == item_bytes({"name": value})


@pytest.mark.parametrize(
    "number",
    [
        10**38 + 1,
        Decimal("1." + "0" * 37 + "1"),
        Decimal("1E+126"),
        Decimal("1E-131"),
        Decimal("NaN"),
        Decimal("Infinity"),
        -(10**126),
    ],
)
def test_numbers_beyond_38_digits_are_refused(number: int | Decimal) -> None:
    """A number that DynamoDB would round or refuse is refused on both engines."""
    with pytest.raises(Invalid):
        value_bytes(number)


@pytest.mark.parametrize(
    "number", [10**125, 10**38 - 1, Decimal("9.9E+125"), Decimal("1E-130"), Decimal("1." + "0" * 36 + "1"), -5, 0]
)
def test_numbers_within_38_digits_are_accepted(number: int | Decimal) -> None:
    """Every number that DynamoDB holds exactly may be stored."""
    assert value_bytes(number) <= 21


def test_values_may_be_nested_32_levels_deep() -> None:
    """Lists within lists are accepted to 32 levels, and refused beyond, without exhausting the stack."""
    assert value_bytes(nested(32)) > 0
    for levels in (33, 500):
        with pytest.raises(Invalid, match="32 levels"):
            value_bytes(nested(levels))


@pytest.mark.parametrize("value", [1.5, b"x", {1}, [0.5], {"k": object()}])
def test_unknown_types_are_refused(value: object) -> None:
    """A value that no engine can store exactly is refused."""
    with pytest.raises(Invalid):
        value_bytes(value)


@pytest.mark.parametrize(
    "key",
    [
        {"conversation_id": "c"},
        {"created_at": 1},
        {"conversation_id": "", "created_at": 1},
        {"conversation_id": 5, "created_at": 1},
        {"conversation_id": "c", "created_at": "1"},
        {"conversation_id": "c", "created_at": True},
        {"conversation_id": "c", "created_at": Decimal("1.5")},
        {"conversation_id": "c", "created_at": 2**63},
        {"conversation_id": "x" * 2049, "created_at": 1},
        {"conversation_id": "é" * 1025, "created_at": 1},
        {"conversation_id": "c", "created_at": 1, "user_id": ""},
        {"conversation_id": "c", "created_at": 1, "updated_at": "now"},
        {"conversation_id": "c", "created_at": 1, "status": "x" * 2049},
    ],
)
def test_malformed_keys_are_refused(key: dict[str, Any]) -> None:
    """A key, of the table or of an index, that is missing, empty, too long or of the wrong type is refused."""
    with pytest.raises(Invalid):
        check_item(CONVERSATIONS, key)


def test_keys_may_have_their_full_length() -> None:
    """A partition key may have 2,048 bytes and a sort key 1,024; one more is refused."""
    longest = {"conversation_id": "x" * 2048, "message_id": "é" * 512}

    assert check_item(MESSAGES, longest) > 3000
    with pytest.raises(Invalid, match="1,024"):
        check_item(MESSAGES, longest | {"message_id": "é" * 512 + "x"})


def test_an_index_key_may_be_missing() -> None:
    """An item without an index's attributes is accepted; it is not in that index."""
    assert check_item(CONVERSATIONS, {"conversation_id": "c", "created_at": -(2**63) + 1}) > 0


@pytest.mark.parametrize(("count", "accepted"), [(0, False), (1, True), (100, True), (101, False)])
def test_a_transaction_holds_1_to_100_writes(count: int, accepted: bool) -> None:
    """A transaction of 100 writes is accepted, an empty one and one of 101 are refused."""
    writes = tuple(map(ops, range(count)))
    if accepted:
        check_transaction(writes)
        return

    with pytest.raises(Invalid, match="1 to 100"):
        check_transaction(writes)


def test_a_transaction_holds_4_megabytes() -> None:
    """What fills it to the last byte is accepted, and one byte more is not."""
    writes = tuple(ops(n, "x" * 390 * 1024) for n in range(10))
    left = 4 * 1024 * 1024 - check_transaction((*writes, ops(10)))

    assert 4 * 1024 * 1024 == check_transaction((*writes, ops(10, "x" * left)))
    with pytest.raises(Invalid, match="4 MB"):
        check_transaction((*writes, ops(10, "x" * (left + 1))))


def test_a_key_may_be_longer_than_it_may_be_in_an_index() -> None:
    """Where it is the second part of an index's key, it may have 1,024 bytes, as any second part."""
    check_item(AFFILIATE_LINKS, {"affiliate_id": "x" * 1024, "link_id": "a"})

    with pytest.raises(Invalid, match="1,025 bytes; the limit is 1,024"):
        check_item(AFFILIATE_LINKS, {"affiliate_id": "x" * 1025, "link_id": "a"})


def test_a_transaction_writes_each_item_once() -> None:
    """Two writes to one item are refused, whatever their kinds; equal keys in two tables are two items."""
    stats = {"affiliate_id": "a"}
    twice: list[Write] = [
        Put(AFFILIATE_STATS, {**stats, "x": 1}),
        Update(AFFILIATE_STATS, stats, set={"x": 1}),
        Delete(AFFILIATE_STATS, stats),
        Check(AFFILIATE_STATS, stats, Exists()),
    ]
    check_transaction((Put(OPS, {"pk": "p", "sk": "s"}), Put(MESSAGES, {"conversation_id": "p", "message_id": "s"})))

    for one in twice:
        for other in twice:
            with pytest.raises(Invalid, match="one item twice"):
                check_transaction((one, other))


def test_the_new_values_of_an_update_are_checked() -> None:
    """An update whose new values alone exceed a limit, or that sets an index key to a wrong value, is refused."""
    stats = {"affiliate_id": "a"}

    with pytest.raises(Invalid, match="409,600"):
        check_transaction((Update(AFFILIATE_STATS, stats, set={"text": "x" * 400 * 1024}),))
    with pytest.raises(Invalid, match="key"):
        check_transaction((Update(CONVERSATIONS, {"conversation_id": "c", "created_at": 1}, set={"status": ""}),))
    with pytest.raises(Invalid, match="key"):
        check_transaction((Delete(AFFILIATE_STATS, {}),))
