"""CSV cells that spreadsheets do not run as formulas: a formula gets a leading apostrophe.

So does a cell that looks like an escaped formula, so that removing one apostrophe from each restores the exact text.
Source: OWASP, "CSV Injection". RFC 4180 for quoting and line ends.
"""

import csv
import io
import re
from collections.abc import Sequence

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def escape_formula(cell: str) -> str:
    """Return the cell with a leading apostrophe if it is a formula, or a formula after apostrophes."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def csv_line(cells: Sequence[str]) -> str:
    """Return one RFC 4180 record, ended by CRLF."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
