"""Items that lack what they must have. Nothing can be computed from them, so other checks never see them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from operator import itemgetter

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.attributes import attributes_of
from commercive_cli.domain.clock import FAR_FUTURE
from commercive_cli.domain.ids import created_at_of
from commercive_cli.domain.models import AuditRow, Record
from commercive_cli.services.audit.check import Repairs
from commercive_cli.store.items import Item
from commercive_cli.store.schema import AFFILIATE_STATS, Table

_STATE_TYPES = (str, int, Decimal)
_RECOMPUTED = (AFFILIATE_STATS,)
"""Whatever is wrong with the numbers of these, the leads say what they should be."""


class _TypeCheck:
    """Holds items against the attributes of a record.

    Left out is what belongs to the state of money or status, but that it is there: the audit log tells the right one.
    """

    def __init__(self, record: type[Record]) -> None:
        attributes = attributes_of(record).values()
        self._attributes = [
            replace(each, choices=()) if each.state else each for each in attributes if each.required or not each.state
        ]
        self._values = itemgetter(*(each.name for each in self._attributes))
        self._types = tuple(each.kind.types[0] for each in self._attributes)
        self._choices = [(at, each.choices) for at, each in enumerate(self._attributes) if each.choices]
        self._orderings = [at for at, each in enumerate(self._attributes) if each.ordering]

    def is_whole(self, item: Item) -> bool:
        """Return True, quickly, when every attribute is there and right, as in most messages, which are many."""
        try:
            values = self._values(item)
        except KeyError:
            return False
        return (
            tuple(map(type, values)) == self._types
            and all(values[at] in choices for at, choices in self._choices)
            and all(values[at] < FAR_FUTURE for at in self._orderings)
        )

    def problem(self, item: Item) -> str | None:
        """Return which attribute is missing or of another kind, in words, or None."""
        for attribute in self._attributes:
            value = item.get(attribute.name)
            if (attribute.required or attribute.name in item) and not attribute.admits(value):
                return f"{attribute.name} is {shown(value)}"
            if attribute.ordering and int(value or 0) >= FAR_FUTURE:
                return f"{attribute.name} is {value}"
        return None


_check_of = cache(_TypeCheck)


@dataclass
class MalformedCheck:
    """Every item has the attributes that its table's rules need, each of the right type."""

    damaged: list[tuple[Table, str, str]] = field(default_factory=list)

    def sound(self, table: Table, items: list[Item]) -> list[Item]:
        """Return the items that can be checked any further; remember the others."""
        is_whole = _check_of(table.record).is_whole if table.record else _never
        return [item for item in items if is_whole(item) or self._is_sound(table, item)]

    def _is_sound(self, table: Table, item: Item) -> bool:
        problem = type_problem(table, item)
        if problem:
            self.damaged.append((table, "/".join(str(item[name]) for name in table.key_names), problem))
        return problem is None

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield the damaged items; only a person can say what they should hold."""
        for table, identifier, problem in sorted(self.damaged, key=lambda each: each[1]):
            found = repairs.finding("malformed", table, identifier, problem)
            yield found.model_copy(update={"fixed": False})


def _never(_item: Item) -> bool:
    return False


def type_problem(table: Table, item: Item) -> str | None:
    """Return what an item lacks or holds in the wrong type, in words, or None."""
    record = table.record_of(item)
    if record is None or table in _RECOMPUTED:
        return None
    return _check_of(record).problem(item) or (_row_problem(item) if record is AuditRow else None)


def _row_problem(row: Item) -> str | None:
    """Return what is wrong with the place of an audit row in its trail or with the states it tells, or None."""
    at = created_at_of(row["sk"])
    if at is None or at >= FAR_FUTURE:
        return f"sk is {shown(row['sk'])}, which tells no time"
    for name in ("before", "after"):
        for value in row[name].values():
            if type(value) not in _STATE_TYPES:
                return f"{name} is {shown(row[name])}"
    return None


def shown(value: object) -> str:
    """Return a value in few characters, whatever it is."""
    return "missing" if value is None else (str if isinstance(value, Decimal) else repr)(value)[:60]
