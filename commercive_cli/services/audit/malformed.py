"""Items that hold something else than they should: mended where there is one right answer, else shown to no check."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.attributes import UNREADABLE, Attribute, Kind, attributes_of
from commercive_cli.domain.clock import FAR_FUTURE
from commercive_cli.domain.ids import created_at_of
from commercive_cli.domain.models import AuditRow, Record
from commercive_cli.domain.quoting import shortened
from commercive_cli.services.audit.check import Repairs
from commercive_cli.services.audit.mending import right_answer
from commercive_cli.store.items import Item, Key, OtherValue
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import AFFILIATE_STATS, Table
from commercive_cli.store.writes import Update, unchanged

_Kind = tuple[type[Record] | None, tuple[str, ...]]
"""A record, and the names of an item's attributes."""

_STATE_TYPES = (str, int, Decimal)
_RECOMPUTED = (AFFILIATE_STATS,)
"""Whatever is wrong with the numbers of these, the leads say what they should be."""


@dataclass(frozen=True)
class Examined:
    """What an item holds: `item` as the checks see it, without NULLs and with right answers in place.

    `mended` are those answers, by name; None stands for what is to be removed, since the checks count it anew.
    `problems` say what only a person can mend.
    """

    item: Item
    mended: dict[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class _Examiner:
    """Holds items against the attributes of a record."""

    def __init__(self, record: type[Record]) -> None:
        self._record = record
        self._attributes = tuple(attributes_of(record).values())

    def examine(self, item: Item) -> Examined:
        """Return what the item holds."""
        mended: dict[str, Any] = {}
        problems: list[str] = []
        for attribute in self._attributes:
            name, value = attribute.name, item.get(attribute.name)
            if _is_right(attribute, value, there=name in item):
                continue
            answer = None if value is None else right_answer(attribute, value)
            if answer is not None or attribute.derived:
                mended[name] = answer
            elif not _is_told_elsewhere(attribute, value):
                problems.append(f"{name} is {shown(value)}")
        seen = item
        if mended or None in item.values():
            seen = {name: value for name, value in (item | mended).items() if value is not None}
        if self._record is AuditRow and not problems:
            problems = list(_row_problems(seen))
        return Examined(seen, mended, tuple(problems))


_examiner_of = cache(_Examiner)


class _Shape:
    """Items of one record that have the same attributes: whether nothing is wrong with any is told from all at once.

    That is so with most, and tables are large. It says so of exactly those that `examine` would leave as they are.
    """

    def __init__(self, record: type[Record] | None, names: tuple[str, ...]) -> None:
        declared = attributes_of(record) if record else {}
        self._rows = record is AuditRow
        self._values = itemgetter(*names)
        self._attributes = [declared.get(name) for name in names]
        lacking = any(attribute.required and name not in names for name, attribute in declared.items())
        self._may_be_right = not lacking and len(names) > 1 and UNREADABLE not in names

    def all_right(self, items: list[Item]) -> bool:
        """Return whether every one of these items is as it should be."""
        if not self._may_be_right:
            return False
        columns = zip(*map(self._values, items), strict=True)
        if not all(map(_is_right_column, self._attributes, columns)):
            return False
        return not self._rows or not any(problem for item in items for problem in _row_problems(item))


_shape_of = lru_cache(1_000)(_Shape)  # foreign items may have any attributes, and so any number of shapes


def _kind(table: Table, item: Item) -> _Kind:
    return table.record_of(item), tuple(item)


def _alike(table: Table, items: list[Item]) -> dict[_Kind, list[Item]]:
    """Return the items by their kinds."""
    if table.record and len(names := set(map(tuple, items))) == 1:  # as with messages, which are many
        return {(table.record, names.pop()): items}
    alike: defaultdict[_Kind, list[Item]] = defaultdict(list)
    for item in items:
        alike[_kind(table, item)].append(item)
    return alike


def _is_right_column(attribute: Attribute | None, values: tuple[Any, ...]) -> bool:
    if attribute is None:
        return None not in values
    return (
        set(map(type, values)).issubset(attribute.kind.types)
        and (not attribute.choices or set(values).issubset(attribute.choices))
        and (not attribute.ordering or max(values) < FAR_FUTURE)
    )


@dataclass
class MalformedCheck:
    """Every item has the attributes that its table's rules need, each of the right type."""

    _mends: list[tuple[Table, Key, Item, dict[str, Any]]] = field(default_factory=list)
    _damaged: list[tuple[Table, Key, str]] = field(default_factory=list)

    def sound(self, table: Table, items: list[Item]) -> list[Item]:
        """Return the items that can be checked any further, as the checks see them; remember what is wrong."""
        alike = _alike(table, items)
        doubtful = {kind for kind, each in alike.items() if not _shape_of(*kind).all_right(each)}
        if not doubtful:
            return items
        seen = (self._seen(table, item) if _kind(table, item) in doubtful else item for item in items)
        return [item for item in seen if item is not None]

    def _seen(self, table: Table, item: Item) -> Item | None:
        examined = examine(table, item)
        if examined.mended:
            kept = {name: item[name] for name in examined.mended}
            self._mends.append((table, table.key_of(item), kept, examined.mended))
        if examined.problems:
            self._damaged.append((table, table.key_of(item), "; ".join(examined.problems)))
        return None if examined.problems else examined.item

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield the items that are mended, then those of which only a person can say what they should hold."""
        for table, key, kept, mended in sorted(self._mends, key=lambda each: place_of(each[1])):
            words = (f"{name} is {'NULL' if value is None else shown(value)}" for name, value in kept.items())
            found = repairs.finding("malformed", table, place_of(key), "; ".join(words))
            try:
                yield from repairs.apply([found], _mend(table, key, kept, mended))
            except ConditionFailed:
                continue
        for table, key, problem in sorted(self._damaged, key=lambda each: place_of(each[1])):
            yield repairs.named("malformed", table, place_of(key), problem)


def place_of(key: Key) -> str:
    """Return a key in words, as findings name items."""
    return "/".join(map(str, key.values()))


def _mend(table: Table, key: Key, kept: Item, mended: dict[str, Any]) -> Update:
    answers = {name: answer for name, answer in mended.items() if answer is not None}
    removed = tuple(name for name, answer in mended.items() if answer is None)
    return Update(table, key, set=answers, remove=removed, when=unchanged(kept, *kept))


def examine(table: Table, item: Item) -> Examined:
    """Return what an item of a table holds; nothing is wrong with one of which nothing is declared."""
    if UNREADABLE in item:
        return Examined(item, problems=(f"it is no item: {shown(item[UNREADABLE])}",))
    record = table.record_of(item)
    if record is None or table in _RECOMPUTED:
        return Examined(item)
    return _examiner_of(record).examine(item)


def readable(table: Table, item: Item | None) -> Item | None:
    """Return an item as the checks see it, or None when there is none or nothing can be computed from it."""
    examined = examine(table, item) if item is not None else None
    return None if examined is None or examined.problems else examined.item


def _is_right(attribute: Attribute, value: Any, *, there: bool) -> bool:
    if value is None:
        # Nothing can be added to NULL, so a counter must rather be missing.
        return not attribute.required and not (there and attribute.derived and attribute.kind is Kind.COUNT)
    return attribute.admits(value) and not (attribute.ordering and value >= FAR_FUTURE)


def _is_told_elsewhere(attribute: Attribute, value: object) -> bool:
    """Return whether the checks of states look at this value; a status they can do without no more than others."""
    return attribute.state and (not attribute.required or type(value) in attribute.kind.types)


def _row_problems(row: Item) -> Iterator[str]:
    """Yield what is wrong with the place of an audit row in its trail or with the states it tells."""
    at = created_at_of(row["sk"])
    if at is None or at >= FAR_FUTURE:
        yield f"sk is {shown(row['sk'])}, which tells no time"
    for name in ("before", "after"):
        if not all(type(value) in _STATE_TYPES for value in row[name].values()):
            yield f"{name} is {shown(row[name])}"


def shown(value: object) -> str:
    """Return a value in few characters, whatever it is."""
    return "missing" if value is None else shortened((str if isinstance(value, Decimal | OtherValue) else repr)(value))
