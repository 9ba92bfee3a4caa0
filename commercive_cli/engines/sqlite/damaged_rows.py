"""Finds the damaged row after reading has failed, so that undamaged rows are read without extra checks."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from pydantic_core import from_json

from commercive_cli.domain.errors import Damaged, Invalid
from commercive_cli.domain.quoting import shortened
from commercive_cli.engines.sqlite.table_sql import ITEM, TableSQL, column_list
from commercive_cli.store.items import Key, decode_item

_REMEDY = "mend or delete this row with `sqlite3`, or restore a backup"
_MALFORMED = (Invalid, ValueError, TypeError, AttributeError, KeyError)
"""Errors of reading an item whose text is missing, not JSON, or JSON of another form."""


@contextmanager
def naming_damaged_row(
    connection: sqlite3.Connection, table: TableSQL, source: str, parameters: Sequence[Any], names: Sequence[str] = ()
) -> Iterator[None]:
    """Raise Damaged instead of an error of reading the rows of a statement, when one of its rows holds no item.

    `source` is the statement from FROM on. The item's key and its attributes `names` must equal the columns of the row.
    """
    try:
        yield
    except _MALFORMED:
        _check_rows(connection, table, source, parameters, names)
        raise
    except sqlite3.OperationalError as error:
        if not hasattr(error, "sqlite_errorcode"):  # Python raises this for text that is not UTF-8
            _check_rows(connection, table, source, parameters, names)
        raise


def check_row(table: TableSQL, text: bytes | None, columns: Key) -> None:
    """Raise Damaged, naming the item's key, when the text of a row is not an item that agrees with its `columns`."""
    try:
        _check_text(text, columns)
    except Invalid as wrong:
        key = " ".join(str(columns[name]) for name in table.table.key_names)
        raise Damaged(f"the stored item {key} of {table.table.name} is damaged: {wrong.message}; {_REMEDY}") from None


def _check_rows(
    connection: sqlite3.Connection, table: TableSQL, source: str, parameters: Sequence[Any], names: Sequence[str]
) -> None:
    columns = tuple(dict.fromkeys((*table.table.key_names, *names)))
    text = f"CASE typeof({ITEM}) WHEN 'text' THEN CAST({ITEM} AS BLOB) END"
    with closing(connection.execute(f"SELECT {text}, {column_list(columns)} {source}", parameters)) as rows:
        for found, *values in rows:
            check_row(table, found, dict(zip(columns, values, strict=True)))


def _check_text(text: bytes | None, columns: Key) -> None:
    if text is None:
        raise Invalid("there is no text in it")
    try:
        encoded = from_json(text)
    except ValueError as error:
        raise Invalid(f"it is not JSON: {error}") from None
    try:
        item = decode_item(encoded)
    except (ValueError, TypeError, AttributeError):
        raise Invalid("it is not of the form {name: {type: value}}") from None
    for name, value in columns.items():
        if item.get(name) != value:
            raise Invalid(f"its {name} is {shortened(item.get(name, 'missing'))}, not the one of its row")
