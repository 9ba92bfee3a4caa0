"""CSV that no spreadsheet runs, whatever it splits lines at, and whose exact texts can be restored."""

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from commercive_cli.cli.render.csv import csv_line, text_cell
from tests.cli.hidden import hidden_in
from tests.cli.render.csv_reading import read_rows

FORMULAS = "=+-@\uff1d\uff0b\uff0d\uff20"
RISKY = (
    st.text(st.sampled_from("'0123456789"))
    | st.text(st.sampled_from("'0158.,:/ eE%$€()-"))
    | st.text(st.sampled_from("'=+-@\uff1d\uff20\t\r\n,; \"\\xt1u0aU\x1b\u200b\ufe0f❤"))
    | st.text()
)


def cell(text: str) -> str:
    """Return a text's cell as a reader of CSV sees it."""
    return next(csv.reader(io.StringIO(text_cell(text), newline="")))[0]


@pytest.mark.parametrize("start", [*FORMULAS, "\n", "'=", "''@"])
def test_formulas_get_an_apostrophe(start: str) -> None:
    """Cells that a spreadsheet would run get a leading apostrophe."""
    assert f"'{start}x" == cell(f"{start}x")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a|=1+1", "a|'=1+1"),
        ("a,@SUM(1)", "a,'@SUM(1)"),
        ("a\n=1+1", "a\n'=1+1"),
        ("a\r\n+1", "a\\r\n'+1"),
        ("  -1", "  '-1"),
        ('a;"=1+1', "a;\"'=1+1"),
        ("a; \uff1d1", "a; '\uff1d1"),
        ("a\t=1", r"a\t'=1"),
        ("\t=1", r"'\t'=1"),
        ("+44 20 7946 0000", "'+44 20 7946 0000"),
        ("call +44 20", "call '+44 20"),
        ("-5.00", "'-5.00"),
    ],
)
def test_what_follows_a_separator_is_defused_too(text: str, shown: str) -> None:
    """A sheet that splits at semicolons, tabs, spaces or every line end finds no formula in any part of a text."""
    assert shown == cell(text)


@pytest.mark.parametrize("text", ["007", "01715550142", "1234567890123456", "'007", "''1234567890123456"])
def test_a_number_that_a_spreadsheet_would_shorten_gets_an_apostrophe(text: str) -> None:
    """Phone numbers and codes keep their zeros, and every digit."""
    assert f"'{text}" == cell(text)


@pytest.mark.parametrize(
    "text",
    [
        *("1E5", "00245E245", "2.5e-3", "1,5E3", "1.50", "0.5", "12,50", "1,234", "1.234", ".5", ",5", "1.", "1'234"),
        *("1 234", "030 1234567", "0 17", "007 ", " 5", "5 ", "1\xa0234"),
        *("1/2", "12.11.", "27.11.2026", "1.2.3", "10:30", "030/1234567", "5%", "$5", "5 €", "(5)", "5-"),
    ],
)
def test_a_text_that_a_spreadsheet_takes_for_another_value_gets_an_apostrophe(text: str) -> None:
    """LibreOffice Calc 7.4 writes most of these as another text, with its usual settings or when it looks for dates."""
    assert f"'{text}" == cell(text)


def test_a_text_of_spaces_is_looked_at_in_a_moment() -> None:
    """No text takes a time that grows faster than it does."""
    assert cell(" " * 100_000 + "x") == " " * 100_000 + "x"
    assert cell("1" * 100_000 + "x") == "1" * 100_000 + "x"


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "7",
        "123456789012345",
        "5-20",
        "070-555 01 42",
        "2026-11-27",
        "7K2M9QX1",
        "1E",
        "",
        "x",
        "'x",
        "1-2",
        "O'Neil",
        "''",
        "a=b",
        r"C:\new",
        r"¯\_(ツ)_/¯",
        "x\n'y",
        "❤\ufe0f",
    ],
)
def test_other_cells_stay(text: str) -> None:
    """All other cells are unchanged."""
    assert text == cell(text)


@pytest.mark.parametrize(
    ("text", "shown"), [("\\x1b", "\\\\x1b"), ("\x1b", "\\x1b"), ("\\\x1b", "\\\\\\x1b"), ("\\\\", "\\\\\\\\")]
)
def test_an_escape_and_its_look_alike_differ(text: str, shown: str) -> None:
    """A backslash that somebody typed is told from one that stands for a hidden character."""
    assert shown == cell(text)


@given(st.lists(RISKY, min_size=1))
@example(["\\", "\\\\x1b", "\\\\\\", "\\\r", "' '=", "=\n'=", "\\ud800"])
def test_every_text_is_read_back_unchanged(texts: list[str]) -> None:
    """Our own reader restores each text exactly, with or without a byte order mark."""
    line = csv_line([text_cell(text) for text in texts])

    assert line.endswith("\r\n")
    assert [texts] == read_rows(line) == read_rows(f"\ufeff{line}")
    assert set() == hidden_in(line)


@given(RISKY)
@example('";=1+1;"')
def test_no_part_of_a_line_is_a_formula_wherever_it_is_split(text: str) -> None:
    """Whatever a sheet takes for separator, with or without regard to quotes, no cell of it begins as a formula."""
    line = csv_line([text_cell("c-1"), text_cell(text), text_cell("z")])
    cells = [part.strip(' "') for part in re.split(r"[,;\t\r\n]", line)]
    for delimiter in ",;\t":
        cells += [
            each.strip() for row in csv.reader(io.StringIO(line, newline=""), delimiter=delimiter) for each in row
        ]

    assert [] == [each for each in cells if each.startswith(tuple(FORMULAS))]
