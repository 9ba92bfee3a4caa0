r"""CSV that no spreadsheet runs, wherever it splits lines, and from which every text can be restored exactly.

Every text stands in quotes; numbers do not. Two changes are made to a text, and who reads it back undoes them in the
reverse order:

1. An apostrophe goes before each formula: `= + - @` or one of their full-width forms at the beginning, and behind a
   separator, a quote or white space, where a sheet that splits at semicolons or tabs, or at every line end, would begin
   a cell; also before a tab or line end at the beginning. So it does before a formula with apostrophes before it, so
   that removing one from each restores the text.
2. Hidden characters but LF become escapes, such as \x1b. A backslash that could be taken for the beginning of one is
   doubled, and so are backslashes that stand together.

Source: OWASP, "CSV Injection". RFC 4180 for quotes and line ends.
"""

import re
from collections.abc import Sequence

from commercive_cli.cli.render.escape import escape_lines
from commercive_cli.domain.hidden_characters import HIDDEN

FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20"
CELL_BEGINS = r"(?<=[\s,;|\"])"
ESCAPE = "[rt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}"
_BEFORE_FORMULA = re.compile(rf"\A(?='*[{FORMULA}\t\r\n])|{CELL_BEGINS}(?='*[{FORMULA}])")
_AMBIGUOUS = re.compile(rf"\\+(?={ESCAPE}|(?!\n)(?:{HIDDEN.pattern}))|\\{{2,}}")


def text_cell(text: str) -> str:
    """Return a text as a cell in quotes."""
    defused = _BEFORE_FORMULA.sub("'", text)
    escaped = escape_lines(_AMBIGUOUS.sub(lambda match: match[0] * 2, defused))
    return '"' + escaped.replace('"', '""') + '"'


def csv_line(cells: Sequence[str]) -> str:
    """Return one RFC 4180 record, ended by CRLF; the cells are texts in quotes, numbers, or empty."""
    return ",".join(cells) + "\r\n"
