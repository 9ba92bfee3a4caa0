"""CSV cells that no spreadsheet runs: a leading apostrophe before what would be a formula.

A cell that looks as if it had got one gets another, so that a reader can take one off each and has the text exactly.
Source: OWASP, "CSV Injection". RFC 4180 for quoting and line ends.
"""

import csv
import io
import re
from collections.abc import Sequence

_RUNS = re.compile(r"'*[=+\-@\t\r]")


def harmless(cell: str) -> str:
    """Return the cell with an apostrophe before it when a spreadsheet would run it, or when it looks as if made so."""
    return f"'{cell}" if _RUNS.match(cell) else cell


def csv_line(cells: Sequence[str]) -> str:
    """Return one RFC 4180 record, ended by CRLF."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
