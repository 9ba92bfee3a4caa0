"""Queries and scans of a SQLite file: one statement reads one page, which starts after the key where the last ended."""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.engines.sqlite.damaged_rows import fast_or_with_care, read_with_care
from commercive_cli.engines.sqlite.table_sql import ITEM, SLOT, SLOTS, TableSQL, column_list, slot_of
from commercive_cli.store.items import Item, Key, UnreachableItem, item_text, text_item
from commercive_cli.store.limits import PAGE_BYTES
from commercive_cli.store.port import Page, Query, TextPage, TextRow

_Rows = Generator[tuple[int, Item], None, None]
"""The size in bytes and the item of each row."""

_ALL = -1
"""SQLite's limit for everything."""

_TextRows = Generator[TextRow, None, None]


@dataclass(frozen=True)
class Select:
    """A statement for the items of one page; `names` are the attributes in the start of the next page.

    It selects the item's text first, then `columns`, the SQL of these; `source` is the statement from FROM on. The last
    of the `parameters` is how many rows it may read.
    """

    source: str
    parameters: tuple[Any, ...]
    names: tuple[str, ...]
    columns: tuple[str, ...]
    limit: int | None = None
    keys_only: bool = False
    is_scan: bool = False

    @property
    def sql(self) -> str:
        """Return the whole statement."""
        return f"SELECT {', '.join((ITEM, *self.columns))} {self.source}"


def select_query(table: TableSQL, query: Query) -> Select:
    """Return the statement for one page of a query; raise Invalid when its limit or start is wrong."""
    if query.limit is not None and query.limit < 1:
        raise Invalid("limit must be at least 1", field="limit")
    names = tuple(attribute.name for attribute in query.table.key_attributes(query.index))
    columns = [table.column(name) for name in names]
    conditions = (
        _partition_condition(table, query, columns) + _bounds(query, columns) + _start_condition(query, names, columns)
    )
    direction = " DESC" if query.descending else ""
    order = ", ".join(column + direction for column in columns[1:])
    return Select(
        f"FROM {table.source(query.index)} WHERE {' AND '.join(sql for sql, _ in conditions)}"
        f"{' ORDER BY ' + order if order else ''} LIMIT ?",
        (*(value for _, values in conditions for value in values), _ALL if query.limit is None else query.limit + 1),
        names,
        tuple(columns),
        query.limit,
        keys_only=query.index is not None and query.table.index(query.index).projection == "KEYS_ONLY",
    )


