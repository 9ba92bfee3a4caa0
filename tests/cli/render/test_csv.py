"""CSV cells that spreadsheets do not run, and whose exact text can be restored."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.cli.render.csv import csv_line, escape_formula

RISKY = st.text(st.sampled_from("'=+-@\t\r\nab\",")) | st.text()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "'=", "''@"])
def test_formulas_get_an_apostrophe(start: str) -> None:
    """Cells that a spreadsheet would run get a leading apostrophe."""
    assert f"'{start}x" == escape_formula(f"{start}x")


@pytest.mark.parametrize("cell", ["", "x", "'x", "1-2", "O'Neil", "''"])
def test_other_cells_stay(cell: str) -> None:
    """All other cells are unchanged."""
    assert cell == escape_formula(cell)


@given(RISKY)
def test_no_text_is_lost(cell: str) -> None:
    """Removing one apostrophe before a formula restores every text exactly."""
    made = escape_formula(cell)

    assert cell == (made[1:] if re.match(r"'+[=+\-@\t\r]", made) else made)


@given(st.lists(RISKY, min_size=2))
def test_lines_are_rfc_4180(cells: list[str]) -> None:
    """Any reader of CSV gets the same cells back, and records end with CRLF."""
    line = csv_line(cells)

    assert line.endswith("\r\n")
    assert [cells] == list(csv.reader(io.StringIO(line, newline="")))
