"""Tables for people: coloured, relative times, cut to the terminal's width, except ids, which are always whole."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.inert import inert, inert_lines
from commercive_cli.cli.render.values import friendly

if TYPE_CHECKING:  # Rich is loaded only when a terminal is written to
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_NARROWEST = 10
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
    "closed": "dim",
    "admin": "cyan",
}


def print_table(
    console: "Console", columns: Sequence[Column], records: Iterable[Any], now: int, title: str = ""
) -> None:
    """Print records as a table; `now` (ms) is what times are relative to."""
    from rich.table import Table
    from rich.text import Text

    shown = [column for column in columns if not column.wide]
    rows = [[_cell(column, record, now) for column in shown] for record in records]
    widths = column_widths(shown, rows, console.width)
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
    """Print each record as lines of name and value; what has no value is left out."""
    from rich.table import Table
    from rich.text import Text

    if title:
        console.print(Text(f"\n{title}", style="bold underline"))
    for record in records:
        card = Table(box=None, pad_edge=False, show_header=False, padding=(0, _GAP, 0, 0))
        card.add_column(no_wrap=True, style="bold")
        card.add_column(overflow="fold")
        for column in columns:
            if column.value(record) not in (None, ""):
                card.add_row(Text(_heading(column)), _cell(column, record, now))
        console.print(card)


def column_widths(columns: Sequence[Column], rows: Sequence[Sequence["Text"]], available: int) -> dict[int, int]:
    """Return positions and widths of the columns to show.

    Text and prose give way, widest first, down to ten. What does not fit even so is left out, the last column first;
    the first column and states always stay. An id that is shown is shown whole.
    """
    natural = [
        max([len(_heading(column)), *(_longest_line(row[position]) for row in rows)])
        for position, column in enumerate(columns)
    ]
    yielding = [position for position, column in enumerate(columns) if column.kind in ("text", "prose")]
    least = {p: min(width, _NARROWEST) if p in yielding else width for p, width in enumerate(natural)}
    for position in reversed(range(1, len(columns))):
        if _total(least) > available and columns[position].kind not in ("status", "prose"):
            del least[position]
    widths = {position: natural[position] for position in least}
    _narrow(widths, [position for position in yielding if position in widths], available)
    return widths


def _narrow(widths: dict[int, int], yielding: Sequence[int], available: int) -> None:
    while yielding and _total(widths) > available:
        widest = max(yielding, key=lambda position: widths[position])
        if widths[widest] <= _NARROWEST:
            return
        widths[widest] -= 1


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
    escaped = inert_lines(value) if column.kind == "prose" else inert(value)
    return Text(escaped, style=_COLOURS.get(value, "") if column.kind == "status" else "")


def _print_whole(console: "Console", table: Any, width: int) -> None:
    """Print a table even when it is wider than the terminal: the terminal wraps it, and no id is cut."""
    available = console.width
    console.width = max(width, available)
    console.print(table)
    console.width = available
