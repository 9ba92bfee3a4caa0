"""Writes answers to standard output in the requested format. No other module prints results."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, TextIO

from pydantic import BaseModel

from commercive_cli.cli.inert_streams import styled, styled_text, write_byte_order_mark
from commercive_cli.cli.render import documents
from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.render.formats import Format, TimeStyle
from commercive_cli.domain.answers.base import Listing
from commercive_cli.domain.choices import choose
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import shortened

if TYPE_CHECKING:
    from commercive_cli.cli.render.columns import Column
    from commercive_cli.cli.render.display import Display
    from commercive_cli.cli.render.pager import Opens
    from commercive_cli.cli.render.views import View

WITH_COLUMNS = ("table", "wide", "csv")
PAGE = 100
"""The number of rows of a stream that are printed as one table on a terminal."""


@dataclass
class Screen:
    """Standard output and its format. `mark` is a byte order mark before CSV; the rest matters on a terminal only.

    `width` makes a terminal of any stream; `columns` are the names of those to show, none for all; `pager` is the
    user's, None for `less`; with `paged` False none is used. `warn` is told what could not be done.
    `begin` is called when a part of an answer is written.
    `known` returns ids of which shown ones must be told apart, `you` that of who looks at it, and `remember` is told
    which were shown, of what kind.
    """

    output: Format = "table"
    colour: bool = True
    mark: bool = False
    clock: Clock = system_clock
    out: TextIO = field(default_factory=lambda: sys.stdout)
    columns: Sequence[str] = ()
    times: TimeStyle | None = None
    width: int | None = None
    pager: str | None = None
    paged: bool = True
    warn: Callable[[str], None] = lambda _: None
    begin: Callable[[], None] = lambda: None
    you: Callable[[], str] = str
    known: Callable[[], Iterable[str]] = tuple
    remember: Callable[[Mapping[str, tuple[str, str]]], None] = lambda _: None

    def __post_init__(self) -> None:
        if self.columns and self.output not in WITH_COLUMNS:
            raise Invalid(f"--columns chooses columns of {', '.join(WITH_COLUMNS)}; -o {self.output} has none")

    def show(self, answer: BaseModel, asked: Asked = Asked()) -> None:  # noqa: B008  # it is frozen
        """Write one answer; `asked` are the words of the list that was asked for."""
        if self.output == "json":  # which needs no columns, and what it does not need it does not load
            self.write(documents.document(answer))
            return
        from commercive_cli.cli.render.views import view_of

        view = self._chosen(view_of(answer))
        if self.for_people:
            self._draw(view, answer, asked)
        else:
            records = view.named(answer) if self.output == "ids" and view.named else view.rows(answer)
            self.write(_rows_text(self.output, records, view))

    def show_stream(
        self,
        listing: type[Listing],
        items: Iterable[Any],
        draw: "Callable[[Display, Iterable[Any]], None] | None" = None,
    ) -> None:
        """Write a whole listing item by item, in constant memory; `draw` is its screen, where it has one of its own."""
        if self.output == "json":
            self.write(documents.streamed_document(listing.field(), items))
            return
        from commercive_cli.cli.render.views import VIEWS

        view = self._chosen(VIEWS[listing])
        if draw is not None and self.for_people and self.output == "table" and not self.columns:
            self.draw(lambda display: draw(display, items))
        elif self.for_people:
            self._draw_pages(view, listing, iter(items))
        else:
            self.write(_rows_text(self.output, items, view))

    def draw(self, screen: "Callable[[Display], None]", *, paged: "Opens | None" = None) -> None:
        """Let a function write to the terminal; what is longer than the screen goes through the pager if `paged`."""
        display = self._display()
        if not (paged and self.paged and self.out.isatty() and not display.console.is_dumb_terminal):
            try:
                screen(display)
            except KeyboardInterrupt:  # ends what comes bit by bit, of which some was seen
                self.remember(display.seen)
                raise
        else:
            with display.console.capture() as captured:
                screen(display)
            text = styled_text(captured.get())
            if text.count("\n") < display.console.height or not self._show_in_pager(text, paged):
                styled(self.out).write(text)
        self.out.flush()
        self.remember(display.seen)

    @property
    def for_people(self) -> bool:
        """Return whether answers are drawn for a terminal."""
        return self.output in ("table", "wide") and (self.width is not None or self.out.isatty())

    def _chosen(self, view: "View") -> "View":
        """Return the view with the columns that the user chose."""
        from commercive_cli.cli.render.views import View

        if not self.columns:
            return view
        names = [column.name for column in view.columns]
        chosen = [choose(name.strip(), names, "--columns") for name in self.columns]
        return View(view.rows, tuple(view.columns[names.index(name)] for name in chosen), (), view.named)

    def write(self, parts: Iterator[str]) -> None:
        """Write the parts of a text."""
        if self.mark:
            write_byte_order_mark(self.out)
            self.mark = False
        for part in parts:
            self.begin()
            self.out.write(part)
        self.out.flush()

    def _draw(self, view: "View", answer: BaseModel, asked: Asked) -> None:
        from commercive_cli.cli.render.screens import screen_of

        screen = None if self.columns or self.output == "wide" else screen_of(type(answer))
        if screen is not None:
            self.draw(lambda display: screen.draw(display, answer, asked), paged=screen.paged)
        else:
            self.draw(lambda display: self.draw_sections(display, view, answer, asked))

    def draw_sections(self, display: "Display", view: "View", answer: BaseModel, asked: Asked) -> None:
        """Write the sections of an answer that has no screen of its own, or its rows."""
        from commercive_cli.cli.render.terminal import print_cards, print_table
        from commercive_cli.cli.render.views import Section

        sections = view.sections if not self.columns and self.output == "table" else ()
        drawn = False
        for section in sections or (Section(view.rows, self._columns(view)),):
            if not (records := list(section.rows(answer))):
                continue
            drawn = True
            if section.title:
                display.gap()
                display.line((section.title, "strong"))
            (print_cards if section.card else print_table)(display, section.columns, records)
        if not drawn:
            display.sentence(asked.sentence(0, more=False) if asked.noun else view.empty)

    def _columns(self, view: "View") -> "tuple[Column, ...]":
        """Return the view's columns; those that the user chose are never dropped."""
        from dataclasses import replace

        from commercive_cli.cli.render.columns import NEVER_DROPPED

        if not self.columns:
            return view.columns
        return tuple(replace(column, wide=False, exceptional=False, weight=NEVER_DROPPED) for column in view.columns)

    def _draw_pages(self, view: "View", listing: type[Listing], items: Iterator[Any]) -> None:
        from dataclasses import replace

        from commercive_cli.cli.render.screens import LISTED
        from commercive_cli.cli.render.terminal import print_table

        display, drawn = self._display(), 0
        columns = self._columns(view) if self.columns or self.output == "wide" else LISTED.get(listing, view.columns)
        while page := list(islice(items, PAGE)):
            print_table(display, [replace(column, once=False) for column in columns], page)
            drawn += len(page)
        noun = listing.field().removesuffix("s") or "item"
        display.line((Asked(noun).sentence(drawn, more=False), "quiet"))
        self.remember(display.seen)

    def _show_in_pager(self, text: str, opens: "Opens") -> bool:
        from commercive_cli.cli.render.pager import page, pager_command

        try:
            command = pager_command(self.pager, opens)
        except LookupError as missing:
            self.warn(f"there is no pager {shortened(missing)}; set PAGER to one that exists, or pass --no-pager")
            return False
        if command:
            page(text, command)
        return bool(command)

    def _display(self) -> "Display":
        from commercive_cli.cli.render.display import Display, console_on
        from commercive_cli.cli.render.moments import Moments

        console = console_on(self.out, colour=self.colour, width=self.width)
        moments = Moments(self.clock(), self.times)
        return Display(console, moments, wide=self.output == "wide", known=self.known(), you=self.you())


def _rows_text(output: Format, records: Iterable[Any], view: "View") -> Iterator[str]:
    from commercive_cli.cli.render import rows

    match output:
        case "jsonl":
            return documents.lines(records)
        case "csv":
            return rows.comma_separated(view.columns, records)
        case "ids":
            return rows.ids(view.columns, records)
    return rows.tab_separated(view.columns, records)
