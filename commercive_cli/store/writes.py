"""Declarative writes and conditions, and functions that define their effect; engines translate or run them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any

from commercive_cli.domain.attributes import UNREADABLE
from commercive_cli.domain.errors import Damaged
from commercive_cli.store.items import Item, Key, UnreadableItem
from commercive_cli.store.schema import Table

_EXACT_DIGITS = 300
"""Enough to add any two numbers of 38 digits between 1E-130 and 1E+126; by default, Python rounds to 28 digits."""


@dataclass(frozen=True)
class Absent:
    """No item has this key yet."""


@dataclass(frozen=True)
class Exists:
    """An item has this key."""


@dataclass(frozen=True)
class Missing:
    """The item lacks the attribute, or there is no item."""

    attribute: str


@dataclass(frozen=True)
class Equals:
    """The item has the attribute, and it equals `value`."""

    attribute: str
    value: Any


@dataclass(frozen=True)
class Below:
    """The item has the attribute, and it is less than `value`."""

    attribute: str
    value: int | str


class All:
    """Every one of the conditions holds."""

    def __init__(self, *conditions: "Condition") -> None:
        self.conditions = conditions


class AnyOf:
    """At least one of the conditions holds."""

    def __init__(self, *conditions: "Condition") -> None:
        self.conditions = conditions


Condition = Absent | Exists | Missing | Equals | Below | All | AnyOf


@dataclass(frozen=True)
class Put:
    """Store `item`; it replaces the whole item that has the same key."""

    table: Table
    item: Item
    when: Condition | None = None

    @property
    def key(self) -> Key:
        """Return the key of the item to store."""
        return self.table.key_of(self.item)


@dataclass(frozen=True)
class Update:
    """Change attributes of the item at `key`; create the item when there is none.

    `set` assigns values, `default` assigns them where the attribute is missing, `add` adds numbers (a missing attribute
    counts as 0), `remove` deletes attributes.
    """

    table: Table
    key: Key
    set: Mapping[str, Any] = field(default_factory=dict)
    default: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    when: Condition | None = None


@dataclass(frozen=True)
class Delete:
    """Delete the item at `key`; it is no error when there is none."""

    table: Table
    key: Key
    when: Condition | None = None


@dataclass(frozen=True)
class Check:
    """Change nothing, but fail the transaction unless `when` holds for the item at `key`."""

    table: Table
    key: Key
    when: Condition


Write = Put | Update | Delete | Check


def unchanged(item: Item, *names: str) -> All:
    """Return the condition that these attributes still have the values that they have in `item`, as it was read."""
    return All(*(Equals(name, item[name]) if name in item else Missing(name) for name in names))


def wholly_unchanged(table: Table, item: Item) -> All:
    """Return the condition that the item is still there, and every attribute that was read is what it was."""
    return All(Exists(), unchanged(item, *(name for name in item if name not in table.key_names)))


def holds(condition: Condition | None, item: Item | None) -> bool:
    """Return whether the condition holds for the item; None stands for no condition and for no item."""
    match condition:
        case None:
            return True
        case Absent():
            return item is None
        case Exists():
            return item is not None
        case Missing(name):
            return item is None or name not in item
        case Equals(name, value):
            return item is not None and name in item and _are_equal(item[name], value)
        case Below(name, value):
            return item is not None and _are_comparable(item.get(name), value) and item[name] < value
        case All():
            return all(holds(each, item) for each in condition.conditions)
        case AnyOf():
            return any(holds(each, item) for each in condition.conditions)


def check_readable(write: Write, item: Item | None) -> None:
    """Raise Damaged when a write would replace an item that cannot be read and does not say so in its condition."""
    if not isinstance(item, UnreadableItem) or isinstance(write, Check) or _names(write.when, UNREADABLE):
        return
    key = " ".join(str(write.key[name]) for name in write.table.key_names)
    raise Damaged(
        f"the stored item {key} of {write.table.name} cannot be read; nothing was written. Set it right: commercive "
        f"tables mend {write.table.name} '{key}' --remove {UNREADABLE} --set NAME=VALUE"
    )


def _names(condition: Condition | None, attribute: str) -> bool:
    match condition:
        case Equals(name, _):
            return name == attribute
        case All():
            return any(_names(each, attribute) for each in condition.conditions)
    return False


def applied(write: Write, item: Item | None) -> Item | None:
    """Return the item after the write, given the item before it; None stands for no item."""
    match write:
        case Put():
            return dict(write.item)
        case Delete():
            return None
        case Check():
            return item
        case Update():
            return _updated(write, item)


def _updated(write: Update, item: Item | None) -> Item:
    old: Item = dict(item) if item is not None else dict(write.key)
    new = {name: value for name, value in old.items() if name not in write.remove}
    new |= {name: value for name, value in write.default.items() if name not in old}
    new |= write.set
    with localcontext(prec=_EXACT_DIGITS):
        new |= {name: old.get(name, 0) + amount for name, amount in write.add.items()}
    return new


def _are_equal(left: Any, right: Any) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _are_comparable(left: Any, right: Any) -> bool:
    if isinstance(right, str):
        return isinstance(left, str)
    return isinstance(left, int | Decimal) and not isinstance(left, bool)
