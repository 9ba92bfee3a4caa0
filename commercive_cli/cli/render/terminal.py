"""Tables for people: with colours and relative times, cut to the terminal's width, except for ids."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.escape import escape, escape_lines
from commercive_cli.cli.render.values import friendly

if TYPE_CHECKING:  # Rich is loaded only when a terminal is written to
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_NARROWEST = {"text": 10, "prose": 20}
_GAP = 2
_COLOURS = {
    "open": "green",
    "approved": "green",
    "created": "green",
    "ACTIVE": "green",
    "pending": "yellow",
    "different": "yellow",
    "rejected": "red",
    "missing": "red",
    "foreign": "red",
    "closed": "dim",
    "admin": "cyan",
}


def print_table(
    console: "Console", columns: Sequence[Column], records: Iterable[Any], now: int, title: str = ""
) -> None:
    """Print records as a table, or as cards if the table does not fit; times are relative to `now` (ms)."""
    from rich.table import Table
    from rich.text import Text

    records = list(records)
    shown = [column for column in columns if not column.wide and not _is_needless(column, records)]
    rows = [[_cell(column, record, now) for column in shown] for record in records]
    widths = column_widths(shown, rows, console.width)
    if records and _total(widths) > console.width:
        print_card(console, shown, records, now, title)
        return
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for position, width in widths.items():
        _add_column(table, shown[position], width)
    for row in rows:
        table.add_row(*(row[position] for position in widths))
    if title:
        console.print(Text(f"\n{title}", style="bold underline"))
    _print_whole(console, table, _total(widths))


def print_card(
    console: "Console", columns: Sequence[Column], records: Iterable[Any], now: int, title: str = ""
) -> None:
    """Print each record as lines of name and value; attributes without a value are left out."""
    from rich.text import Text

    if title:
        console.print(Text(f"\n{title}", style="bold underline"))
    for position, record in enumerate(records):
        if position:
            console.print()
        named = [column for column in columns if column.value(record) not in (None, "", ())]
        _print_card(console, [(column, _cell(column, record, now)) for column in named])


def _is_needless(column: Column, records: Sequence[Any]) -> bool:
    return column.exceptional and not any(column.value(record) for record in records)


def _print_card(console: "Console", lines: Sequence[tuple[Column, "Text"]]) -> None:
    from rich.text import Text

    margin = max((len(_heading(column)) for column, _ in lines), default=0) + _GAP
    for column, cell in lines:
        value = _folded(console, cell, console.width - margin) if _can_shrink(column) else cell
        for position, line in enumerate(value.split("\n")):
            heading = "" if position else _heading(column)
            console.print(Text.assemble((heading.ljust(margin), "bold"), line), soft_wrap=True)


def _folded(console: "Console", cell: "Text", width: int) -> "Text":
    from rich.text import Text

    return Text("\n").join(cell.wrap(console, max(width, _NARROWEST["text"]), overflow="fold"))


def column_widths(columns: Sequence[Column], rows: Sequence[Sequence["Text"]], available: int) -> dict[int, int]:
    """Return positions and widths of the columns to show; their sum may exceed `available`.

    Text and prose are narrowed, widest first, to at least 10 and 20 characters. If that is not enough, columns are left
    out, the last one first, but for naming columns, statuses and prose. Ids are never narrowed.
    """
    natural = [
        max([len(_heading(column)), *(_longest_line(row[position]) for row in rows)])
        for position, column in enumerate(columns)
    ]
    naming = [position for position, column in enumerate(columns) if column.names] or [0]
    narrowest = {position: _NARROWEST[each.kind] for position, each in enumerate(columns) if _can_shrink(each)}
    least = {p: min(width, narrowest.get(p, width)) for p, width in enumerate(natural)}
    for position in reversed(range(len(columns))):
        if _total(least) > available and position not in naming and columns[position].kind not in ("status", "prose"):
            del least[position]
    widths = {position: natural[position] for position in least}
    _narrow(widths, {position: least[position] for position in narrowest if position in least}, available)
    return widths


def _can_shrink(column: Column) -> bool:
    return column.kind in _NARROWEST and not column.names


def _narrow(widths: dict[int, int], least: dict[int, int], available: int) -> None:
    """Narrow the widest columns, one character at a time, until all fit or none can be narrowed."""
    while _total(widths) > available and (shrinkable := [each for each in least if widths[each] > least[each]]):
        widths[max(shrinkable, key=lambda position: widths[position])] -= 1


def _total(widths: dict[int, int]) -> int:
    return sum(widths.values()) + _GAP * (len(widths) - 1)


def _add_column(table: "Table", column: Column, width: int) -> None:
    from rich.text import Text

    table.add_column(
        Text(_heading(column)),
        justify="right" if column.kind in ("count", "money") else "left",
        width=width,
        no_wrap=column.kind != "prose",
        overflow="fold" if column.kind == "prose" else "ellipsis",
    )


def _heading(column: Column) -> str:
    return column.title or column.name.replace("_", " ")


def _longest_line(text: "Text") -> int:
    from rich.cells import cell_len

    return max(map(cell_len, text.plain.split("\n")))


def _cell(column: Column, record: Any, now: int) -> "Text":
    from rich.text import Text

    value = friendly(column, record, now)
    escaped = escape_lines(value) if column.kind == "prose" else escape(value)
    return Text(escaped, style=_COLOURS.get(value, "") if column.kind == "status" else "")


def _print_whole(console: "Console", table: Any, width: int) -> None:
    """Print the table at its full width, also if the terminal is narrower and wraps it."""
    available = console.width
    console.width = max(width, available)
    console.print(table)
    console.width = available
