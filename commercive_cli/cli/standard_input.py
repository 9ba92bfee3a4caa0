"""Standard input: the text, the id or the ids that `-` stands for, at most once on a command line.

The functions that take a context are callbacks of arguments and options.
"""

import sys
from functools import lru_cache
from typing import TextIO, TypeVar

import typer

from commercive_cli.cli.errors import say
from commercive_cli.cli.interrupts import whole_input
from commercive_cli.domain.encodings import decoded
from commercive_cli.domain.errors import Invalid

STDIN = "-"
_USES = "commercive_cli.cli.standard_input"
Given = TypeVar("Given", bound=str | list[str] | None)


def may_be_stdin(context: typer.Context, value: Given) -> Given:
    """Return a value that the command itself reads from stdin when it is `-`; raise Invalid for a second `-`."""
    uses = context.meta.get(_USES, 0) + (value == STDIN) + (value.count(STDIN) if isinstance(value, list) else 0)
    context.meta[_USES] = uses
    if uses > 1:
        raise Invalid("stdin can be read only once, so - may stand on a line once; nothing was done")
    return value


def text_or_stdin(context: typer.Context, value: str | None) -> str | None:
    """Return a text, for `-` that on stdin."""
    is_named = may_be_stdin(context, value) == STDIN and not context.resilient_parsing
    return read_text() if is_named else value


def id_or_stdin(context: typer.Context, value: str | None) -> str | None:
    """Return an id, for `-` the only one on stdin; raise Invalid when there are more."""
    if may_be_stdin(context, value) != STDIN or context.resilient_parsing:
        return value
    first, *more = read_ids()
    if more:
        raise Invalid(f"there are {1 + len(more)} ids on stdin, and this takes one; nothing was done")
    return first


def read_text() -> str:
    """Return the text on stdin; raise Invalid when it is not UTF-8."""
    return _read("the text")


def read_ids() -> list[str]:
    """Return the ids on stdin, one a line without blanks around it; raise Invalid when there is none."""
    lines = [line.strip() for line in _read("the ids, one a line,").split("\n")]
    ids = [line for line in lines if line]
    if not ids:
        raise Invalid("there are no ids on stdin; nothing was done")
    return ids


def _read(what: str) -> str:
    return _read_once(sys.stdin, what)


@lru_cache(maxsize=1)
def _read_once(stream: TextIO, what: str) -> str:
    """Return what is on a stream, also to a command that begins anew."""
    if stream.isatty():
        say(f"reading {what} from the terminal, end with Ctrl-D")
    return decoded(whole_input(stream), "stdin")
