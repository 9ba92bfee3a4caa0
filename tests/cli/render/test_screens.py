"""Every screen is as recorded. `python -m tests.cli.render.screens` records them anew; look at what changed."""

import re

import pytest
from rich.cells import cell_len

from tests.cli.render.screens import NAMES, SNAPSHOTS, WIDTHS, screen, snapshots

WHOLE = re.compile(r"https://|-[0-9a-f]{12}$|[.][0-9]{3}Z$")
"""What is not cut: links, ids and exact times."""


@pytest.mark.parametrize("name", NAMES)
def test_a_screen_is_as_recorded(name: str) -> None:
    """What people see at 80 and 160 columns changes only when somebody looked at it."""
    expected = "\n".join(f"{width} columns\n{screen(name, width)}" for width in WIDTHS)

    assert expected == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [40, 60, 80, 120, 160])
@pytest.mark.parametrize("name", NAMES)
def test_a_screen_fits_the_terminal(name: str, width: int) -> None:
    """No line is wider than the terminal, also of wide characters; what can be copied may be."""
    long = [line for line in screen(name, width).splitlines() if cell_len(line) > width]

    assert [] == [line for line in long if not line.startswith("commercive ") and not WHOLE.search(line)]


def test_no_record_is_left_over() -> None:
    """Each recorded screen is one that is still made."""
    assert {file for file, _ in snapshots()} == set(SNAPSHOTS.iterdir())