def select_segment(table: TableSQL, segment: int, segments: int, start: Key | None, limit: int | None = None) -> Select:
    """Return the statement for one page of a segment: a range of slots, read in the order of the primary key."""
    if not 0 <= segment < segments:
        raise Invalid(f"there is no segment {segment} of {segments}")
    first, end = (SLOTS * n // segments for n in (segment, segment + 1))
    after, parameters = f"{SLOT} >= ?", (first,)
    if start is not None:
        _start_values(start, table.table.key_names)
        after, parameters = f"({column_list(table.key)}) > ({_parameter_marks(table.key)})", table.primary_key(start)
    return Select(
        f"FROM {table.quoted} WHERE {after} AND {SLOT} < ? ORDER BY {column_list(table.key)} LIMIT ?",
        (*parameters, end, _ALL if limit is None else limit + 1),
        table.table.key_names,
        tuple(map(table.column, table.table.key_names)),
        limit,
        is_scan=True,
    )


def read_page(connection: sqlite3.Connection, table: TableSQL, select: Select) -> Page:
    """Return the items that fit into a page; of one that cannot be read, an UnreadableItem."""
    page = fast_or_with_care(
        lambda: _page(_fast(connection, select), select),
        lambda: _page(_with_care(connection, table, select), select),
    )
    return _keys_of(page, select.names) if select.keys_only else page


def read_texts(connection: sqlite3.Connection, table: TableSQL, select: Select) -> TextPage:
    """Return the texts that fit into a page, each with its key; the statement selects both.

    A text that is missing or truncated is replaced by that of an UnreadableItem. Texts are not parsed, so other damage
    is not found.
    """
    return fast_or_with_care(
        lambda: _text_page(_fast_texts(connection, select), select),
        lambda: _as_texts(_page(_with_care(connection, table, select), select), select),
    )


def _page(rows: _Rows, select: Select) -> Page:
    # The size of a page is measured by the JSON text, which is never shorter than the item as DynamoDB counts it.
    items: list[Item] = []
    size = end = 0
    with closing(rows):
        for length, item in rows:
            size += length
            if end and (end == select.limit or size > PAGE_BYTES):
                return Page(items[:end], {name: items[end - 1][name] for name in select.names})
            items.append(item)
            end = end if isinstance(item, UnreachableItem) else len(items)
    return Page(items)


def _fast(connection: sqlite3.Connection, select: Select) -> _Rows:
    names = select.names
    with closing(connection.execute(select.sql, select.parameters)) as rows:
        for text, *key in rows:
            item = text_item(text)
            if [item.get(name) for name in names] != key:
                raise ValueError("the item has another key than its row")
            yield len(text.encode()), item


def _with_care(connection: sqlite3.Connection, table: TableSQL, select: Select) -> _Rows:
    """Read rows one by one; a query skips those whose keys cannot be read, since its limit counts the others."""
    rows = read_with_care(connection, table, select.source, (*select.parameters[:-1], _ALL), select.names)
    if select.is_scan or select.limit is None:
        return rows
    return (row for row in rows if not isinstance(row[1], UnreachableItem))


def _keys_of(page: Page, names: tuple[str, ...]) -> Page:
    return Page([{name: item[name] for name in names} for item in page.items], page.next)


def _text_page(rows: _TextRows, select: Select) -> TextPage:
    texts: list[TextRow] = []
    size = 0
    with closing(rows):
        for row in rows:
            size += len(row[0].encode())
            if texts and size > PAGE_BYTES:
                return TextPage(texts, dict(zip(select.names, texts[-1][1:], strict=True)))
            texts.append(row)
    return TextPage(texts)


def _fast_texts(connection: sqlite3.Connection, select: Select) -> _TextRows:
    with closing(connection.execute(select.sql, select.parameters)) as rows:
        for row in rows:
            if row[0][-2:] != "}}":
                raise ValueError("the text is truncated, or nobody of ours wrote it")
            yield row


def _as_texts(page: Page, select: Select) -> TextPage:
    return TextPage([(item_text(item), *(item[name] for name in select.names)) for item in page.items], page.next)


_Conditions = list[tuple[str, Sequence[Any]]]


def _partition_condition(table: TableSQL, query: Query, columns: Sequence[str]) -> _Conditions:
    partition = (f"{columns[0]} = ?", [query.partition])
    if query.index is None:
        return [(f"{SLOT} = ?", [slot_of(query.partition)]), partition]
    return [partition, *((f"{table.column(name)} IS NOT NULL", []) for name in table.optional_keys(query.index))]


def _bounds(query: Query, columns: Sequence[str]) -> _Conditions:
    # The plus keeps SQLite from searching the index by a bound that the start of the page has overtaken.
    plus_since, plus_until = ("", "") if query.start is None else ("", "+") if query.descending else ("+", "")
    if (query.since, query.until) != (None, None) and len(columns) == 1:
        raise Invalid(f"{query.table.name} has no sort key to bound")
    found: _Conditions = []
    if query.since is not None:
        found.append((f"{plus_since}{columns[1]} > ?", [query.since]))
    if query.until is not None:
        found.append((f"{plus_until}{columns[1]} <= ?", [query.until]))
    return found


def _start_condition(query: Query, names: tuple[str, ...], columns: Sequence[str]) -> _Conditions:
    if query.start is None:
        return []
    position = _start_values(query.start, names)[1:]
    if not position:
        return [("0", [])]
    comparison = "<" if query.descending else ">"
    return [(f"({', '.join(columns[1:])}) {comparison} ({_parameter_marks(position)})", position)]


def _start_values(start: Key, names: tuple[str, ...]) -> list[Any]:
    if set(start) != set(names):
        raise Invalid(f"a page starts at a key of {', '.join(names)}", field="cursor")
    return [start[name] for name in names]


def _parameter_marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
