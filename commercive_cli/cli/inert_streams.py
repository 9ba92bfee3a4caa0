"""The one writer of everything that is printed: hidden characters come out as visible escapes, whoever wrote them.

What is printed should be escaped before, as its format wants it. This is for all the rest: tracebacks, logs, texts of
libraries, and what a new command forgets.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, TextIO, cast

from commercive_cli.cli.render.escape import visible
from commercive_cli.domain.hidden_characters import HIDDEN

_OURS = ("\n", "\t", "\r\n")
_STYLE = re.compile("(\x1b\\[[0-9;?]*[A-Za-z]|\r(?!\n))")
"""What Rich writes to colour text and to draw over a line (ECMA-48, "CSI")."""


class _Inert:
    """A stream in front of another one; `made_inert` is applied to all text."""

    def __init__(self, stream: TextIO, made_inert: Callable[[str], str]) -> None:
        self.stream = stream
        self._made_inert = made_inert

    def write(self, text: str) -> int:
        self.stream.write(self._made_inert(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _same(text: str) -> str:
    return text


def inert(stream: TextIO, also: Callable[[str], str] = _same) -> TextIO:
    """Return the stream as one that lets line ends and tabs through, but no other hidden character.

    `also` is applied to all text before.
    """
    return cast("TextIO", _Inert(_behind(stream), lambda text: _inert_text(also(text))))


def styled(stream: TextIO) -> TextIO:
    """Return the stream as one that lets colours through, too; for Rich alone, whose texts must have been escaped."""
    return cast("TextIO", _Inert(_behind(stream), styled_text))


def write_byte_order_mark(stream: TextIO) -> None:
    """Write U+FEFF, which is hidden and which some spreadsheets want at the beginning of a file in UTF-8."""
    _behind(stream).write("\ufeff")


def _behind(stream: TextIO) -> TextIO:
    return stream.stream if isinstance(stream, _Inert) else stream


def _inert_text(text: str) -> str:
    return HIDDEN.sub(lambda match: match[0] if match.string.startswith(_OURS, match.start()) else visible(match), text)


def styled_text(text: str) -> str:
    """Return what Rich wrote, with its colours and without any other hidden character."""
    parts = _STYLE.split(text)
    parts[::2] = map(_inert_text, parts[::2])
    return "".join(parts)
