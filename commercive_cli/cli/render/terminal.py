"""Tables and cards for people, cut to the terminal's width by what each column is worth; ids that name stay whole."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from commercive_cli.cli.render.columns import NEVER_DROPPED, ORDINARY, Column
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.escape import escape, escape_lines
from commercive_cli.cli.render.values import friendly
from commercive_cli.domain.models import Conversation, Lead

if TYPE_CHECKING:  # Rich is loaded only when a terminal is written to
    from rich.text import Text

GAP = 2
_NARROWEST = {"text": 12, "claim": 12, "prose": 20}
_COMFORTABLE = 40
"""Cells that a text has before columns are shown that only wide terminals show."""


@dataclass(frozen=True)
class Shown:
    """What of a table was shown: values that all rows share, which stand in no column, and columns without room."""

    shared: tuple[tuple[Column, str], ...] = ()
    hidden: tuple[Column, ...] = ()


def print_table(
    display: Display,
    columns: Sequence[Column],
    records: Iterable[Any],
    *,
    above: Callable[[Shown], None] = lambda _: None,
) -> None:
    """Print records as a table, or as cards if not even the columns that are never dropped fit.

    `above` writes what stands before the header. A line below says which columns the width took.
    """
    records = list(records)
    know_ids(display, columns, records)
    wanted = [column for column in columns if (display.wide or not column.wide) and not _needless(column, records)]
    shared = () if display.wide else _shared(display, wanted, records)
    wanted = [column for column in wanted if column not in [each for each, _ in shared]]
    rows = [[_cell(display, column, record) for column in wanted] for record in records]
    widths = column_widths(wanted, rows, None if display.wide else display.width)
    if records and not display.wide and _total(widths, widths) > display.width:
        above(Shown(shared))
        weights = _weights(wanted)
        print_cards(display, [each for p, each in enumerate(wanted) if weights[p] >= ORDINARY], records)
        return
    hidden = [each for position, each in enumerate(wanted) if position not in widths and each.weight >= ORDINARY]
    above(Shown(shared, tuple(hidden)))
    _print_rows(display, wanted, widths, rows)
    if hidden:
        display.sentence((_hidden(hidden, display.width), "quiet"))


def print_cards(display: Display, columns: Sequence[Column], records: Iterable[Any]) -> None:
    """Print each record as lines of name and value; attributes without a value are left out."""
    records = list(records)
    know_ids(display, columns, records)
    for position, record in enumerate(records):
        if position:
            display.gap()
        named = [column for column in columns if column.value(record) not in (None, "", ())]
        _print_card(display, [(column, _cell(display, column, record)) for column in named])


def know_ids(display: Display, columns: Iterable[Column], records: Iterable[Any]) -> None:
    """Tell the display of all ids in the records, so that it shortens none to the same text as another."""
    naming = [column for column in columns if column.kind == "id" and column.name.endswith("_id")]
    for record in records:
        for column in naming:
            if isinstance(value := column.value(record), str):
                display.meet(column.name.removesuffix("_id"), value, label_of(record) if column.names else "")


def label_of(record: Any) -> str:
    """Return a few words that tell a record from others of its kind."""
    match record:
        case Conversation():
            return f"{shop_name(record)}, {record.status}: {record.last_message}"
        case Lead():
            return f"{record.lead_name}, {record.status}"
    return ""


def shop_name(conversation: Conversation) -> str:
    """Return what the user of a conversation is called: the shop's name, or their id."""
    return conversation.store_url.removesuffix(".myshopify.com") or conversation.user_id


def column_widths(columns: Sequence[Column], rows: Sequence[Sequence["Text"]], available: int | None) -> dict[int, int]:
    """Return positions and widths of the columns to show; their sum may exceed `available` (None: no limit).

    Text and claims are narrowed, widest first, to at least 12 cells, prose to 20. If that is not enough, columns are
    left out by weight, the last of equal ones first, but for those that are never dropped. Columns for wide terminals
    come when texts have 40 cells beside them. Ids are never narrowed.
    """
    natural = {
        position: max([_cells(_heading(column)), *(_longest_line(row[position]) for row in rows)])
        for position, column in enumerate(columns)
    }
    if available is None:
        return natural
    weights = _weights(columns)
    narrowest = {p: min(natural[p], _NARROWEST[each.kind]) for p, each in enumerate(columns) if _can_shrink(each)}
    shown = {p for p in natural if weights[p] >= ORDINARY}
    for position in sorted(shown, key=lambda p: (weights[p], -p)):
        if weights[position] == NEVER_DROPPED or _total(natural | narrowest, shown) <= available:
            break
        shown.remove(position)
    if all(p in shown for p in natural if weights[p] >= ORDINARY):
        comfortable = natural | {p: min(natural[p], _COMFORTABLE) for p in narrowest}
        for position in sorted(set(natural) - shown, key=lambda p: -weights[p]):
            if _total(comfortable, {*shown, position}) <= available:
                shown.add(position)
    widths = {position: natural[position] for position in sorted(shown)}
    _narrow(widths, {p: width for p, width in narrowest.items() if p in shown}, available)
    return widths


