"""Every view on narrow terminals: naming columns can be copied from the screen, others are narrowed."""

import io
from dataclasses import dataclass, replace
from typing import Any

import pytest
from rich.console import Console

from commercive_cli.cli.render import (
    dry_run,
    person_views,
    retention_views,
    settings_views,
    table_views,
    transfer_views,
    watch_view,
    whoami_view,
)
from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.listings import AFFILIATES, CONVERSATIONS, HISTORY, LEADS, LINKS, QUEUE, RECOMPUTED
from commercive_cli.cli.render.moments import Moments
from commercive_cli.cli.render.short_ids import SHORTEST
from commercive_cli.cli.render.terminal import print_cards, print_table
from commercive_cli.cli.render.views import VIEWS, Section, View
from commercive_cli.domain.ids import first_id

MODULES = (
    person_views,
    retention_views,
    table_views,
    transfer_views,
    dry_run,
    settings_views,
    watch_view,
    whoami_view,
)
"""Loaded, so that all views are declared."""

NOW = 1_800_000_000_000
WIDTHS = (40, 60, 80, 100)


@dataclass(frozen=True)
class Shown:
    """A table or a card of a view, without columns that convert their values."""

    name: str
    columns: tuple[Column, ...]
    card: bool

    @property
    def naming(self) -> list[Column]:
        return [column for column in self.columns if column.names] or [self.columns[0]]

    def records(self) -> list[dict[str, Any]]:
        return [{column.name: value(column, number) for column in self.columns} for number in range(2)]

    def lines(self, width: int) -> list[str]:
        out = io.StringIO()
        display = Display(Console(file=out, width=width, color_system=None), Moments(NOW))
        (print_cards if self.card else print_table)(display, self.columns, self.records())
        return [line.rstrip() for line in out.getvalue().splitlines()]


def of_view(answer: type, view: View) -> list[Shown]:
    sections = view.sections or (Section(view.rows, view.columns),)
    return [
        Shown(
            f"{answer.__name__} {section.title}",
            plain(section.columns),
            section.card,
        )
        for section in sections
    ]


def plain(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    return tuple(replace(column, path="", words=None, look=None) for column in columns)


def value(column: Column, number: int) -> Any:
    """Return a value as long as those in practice; the longest index name has 23 letters."""
    if column.name == "table":
        return "commercive_affiliate_stats"
    match column.kind:
        case "id":
            return f"{first_id(NOW + number)[:-8]}{number + 0xABCDEF00:08x}"
        case "status":
            return "unchanged"
        case "flag":
            return True
        case "time":
            return NOW - 86_400_000 * (number + 1)
        case "count" | "money":
            return 1_000_000 + number
        case "prose":
            return "the counter is not what the messages say " * 3 + "end"
    return f"index Conversation{number}Status" if column.names else "words that may be cut " * 3


LISTS = {
    "affiliates": AFFILIATES,
    "conversations": CONVERSATIONS,
    "history": HISTORY,
    "leads": LEADS,
    "links": LINKS,
    "queue": QUEUE,
    "recomputed": RECOMPUTED,
}
ALL = [shown for answer, view in VIEWS.items() for shown in of_view(answer, view)] + [
    Shown(name, plain(columns), card=False) for name, columns in LISTS.items()
]


@pytest.mark.parametrize("width", [24, *WIDTHS])
@pytest.mark.parametrize("shown", ALL, ids=lambda shown: shown.name)
def test_what_names_a_record_is_whole_at_any_width(shown: Shown, width: int) -> None:
    """The id, in the short form that every command takes, is in one line, so that it can be copied."""
    lines = shown.lines(width)

    for record in shown.records():
        for column in shown.naming:
            name = record[column.name]
            kept = name[-SHORTEST:] if column.kind == "id" else name
            assert column.kind not in ("id", "text") or any(kept in line for line in lines)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("shown", ALL, ids=lambda shown: shown.name)
def test_prose_is_there_to_its_end(shown: Shown, width: int) -> None:
    """Problems, remedies and messages are wrapped; no terminal is too narrow for them."""
    prose = [column for column in shown.columns if column.kind == "prose" and not column.wide]

    assert 2 * len(prose) == " ".join(shown.lines(width)).split().count("end")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("shown", ALL, ids=lambda shown: shown.name)
def test_only_what_stays_whole_is_wider_than_the_terminal(shown: Shown, width: int) -> None:
    """Where a table does not fit, each record becomes a card, of which the terminal wraps nothing but long ids."""
    naming = [column.name for column in shown.columns if column.kind == "id" or column.names]
    whole = tuple(str(record[name]) for record in shown.records() for name in naming)

    assert [] == [line for line in shown.lines(width) if len(line) > width and not line.endswith(whole)]
