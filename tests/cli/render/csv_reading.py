"""Reads the CSV that the program writes: the exact inverse of what it does to texts."""

import csv
import io
import re

from commercive_cli.cli.render.csv import CELL_BEGINS, ESCAPE, FORMULA

_ESCAPED = re.compile(rf"\\(\\|{ESCAPE})")
_DEFUSED = re.compile(rf"\A'(?='*[{FORMULA}\t\r\n])|{CELL_BEGINS}'(?='*[{FORMULA}])")
_SHORT = {"\\": "\\", "r": "\r", "t": "\t"}


def read_cell(cell: str) -> str:
    """Return the text that a cell stands for, as a CSV reader returns the cell."""
    raw = _ESCAPED.sub(lambda match: _SHORT.get(match[1]) or chr(int(match[1][1:], 16)), cell)
    return _DEFUSED.sub("", raw)


def read_rows(text: str) -> list[list[str]]:
    """Return the rows of a file, with or without byte order mark."""
    return [
        [read_cell(cell) for cell in row] for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    ]
