"""Reads the CSV that the program writes."""

import csv
import io

from commercive_cli.cli.render.csv import text_of_cell


def read_rows(text: str) -> list[list[str]]:
    """Return the rows of a file, with or without byte order mark."""
    return [
        [text_of_cell(cell) for cell in row] for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    ]
