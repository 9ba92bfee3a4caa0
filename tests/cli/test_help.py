"""The help of every command, compared with a snapshot that `python -m tests.cli.test_help` renews."""

import io
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

from commercive_cli.cli.app import command, main
from commercive_cli.cli.groups import GROUPS, load_group

SNAPSHOT = Path(__file__).with_name("help.txt")


def paths() -> Iterator[tuple[str, ...]]:
    """Yield the words of every group and command."""
    yield ()
    for name in command().commands:
        yield (name,)
        if name in GROUPS:
            group = load_group(name)
            assert isinstance(group, TyperGroup)
            for each, within in group.commands.items():
                yield (name, each)
                yield from ((name, each, deeper) for deeper in getattr(within, "commands", ()))


def command_at(path: tuple[str, ...]) -> Any:
    """Return a group or command by its words, those of its group loaded."""
    found: Any = load_group(path[0]) if path and path[0] in GROUPS else command()
    for word in path[1:]:
        found = found.commands[word]
    return found


def help_of(path: tuple[str, ...]) -> str:
    """Return the help of a command."""
    out = io.StringIO()
    with redirect_stdout(out):
        assert main([*path, "--help"]) == 0
    return out.getvalue()


def whole_help() -> str:
    """Return the help of the whole tree."""
    os.environ["COLUMNS"] = "80"
    return "\n".join(f"$ commercive {' '.join((*path, '--help'))}\n\n{help_of(path)}" for path in paths())


def test_help_is_as_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change of the help is in the diff of the snapshot."""
    monkeypatch.setenv("COLUMNS", "80")

    assert SNAPSHOT.read_text(encoding="utf-8") == whole_help()


def test_lists_in_a_help_keep_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The definitions of a report stand one below the other, and no help shows the mark that keeps line breaks."""
    monkeypatch.setenv("COLUMNS", "80")

    assert "\n  p50, p90      Half, and nine in ten, took no longer (nearest rank).\n" in help_of(("chat", "report"))
    assert "\\b" not in whole_help()


def test_ranges_are_told_in_words() -> None:
    """No help shows a range as an expression, also behind a default."""
    assert "x>=" not in whole_help()


@pytest.mark.parametrize("path", list(paths()), ids=" ".join)
def test_everything_explains_itself_with_an_example(path: tuple[str, ...]) -> None:
    """Every group and command has an example that begins with the program's name."""
    text = help_of(path)

    assert "\n    commercive " in text.partition("Example")[2] or "$(commercive " in text
    assert "  " + text.split("\n\n")[1].strip()[:1] != "  "


def test_options_have_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """No option is left unexplained."""
    monkeypatch.setenv("COLUMNS", "80")
    silent = [
        (*path, parameter.name)
        for path in paths()
        if len(path) >= 2
        for parameter in command_at(path).params
        if not getattr(parameter, "help", "")
    ]

    assert silent == []


if __name__ == "__main__":
    SNAPSHOT.write_text(whole_help(), encoding="utf-8")
