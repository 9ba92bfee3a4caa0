"""Writes answers to standard output in the requested format. No other module prints results."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TextIO

from pydantic import BaseModel

from commercive_cli.cli.inert_streams import styled, write_byte_order_mark
from commercive_cli.cli.render import documents, rows
from commercive_cli.cli.render.views import VIEWS, Section, View, view_of
from commercive_cli.domain.clock import Clock, system_clock

if TYPE_CHECKING:
    from rich.console import Console

Format = Literal["table", "json", "jsonl", "csv", "ids"]
PAGE = 100
"""The number of rows of a stream that are printed as one table on a terminal."""


@dataclass
class Screen:
    """Standard output and its format; `colour` matters only on a terminal, `mark` (a byte order mark) only in CSV."""

    output: Format = "table"
    colour: bool = True
    mark: bool = False
    clock: Clock = system_clock
    out: TextIO = field(default_factory=lambda: sys.stdout)

    def show(self, answer: BaseModel) -> None:
        """Write one answer."""
        view = view_of(answer)
        if self.for_people:
            self._draw(view, answer)
        else:
            self._write(_machine_text(self.output, answer, view))

    def show_stream(self, listing: type[BaseModel], items: Iterable[BaseModel]) -> None:
        """Write a whole listing item by item, in constant memory."""
        view = VIEWS[listing]
        if self.for_people:
            self._draw_pages(view, iter(items))
        elif self.output == "json":
            self._write(documents.streamed_document(view.listing, items))
        else:
            self._write(_rows_text(self.output, items, view))

    @staticmethod
    def field(listing: type[BaseModel]) -> str:
        """Return the name of the attribute that holds a listing's items."""
        return VIEWS[listing].listing

    @property
    def for_people(self) -> bool:
        """Return whether answers are drawn as tables on a terminal."""
        return self.output == "table" and self.out.isatty()

    def _write(self, parts: Iterator[str]) -> None:
        if self.mark:
            write_byte_order_mark(self.out)
            self.mark = False
        for part in parts:
            self.out.write(part)
        self.out.flush()

    def _draw(self, view: View, answer: BaseModel) -> None:
        from commercive_cli.cli.render.terminal import print_card, print_table

        console, now = self._console(), self.clock()
        for section in view.sections or (Section(view.rows, view.columns),):
            records = list(section.rows(answer))
            show = print_card if section.card else print_table
            if records or not view.sections:
                show(console, section.columns, records, now, section.title)

    def _draw_pages(self, view: View, items: Iterator[Any]) -> None:
        from commercive_cli.cli.render.terminal import print_table

        console = self._console()
        while page := list(islice(items, PAGE)):
            print_table(console, view.columns, page, self.clock())

    def _console(self) -> "Console":
        from rich.console import Console

        colours: Literal["auto"] | None = "auto" if self.colour else None
        return Console(file=styled(self.out), markup=False, highlight=False, emoji=False, color_system=colours)


def _machine_text(output: Format, answer: BaseModel, view: View) -> Iterator[str]:
    if output == "json":
        return documents.document(answer)
    records = view.named(answer) if output == "ids" and view.named else view.rows(answer)
    return _rows_text(output, records, view)


def _rows_text(output: Format, records: Iterable[Any], view: View) -> Iterator[str]:
    match output:
        case "jsonl":
            return documents.lines(records)
        case "csv":
            return rows.comma_separated(view.columns, records)
        case "ids":
            return rows.ids(view.columns, records)
    return rows.tab_separated(view.columns, records)
