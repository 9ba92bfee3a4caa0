"""What a table in a SQLite file really looks like, read from the file and not from the schema, to show drift."""

import sqlite3

from commercive_cli.engines.sqlite_tables import ITEM, SLOT, quoted
from commercive_cli.store.port import EMBEDDED, TableInfo
from commercive_cli.store.schema import PROJECTION

_TYPES = {"TEXT": "S", "INTEGER": "N"}


def describe(connection: sqlite3.Connection, name: str) -> TableInfo | None:
    """Return the table of that name, or None when there is none; counting reads the whole table."""
    columns = connection.execute("SELECT name, type, pk FROM pragma_table_info(?) ORDER BY pk", (name,)).fetchall()
    if not columns:
        return None
    types = {column: _TYPES.get(declared, declared) for column, declared, _ in columns}
    indexes = _indexes(connection, name)
    items, size = connection.execute(
        f"SELECT count(*), coalesce(sum(length({ITEM})), 0) FROM {quoted(name)}"  # noqa: S608 - a quoted name only
    ).fetchone()
    searched = {
        index: tuple((column, types[column]) for column in key[:2]) for index, key in indexes.items() if len(key) > 1
    }
    return TableInfo(
        name=name,
        status="ACTIVE",
        items=items,
        bytes=size,
        billing=EMBEDDED,
        keys=tuple((column, types[column]) for column, _, place in columns if place and column != SLOT),
        indexes=searched,
        ttl=next((key[0] for key in indexes.values() if len(key) == 1), None),
        projections=dict.fromkeys(searched, PROJECTION),
        index_status=dict.fromkeys(searched, "ACTIVE"),
    )


def _indexes(connection: sqlite3.Connection, name: str) -> dict[str, list[str]]:
    """Return the columns of each of our indexes by its short name; that of the TTL is the one with a single column."""
    rows = connection.execute(
        "SELECT list.name, info.name FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info "
        "WHERE list.origin = 'c' ORDER BY list.name, info.seqno",
        (name,),
    )
    found: dict[str, list[str]] = {}
    for index, column in rows:
        if index.startswith(f"{name}."):
            found.setdefault(index.removeprefix(f"{name}."), []).append(column)
    return found
