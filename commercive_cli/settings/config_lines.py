"""Finds the lines of a TOML file that set its keys, which `tomllib` does not tell."""

from collections.abc import Iterator
from typing import Any

from commercive_cli.settings.toml import NotTOML, read_toml

Keys = tuple[str, ...]
"""The names of nested tables, and the name of a key in the last of them."""

_DEEPEST = 8
"""Tables within tables; settings are three deep, and what is deeper is told by the line of the table around it."""


def lines_of(text: str) -> dict[Keys, int]:
    """Return the number, from 1, of the line that sets each key; headers of tables and inline tables set keys, too.

    A value that goes on over several lines is not found.
    """
    lines: dict[Keys, int] = {}
    table: Keys = ()
    for number, line in enumerate(text.splitlines(), start=1):
        set_here = list(_keys(_parsed(line)))
        if line.lstrip().startswith("["):
            table = max(set_here, default=())
        else:
            set_here = [(*table, *keys) for keys in set_here]
        for keys in set_here:
            lines.setdefault(keys, number)
    return lines


def _parsed(line: str) -> dict[str, Any]:
    try:
        return read_toml(line)
    except NotTOML:  # one line of a value that goes on over several
        return {}


def _keys(content: dict[str, Any], table: Keys = ()) -> Iterator[Keys]:
    for name, value in content.items():
        yield (*table, name)
        if isinstance(value, dict) and len(table) < _DEEPEST:
            yield from _keys(value, (*table, name))
