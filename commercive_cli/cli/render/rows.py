"""Rows for machines: tab-separated, CSV, and ids alone."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.csv import csv_line, escape_formula
from commercive_cli.cli.render.escape import escape, escape_lines
from commercive_cli.cli.render.values import plain


def tab_separated(columns: Sequence[Column], records: Iterable[Any]) -> Iterator[str]:
    r"""Yield a header and one line a record; tabs and line breaks within a value are \t and \n."""
    yield "\t".join(column.name for column in columns) + "\n"
    for record in records:
        yield "\t".join(escape(plain(column, record)) for column in columns) + "\n"


def comma_separated(columns: Sequence[Column], records: Iterable[Any]) -> Iterator[str]:
    """Yield RFC 4180 lines with a header; formulas have a leading apostrophe."""
    yield csv_line([column.name for column in columns])
    for record in records:
        yield csv_line([_cell(column, record) for column in columns])


def ids(columns: Sequence[Column], records: Iterable[Any]) -> Iterator[str]:
    """Yield a line with each record's id: the value of its first column of kind `id`, else of its first column."""
    column = next((column for column in columns if column.kind == "id"), columns[0])
    for record in records:
        yield escape(plain(column, record)) + "\n"


def _cell(column: Column, record: Any) -> str:
    text = plain(column, record)
    return escape_lines(escape_formula(text) if isinstance(column.value(record), str) else text)
