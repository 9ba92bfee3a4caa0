"""CSV that no spreadsheet runs, and that comes back exactly."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.cli.render.csv import csv_line, harmless

RISKY = st.text(st.sampled_from("'=+-@\t\r\nab\",")) | st.text()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "'=", "''@"])
def test_formulas_get_an_apostrophe(start: str) -> None:
    """Whatever a spreadsheet would run stands behind an apostrophe."""
    assert f"'{start}x" == harmless(f"{start}x")


@pytest.mark.parametrize("cell", ["", "x", "'x", "1-2", "O'Neil", "''"])
def test_other_cells_stay(cell: str) -> None:
    """Nothing else is touched."""
    assert cell == harmless(cell)


@given(RISKY)
def test_no_text_is_lost(cell: str) -> None:
    """Whoever takes one apostrophe off again, where it stands before what would run, has every text exactly."""
    made = harmless(cell)

    assert cell == (made[1:] if re.match(r"'+[=+\-@\t\r]", made) else made)


@given(st.lists(RISKY, min_size=2))
def test_lines_are_rfc_4180(cells: list[str]) -> None:
    """Any reader of CSV gets the same cells back, and records end with CRLF."""
    line = csv_line(cells)

    assert line.endswith("\r\n")
    assert [cells] == list(csv.reader(io.StringIO(line, newline="")))
