"""A list as people see it: a sentence, with what all rows share, and the rows."""

from typing import Any

from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.terminal import Shown, print_table


def draw_list(
    display: Display,
    columns: tuple[Column, ...],
    records: list[Any],
    asked: Asked,
    sentence: str,
    *,
    more: bool = False,
) -> None:
    """Write a sentence, with what all rows share, and the rows; of no rows the sentence alone."""
    if not records:
        display.sentence(asked.sentence(0, more=False))
        return

    def above(shown: Shown) -> None:
        first = sentence or asked.sentence(len(records), more=more)
        shared = "; ".join(f"{column.title or column.name} {value}" for column, value in shown.shared)
        both = f"{first}; {shared}" if shared else first
        for line in (both,) if not shared or len(both) <= display.width else (first, shared):
            display.sentence(line)
        display.gap()

    print_table(display, [column for column in columns if column.name not in asked.said], records, above=above)
