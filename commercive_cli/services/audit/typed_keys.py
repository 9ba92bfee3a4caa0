"""Items found by what a person types for a key: the id alone, or partition and sort key with a blank or / between."""

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from commercive_cli.domain.errors import Invalid, NotFound
from commercive_cli.domain.ids import usual_ids
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.store.items import Item, Key
from commercive_cli.store.limits import LARGEST_KEY_NUMBER
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import Attribute, Table

_MOST_NAMED = 3
_BETWEEN = re.compile("[ /]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_WHOLE = re.compile("-?[0-9]{1,19}", re.ASCII)


def find_typed(store: Store, table: Table, typed: str) -> Item:
    """Return the one item that is meant; raise NotFound when there is none, and Invalid when there are several.

    When nothing has just this key, UUIDs in it count as if they were in lower case.
    """
    if _LONE_SURROGATE.search(typed):
        raise Invalid("KEY is no well-formed Unicode", field="KEY")
    found = _found(store, table, typed) or (_found(store, table, usual) if (usual := usual_ids(typed)) != typed else {})
    if not found:
        raise NotFound(
            f"there is no item {shortened(typed)} in {table.name}, whose key is {' and '.join(table.key_names)}"
        )
    if len(found) > 1:
        named = ", ".join(repr(" ".join(map(str, key))) for key in found)
        raise Invalid(
            f"{quoted(typed)} may be several items of {table.name}; name one whole, such as {named}", field="KEY"
        )
    return next(iter(found.values()))


def _found(store: Store, table: Table, typed: str) -> dict[tuple[Any, ...], Item]:
    return {tuple(table.key_of(item).values()): item for item in _meant(store, table, typed)}


def _meant(store: Store, table: Table, typed: str) -> Iterator[Item]:
    for key in [{table.partition.name: typed}] if table.sort is None else _keys(table, table.sort, typed):
        with suppress(Invalid):  # nothing has such a key: it is too long, or a part of it empty
            item = store.get(table, key)
            if item is not None:
                yield item
    if table.sort is not None:
        with suppress(Invalid):
            yield from islice(query_items(store, Query(table, typed, limit=_MOST_NAMED)), _MOST_NAMED)


def _keys(table: Table, sort: Attribute, typed: str) -> Iterator[Key]:
    """Yield every key that the words can mean: ids may hold blanks and slashes themselves."""
    for between in _BETWEEN.finditer(typed):
        first, second = typed[: between.start()], typed[between.end() :]
        if sort.type == "S":
            yield {table.partition.name: first, sort.name: second}
        elif _WHOLE.fullmatch(second) and abs(int(second)) <= LARGEST_KEY_NUMBER:
            yield {table.partition.name: first, sort.name: int(second)}
