"""Rows for machines: tab-separated, CSV, and ids alone."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.csv import csv_line, text_cell
from commercive_cli.cli.render.escape import escape
from commercive_cli.cli.render.values import plain


def tab_separated(columns: Sequence[Column], records: Iterable[Any]) -> Iterator[str]:
    r"""Yield a header and one line a record; tabs and line breaks within a value are \t and \n."""
    yield "\t".join(column.name for column in columns) + "\n"
    for record in records:
        yield "\t".join(escape(plain(column, record)) for column in columns) + "\n"


def comma_separated(columns: Sequence[Column], records: Iterable[Any]) -> Iterator[str]:
    """Yield RFC 4180 lines with a header; texts are in quotes and harmless in a spreadsheet, numbers are bare."""
    yield csv_line([text_cell(column.name) for column in columns])
    for record in records:
        yield csv_line([_cell(column, record) for column in columns])


def ids(columns: Sequence[Column], records: Iterable[Any]) -> Iterator[str]:
    """Yield a line with each record's id: the value of its first column of kind `id`, else of its first column."""
    column = next((column for column in columns if column.kind == "id"), columns[0])
    for record in records:
        yield escape(plain(column, record)) + "\n"


def _cell(column: Column, record: Any) -> str:
    value, text = column.value(record), plain(column, record)
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool) and column.kind != "time"
    return text if is_number or value is None else text_cell(text)
