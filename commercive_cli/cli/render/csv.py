r"""CSV that no spreadsheet runs or rewrites, wherever it splits lines, and from which every text can be restored.

Every text stands in quotes; numbers do not. Two changes are made to a text, and `text_of_cell` undoes them in the
reverse order:

1. An apostrophe goes before each formula: `= + - @` or one of their full-width forms at the beginning, and behind a
   separator, a quote or white space, where a sheet that splits at semicolons or tabs, or at every line end, would begin
   a cell; also before a tab or line end at the beginning, and before a text that a sheet takes for a number, a time or
   a date of digits, unless that is a whole number it would write the same: not with a leading zero, nor with 16 digits
   and more, which would lose some. So it does before such a text with apostrophes before it, so that removing one from
   each restores the text. Digits with hyphens between them stay: those are order volumes and phone numbers.
2. Hidden characters but LF become escapes, such as \x1b. A backslash that could be taken for the beginning of one is
   doubled, and so are backslashes that stand together.

Source: OWASP, "CSV Injection". RFC 4180 for quotes and line ends.
"""

import re
from collections.abc import Sequence
from contextlib import suppress

from commercive_cli.cli.render.escape import escape_lines
from commercive_cli.domain.encodings import with_unix_lines
from commercive_cli.domain.hidden_characters import HIDDEN

FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20"
CELL_BEGINS = r"(?<=[\s,;|\"])"
ESCAPE = "[rt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}"
_NUMBER = r"[\s($€£¥]*+[.,]?[0-9][0-9.,:/'\s$€£¥%)]*+(?:[eE][+-]?[0-9]+)?\s*+-?"
_REWRITTEN = rf"(?![1-9][0-9]{{0,14}}\Z|0\Z){_NUMBER}\Z"
_BEGINNING = rf"(?='*(?:[{FORMULA}\t\r\n]|{_REWRITTEN}))"
_WITHIN = rf"(?='*[{FORMULA}])"
_BEFORE_FORMULA = re.compile(rf"\A{_BEGINNING}|{CELL_BEGINS}{_WITHIN}")
_DEFUSED = re.compile(rf"\A'{_BEGINNING}|{CELL_BEGINS}'{_WITHIN}")
_ESCAPED = re.compile(rf"\\(\\|{ESCAPE})")
_SHORT = {"\\": "\\", "r": "\r", "t": "\t"}
_AMBIGUOUS = re.compile(rf"\\+(?={ESCAPE}|(?!\n)(?:{HIDDEN.pattern}))|\\{{2,}}")


def text_cell(text: str) -> str:
    """Return a text as a cell in quotes."""
    return '"' + _within_quotes(text).replace('"', '""') + '"'


def _within_quotes(text: str) -> str:
    defused = _BEFORE_FORMULA.sub("'", text)
    return escape_lines(_AMBIGUOUS.sub(lambda match: match[0] * 2, defused))


def text_of_cell(cell: str) -> str:
    """Return the text that a cell of ours stands for, as a CSV reader returns the cell."""
    raw = _ESCAPED.sub(lambda match: _SHORT.get(match[1]) or chr(int(match[1][1:], 16)), cell)
    return _DEFUSED.sub("", raw)


def text_of_any_cell(cell: str) -> str:
    """Return the text of a cell that is ours or that somebody typed into a spreadsheet, its lines ended by LF."""
    typed = with_unix_lines(cell)
    with suppress(ValueError, OverflowError):  # it names no character, or half of one
        text = text_of_cell(typed)
        if text.encode() and "\0" not in text and _within_quotes(text) == typed:
            return text
    return typed


def csv_line(cells: Sequence[str], delimiter: str = ",") -> str:
    """Return one RFC 4180 record, ended by CRLF; the cells are texts in quotes, numbers, or empty."""
    return delimiter.join(cells) + "\r\n"
