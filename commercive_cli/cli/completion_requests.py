"""Answers a shell's Tab: what may stand at the end of a command line. Whatever fails, the answer is no offer."""

import io
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from typing import Any

from typer._click.shell_completion import _resolve_context, _resolve_incomplete
from typer.core import TyperCommand, TyperGroup

from commercive_cli.cli.completions import REQUEST
from commercive_cli.cli.global_options import FLAGS, WITH_VALUE, global_options_first
from commercive_cli.cli.render.escape import escape

_FILES = ("DIR", "FILE", "PATH", "PLACE", "SOURCE")
"""What arguments and options are called in help whose values are names of files."""
_WIDTH = 80
_GAP = 4
"""Columns that a shell needs beside a word and its preview."""


@dataclass(frozen=True)
class Offers:
    """What may stand for the last word of a line: words with previews, or file names.

    `before` is what the shell has of that word already, as `--profile=`. Previews that are `help` of commands and
    options are for the shells that have a column for it.
    """

    words: Sequence[tuple[str, str]] = ()
    files: bool = False
    before: str = ""
    help: bool = False


def answer_request(root: TyperGroup, environ: Mapping[str, str], line: str) -> None:
    """Write the answer to a Tab at the end of the line to stdout."""
    offers = Offers()
    with suppress(Exception, SystemExit), redirect_stdout(io.StringIO()):
        offers = offers_for(root, line)
    sys.stdout.write(answer(offers, line, environ[REQUEST], _columns(environ) or _WIDTH))


def answer(offers: Offers, line: str, shell: str, width: int) -> str:
    """Return the lines that the shell's script reads; previews are cut to the width of the terminal."""
    if offers.files:
        return "files\n"
    bash = shell == "bash"
    cut = _known_to_bash(words_of(line)[-1:]) if bash else 0
    previews = not (bash and offers.help)
    shown = [(f"{offers.before}{word}"[cut:], preview * previews) for word, preview in offers.words]
    return "".join(("words\n", *(f"{word}\t{_cut(preview, width - len(word) - _GAP)}\n" for word, preview in shown)))


def offers_for(root: TyperGroup, line: str) -> Offers:
    """Return what may stand at the end of the line; raise whatever a parameter raises that cannot tell."""
    *before, typed = words_of(line)[1:]
    name, equals, value = typed.partition("=")
    if equals and name.startswith("-") and "--" not in before:
        return _offers(root, [*before, name], value, f"{name}=")
    return _offers(root, before, typed, "")


def words_of(line: str) -> list[str]:
    """Return the words of a line as a shell splits it, the last one as far as it was typed; it may be empty."""
    for closing in ("", "'", '"'):
        with suppress(ValueError):
            *words, last = shlex.split(f"{line}|{closing}")  # the mark keeps an empty last word
            return [*words, last[:-1]]
    return []


def _offers(root: TyperGroup, before: list[str], typed: str, joined: str) -> Offers:
    last = before[-1] if before and "--" not in before[:-1] else ""
    if last in WITH_VALUE:
        context = _resolve_context(root, {}, "commercive", global_options_first(before[:-1]))
        asked: Any = next(each for each in root.params if last in each.opts)
    else:
        held = before[-1:] if last.startswith("-") and last not in ("-", "--", "--json", *FLAGS) else []
        moved = [*global_options_first(before[: len(before) - len(held)]), *held]
        context = _resolve_context(root, {}, "commercive", moved)
        asked, typed = _resolve_incomplete(context, moved, typed)
    if getattr(asked, "metavar", None) in _FILES:
        return Offers(files=True)
    items = [*asked.shell_complete(context, typed), *_global_options(root, asked, typed)]
    words = [(str(each.value), _in_one_line(each.help or "")) for each in items if escape(each.value) == each.value]
    return Offers(words, before=joined, help=isinstance(asked, TyperCommand | TyperGroup))


def _global_options(root: TyperGroup, asked: Any, typed: str) -> Iterator[Any]:
    """Yield the options of all commands, which may stand behind each of them."""
    if isinstance(asked, TyperCommand | TyperGroup) and asked is not root and typed.startswith("-"):
        context = _resolve_context(root, {}, "commercive", [])
        yield from (each for each in root.shell_complete(context, typed) if each.value in (*WITH_VALUE, *FLAGS))


def _columns(environ: Mapping[str, str]) -> int:
    """Return the width that the shell names, 0 when it names none; zsh has 0 where there is no terminal."""
    width = environ.get("COLUMNS", "")[:5]
    return int(width) if width.isdecimal() else 0


def _known_to_bash(words: Sequence[str]) -> int:
    """Return how much of the last word is a word of its own to bash, which splits at `=` and `:`."""
    return max((each.rfind(mark) + 1 for each in words for mark in "=:"), default=0)


def _in_one_line(text: str) -> str:
    return escape(" ".join(text.split()))


def _cut(text: str, cells: int) -> str:
    if len(text) * 2 <= cells:
        return text
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= cells else f"{set_cell_size(text, max(cells, 1) - 1).rstrip()}…"