def _weights(columns: Sequence[Column]) -> list[int]:
    """Return the weight of each column; the first one is never dropped where none is marked as naming."""
    weights = [column.weight for column in columns]
    return weights if any(column.names for column in columns) else [NEVER_DROPPED, *weights[1:]]


def _narrow(widths: dict[int, int], least: dict[int, int], available: int) -> None:
    """Narrow the widest columns, one cell at a time, until all fit or none can be narrowed."""
    while _total(widths, widths) > available and (shrinkable := [each for each in least if widths[each] > least[each]]):
        widths[max(shrinkable, key=lambda position: widths[position])] -= 1


def _needless(column: Column, records: Sequence[Any]) -> bool:
    return column.exceptional and not any(column.value(record) for record in records)


def _shared(display: Display, columns: Sequence[Column], records: Sequence[Any]) -> tuple[tuple[Column, str], ...]:
    """Return the columns that need not be repeated in each row, with the value that all rows have."""
    if len(records) < 2:
        return ()
    values = {c: {c.value(record) for record in records} for c in columns if c.once and _hashable(c, records)}
    return tuple(
        (column, escape(friendly(column, records[0], display)))
        for column, found in values.items()
        if len(found) == 1 and found != {None}
    )


def _hashable(column: Column, records: Sequence[Any]) -> bool:
    return all(isinstance(column.value(record), str | int | None) for record in records)


def _print_rows(
    display: Display, columns: Sequence[Column], widths: dict[int, int], rows: Sequence[Sequence["Text"]]
) -> None:
    heading = [display.text((_heading(column), "quiet")) for column in columns]
    for row in (heading, *rows):
        cells = [_fitted(display, columns[position], row[position], width) for position, width in widths.items()]
        for line in zip_longest(*cells, fillvalue=display.text("")):
            padded = [
                _padded(display, cell, width, columns[position])
                for cell, (position, width) in zip(line, widths.items(), strict=True)
            ]
            display.write(display.text(" " * GAP).join(padded))


def _fitted(display: Display, column: Column, cell: "Text", width: int) -> list["Text"]:
    """Return the lines of a cell: prose is wrapped, all else has one line and is cut."""
    if column.kind == "prose":
        return list(cell.wrap(display.console, width, overflow="fold")) or [cell]
    fitted = cell.copy()
    fitted.truncate(width, overflow="ellipsis")
    return [fitted]


def _padded(display: Display, cell: "Text", width: int, column: Column) -> "Text":
    room = display.text(" " * (width - cell.cell_len))
    return room + cell if column.kind in ("count", "money", "time") else display.text("") + cell + room


def _print_card(display: Display, lines: Sequence[tuple[Column, "Text"]]) -> None:
    margin = max((_cells(_heading(column)) for column, _ in lines), default=0) + GAP
    if display.width - margin < _NARROWEST["text"]:
        _print_stacked(display, lines)
        return
    for column, cell in lines:
        width = display.width - margin
        parts = list(cell.wrap(display.console, width, overflow="fold")) if _can_shrink(column) else [cell]
        for position, line in enumerate(parts or [cell]):
            heading = "" if position else _heading(column)
            display.write(display.text((heading.ljust(margin), "quiet")) + line)


def _print_stacked(display: Display, lines: Sequence[tuple[Column, "Text"]]) -> None:
    """Print each value below its name, for terminals in which there is no room for both in a line."""
    for column, cell in lines:
        display.line((_heading(column), "quiet"))
        with display.indented():
            for line in cell.wrap(display.console, display.width, overflow="fold") if column.kind != "id" else [cell]:
                display.write(line)


def _hidden(columns: Sequence[Column], width: int) -> str:
    count = "1 column" if len(columns) == 1 else f"{len(columns)} columns"
    named = f"{count} hidden, {', '.join(map(_heading, columns))}: -o wide"
    return named if len(named) <= width else f"{count} hidden: -o wide"


def _can_shrink(column: Column) -> bool:
    return column.kind in _NARROWEST and not column.names


def _total(widths: dict[int, int], shown: Iterable[int]) -> int:
    chosen = [widths[position] for position in shown]
    return sum(chosen) + GAP * (len(chosen) - 1)


def _heading(column: Column) -> str:
    return column.title or column.name.replace("_", " ")


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _longest_line(text: "Text") -> int:
    return max(map(_cells, text.plain.split("\n")))


def _cell(display: Display, column: Column, record: Any) -> "Text":
    from rich.text import Text

    value = friendly(column, record, display)
    shown = escape_lines(value) if column.kind == "prose" else escape(value)
    role = column.role(record, display.now)
    if column.kind == "claim" and (claim := column.value(record)) and claim[1] != display.you:
        role = "attention"
    return Text(shown, style=display.style(role))
