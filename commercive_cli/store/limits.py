"""DynamoDB's limits, checked for both engines, so that SQLite refuses what DynamoDB would refuse.

Source: DynamoDB Developer Guide, "Service, account, and table quotas" and "Item sizes and formats".
"""

from collections.abc import Container, Mapping
from decimal import Decimal
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.items import Item, Key, OtherValue, significant_digits
from commercive_cli.store.schema import Attribute, Table
from commercive_cli.store.writes import Put, Update, Write

ITEM_BYTES = 400 * 1024
TRANSACTION_WRITES = 100
TRANSACTION_BYTES = 4 * 1024 * 1024
PAGE_BYTES = 1024 * 1024
PARTITION_KEY_BYTES = 2048
SORT_KEY_BYTES = 1024
LARGEST_KEY_NUMBER = 2**63 - 1
NESTING = 32


def check_transaction(writes: tuple[Write, ...]) -> int:
    """Return the writes' size in bytes; raise Invalid when they cannot be one transaction.

    There may be too many or too large ones, or two to one item.
    """
    if not 1 <= len(writes) <= TRANSACTION_WRITES:
        raise Invalid(f"a transaction holds 1 to {TRANSACTION_WRITES} writes, not {len(writes)}")
    keys = {(write.table.name, *map(write.key.get, write.table.key_names)) for write in writes}
    if len(keys) != len(writes):
        raise Invalid("a transaction writes one item twice")
    total = sum(_check_write(write) for write in writes)
    if total > TRANSACTION_BYTES:
        raise Invalid(f"a transaction holds at most 4 MB, this one {total:,} bytes")
    return total


def check_item(table: Table, item: Item, changed: Container[str] | None = None) -> int:
    """Return the item's size in bytes; raise Invalid when it or one of its keys breaks a limit.

    `changed` are the attributes that an update writes. What another program put into the other keys of indexes is no
    matter then: the item is not in those indexes, and everything else about it can be set right.
    """
    _check_key(table, item)
    written = item if changed is None else changed
    for partition, sort in table.index_keys:
        if partition.name in item and partition.name in written:
            _check_key_value(table, partition, item[partition.name], PARTITION_KEY_BYTES)
        if sort.name in item and sort.name in written:
            _check_key_value(table, sort, item[sort.name], SORT_KEY_BYTES)
    size = item_bytes(item)
    if size > ITEM_BYTES:
        raise Invalid(f"an item of {table.name} has {size:,} bytes; the limit is {ITEM_BYTES:,}")
    return size


def check_key(table: Table, key: Key, index: str | None = None) -> None:
    """Raise Invalid when the values of a key, or of the key of an index, break a limit."""
    partitions = {table.partition.name, table.index(index).partition.name if index else ""}
    for attribute in table.key_attributes(index):
        longest = PARTITION_KEY_BYTES if attribute.name in partitions else SORT_KEY_BYTES
        _check_key_value(table, attribute, key.get(attribute.name), longest)


def item_bytes(item: Mapping[str, Any]) -> int:
    """Return the size of an item as DynamoDB counts it, in bytes; raise Invalid on numbers it cannot hold."""
    size = 0
    for name, value in item.items():
        # Texts are measured here for speed: most values are text, and whole tables are measured by this.
        size += len(name.encode()) + (len(value.encode()) if type(value) is str else value_bytes(value))
    return size


def value_bytes(value: Any, depth: int = 0) -> int:
    """Return the size of one attribute value in bytes."""
    if depth > NESTING:
        raise Invalid(f"values may be nested {NESTING} levels deep at most")
    match value:
        case str():
            return len(value.encode())
        case bool() | None:
            return 1
        case int() | Decimal():
            return _number_bytes(value)
        case dict():
            return 3 + sum(len(k.encode()) + 1 + value_bytes(v, depth + 1) for k, v in value.items())
        case list() | tuple():
            return 3 + sum(1 + value_bytes(each, depth + 1) for each in value)
        case OtherValue():
            return sum(map(_element_bytes, value.elements))
    raise Invalid(f"a value of type {type(value).__name__} cannot be stored")


def _element_bytes(element: str | bytes) -> int:
    return len(element if isinstance(element, bytes) else element.encode())


def _number_bytes(number: int | Decimal) -> int:
    if isinstance(number, int) and -LARGEST_KEY_NUMBER <= number <= LARGEST_KEY_NUMBER:
        return len(str(abs(number)).strip("0")) // 2 + 2
    return significant_digits(Decimal(number)) // 2 + 2


def _check_write(write: Write) -> int:
    match write:
        case Put():
            return check_item(write.table, write.item)
        case Update():
            _check_key(write.table, write.key)
            return check_item(write.table, {**write.key, **write.default, **write.add, **write.set})
    _check_key(write.table, write.key)
    return item_bytes(write.key)


def _check_key(table: Table, key: Key) -> None:
    _check_key_value(table, table.partition, key.get(table.partition.name), PARTITION_KEY_BYTES)
    if table.sort is not None:
        _check_key_value(table, table.sort, key.get(table.sort.name), SORT_KEY_BYTES)


def _check_key_value(table: Table, attribute: Attribute, value: Any, longest: int) -> None:
    if attribute.type == "N":
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST_KEY_NUMBER:
            raise _key_error(table, attribute, "a key and must be a whole number of 64 bits")
    elif not isinstance(value, str) or not value:
        raise _key_error(table, attribute, "a key and must be text that is not empty")
    elif len(value.encode()) > longest:
        raise _key_error(table, attribute, f"a key of {len(value.encode()):,} bytes; the limit is {longest:,}")


def _key_error(table: Table, attribute: Attribute, words: str) -> Invalid:
    return Invalid(f"{table.name}.{attribute.name} is {words}", field=attribute.name)
