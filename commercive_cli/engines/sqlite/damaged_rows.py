"""Reads rows one by one, with care, after reading them fast has failed: one that holds no item hides no other.

What is known of such a row are its columns: the keys of its table and indexes. They are returned as an item, and what
stands in place of its text as one more attribute.
"""

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import Any, TypeVar

from pydantic_core import from_json

from commercive_cli.domain.attributes import UNREADABLE
from commercive_cli.domain.errors import Invalid
from commercive_cli.engines.sqlite.table_sql import ITEM, TableSQL, quoted
from commercive_cli.store.items import Item, UnreachableItem, UnreadableItem, decode_item

Read = TypeVar("Read")
_MALFORMED = (Invalid, ValueError, TypeError, AttributeError)
"""Errors of reading an item whose text is missing, not JSON, or JSON of another form."""


def fast_or_with_care(fast: Callable[[], Read], with_care: Callable[[], Read]) -> Read:
    """Return what `fast` reads, or what `with_care` does when that fails because a row holds no item."""
    try:
        return fast()
    except _MALFORMED:
        return with_care()
    except sqlite3.OperationalError as error:
        if hasattr(error, "sqlite_errorcode"):
            raise
        return with_care()  # Python raises this for text that is not UTF-8


def read_with_care(
    connection: sqlite3.Connection, table: TableSQL, source: str, parameters: Sequence[Any], names: Sequence[str] = ()
) -> Generator[tuple[int, Item], None, None]:
    """Yield the size in bytes and the item of each row of a statement, which `source` is from FROM on.

    The item's key and its attributes `names` must equal the columns of the row.
    """
    columns = table.item_columns
    values = [f"CAST({quoted(name)} AS BLOB), typeof({quoted(name)})" for name in columns]
    sql = f"SELECT {', '.join([f'CAST({ITEM} AS BLOB)', *values])} {source}"
    with closing(connection.execute(sql, parameters)) as rows:
        for text, *found in rows:
            known = dict(zip(columns, map(_value, found[::2], found[1::2]), strict=True))
            needed = {name: known[name] for name in (*table.table.key_names, *names) if name in known}
            item = _item(text, {n: v for n, v in known.items() if v is not None}, needed)
            reachable = all(map(_is_readable, (dict(zip(columns, found[::2], strict=True))[name] for name in needed)))
            yield len(text or b""), item if reachable else UnreachableItem(item)


def _is_readable(value: bytes | None) -> bool:
    return value is not None and value.decode(errors="replace").encode() == value


def _value(value: bytes | None, kind: str) -> str | int | None:
    if value is None:
        return None
    return int(value) if kind == "integer" else _shown(value)


def _item(text: bytes | None, known: Item, needed: Item) -> Item:
    try:
        item = decode_item(from_json(text or b""))
    except _MALFORMED:
        item = {}
    if all(item.get(name) == value for name, value in needed.items()):
        return item
    return UnreadableItem({**known, UNREADABLE: _shown(text or b"")})


def _shown(value: bytes) -> str:
    """Return bytes as a text that every store takes; what is not UTF-8 stands there by its hexadecimal number."""
    return value.decode(errors="backslashreplace").replace("\0", "\\x00")
