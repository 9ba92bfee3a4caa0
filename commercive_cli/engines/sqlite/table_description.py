"""The description of a table in a SQLite file, read from the file and not from the declaration, to find drift."""

import re
import sqlite3
from dataclasses import dataclass

from commercive_cli.domain.errors import Misconfigured
from commercive_cli.engines.sqlite.table_sql import ITEM, SLOT, TableSQL
from commercive_cli.store.foreign import KeyShape, declared_key, not_ours
from commercive_cli.store.port import EMBEDDED, TableInfo

_TYPES = {"TEXT": "S", "INTEGER": "N"}
_TOKEN = re.compile(r'"[^"]*"|\w+|\S')


@dataclass
class _Index:
    """An index in the file: its statement and the names of its columns, "an expression" for an expression."""

    sql: str
    columns: list[str]


def describe(connection: sqlite3.Connection, table: TableSQL) -> TableInfo | None:
    """Return the description of the table, or None when it does not exist; counting items reads the whole table."""
    rows = _columns(connection, table)
    if not rows:
        return None
    types = {column: kind for column, kind, _ in rows}
    indexes = _indexes(connection, table.name)
    ttl = indexes.pop(table.table.ttl or "", None)
    bytes_ = f"coalesce(sum(length({ITEM})), 0)" if ITEM in types else "0"
    items, size = connection.execute(f"SELECT count(*), {bytes_} FROM {table.quoted}").fetchone()  # noqa: S608 - quoted names only
    return TableInfo(
        name=table.name,
        status="ACTIVE",
        items=items,
        bytes=size,
        billing=EMBEDDED,
        keys=_key(rows),
        indexes={name: _index_key(name, index, table, types) for name, index in indexes.items()},
        ttl=table.table.ttl if ttl is not None and _is_declared(table.table.ttl or "", ttl, table) else None,
        projections={name: _projection(name, index, table) for name, index in indexes.items()},
        index_status=dict.fromkeys(indexes, "ACTIVE"),
        missing_columns=tuple(column for column in table.columns if column not in types),
    )


def check_key(connection: sqlite3.Connection, table: TableSQL) -> bool:
    """Return whether the table is there; raise Misconfigured when it is, and is not ours."""
    rows = _columns(connection, table)
    if rows and _key(rows) != declared_key(table.table):
        raise Misconfigured(not_ours(table.name, table.table, _key(rows)))
    return bool(rows)


def _columns(connection: sqlite3.Connection, table: TableSQL) -> list[tuple[str, str, int]]:
    """Return name, type and place in the primary key (0: none) of each column, in the order of that key."""
    rows = connection.execute("SELECT name, type, pk FROM pragma_table_info(?) ORDER BY pk", (table.name,))
    return [(column, _TYPES.get(declared, declared), place) for column, declared, place in rows]


def _key(rows: list[tuple[str, str, int]]) -> KeyShape:
    return tuple((column, kind) for column, kind, place in rows if place and column != SLOT)


def _indexes(connection: sqlite3.Connection, name: str) -> dict[str, _Index]:
    """Return the indexes whose names start with that of the table, by the rest of the name."""
    rows = connection.execute(
        "SELECT list.name, schema.sql, coalesce(info.name, 'an expression') "
        "FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info, sqlite_schema AS schema "
        "WHERE list.origin = 'c' AND schema.type = 'index' AND schema.name = list.name ORDER BY list.name, info.seqno",
        (name,),
    )
    found: dict[str, _Index] = {}
    for index, sql, column in rows:
        if index.startswith(f"{name}."):
            found.setdefault(index.removeprefix(f"{name}."), _Index(sql, [])).columns.append(column)
    return found


def _projection(name: str, index: _Index, table: TableSQL) -> str:
    """Return what an index holds; of a declared one that was made otherwise, the statement by which it was."""
    made_otherwise = name in table.index_statements() and not _is_declared(name, index, table)
    if made_otherwise:
        return f"made by {index.sql}"
    declared = {each.name: each.projection for each in table.table.indexes}
    return declared.get(name, "ALL")


def _index_key(name: str, index: _Index, table: TableSQL, types: dict[str, str]) -> tuple[tuple[str, str], ...]:
    declared = {each.name: each for each in table.table.indexes}.get(name)
    if declared is not None and _is_declared(name, index, table):
        return tuple((each.name, each.type) for each in (declared.partition, declared.sort))
    return tuple((column, types.get(column, "?")) for column in index.columns[:2])


def _is_declared(name: str, index: _Index, table: TableSQL) -> bool:
    return _tokens(index.sql) == _tokens(table.index_statements()[name].replace(" IF NOT EXISTS", ""))


def _tokens(sql: str) -> list[str]:
    return [token.strip('"').lower() for token in _TOKEN.findall(sql)]
