"""The options and commands that messages name exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import commercive_cli
from tests.cli.test_help import command_at, paths

PACKAGE = Path(commercive_cli.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
COMMANDS = {path for path in paths() if path}
OPTIONS = {option for path in paths() for parameter in command_at(path).params for option in parameter.opts} | {
    "--help",
    "--json",
}


def texts(module: Path) -> Iterator[str]:
    """Yield the constant parts of a module's texts, apart from docstrings and command lines of other programs."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    apart = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    apart |= {
        id(word) for each in ast.walk(tree) if isinstance(each, ast.Tuple | ast.List) for word in command_line(each)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            yield node.value


def command_line(words: ast.Tuple | ast.List) -> list[ast.AST]:
    """Return the words when they start another Python program, as `(sys.executable, "-m", "pip")` does."""
    starts = bool(words.elts) and ast.unparse(words.elts[0]).startswith(
        ("sys.executable", "*(sys.executable", "python")
    )
    return list(ast.walk(words)) if starts else []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_what_a_message_names_exists(module: Path) -> None:
    """No message sends people to an option or a command that this version does not have."""
    lines = (line for text in texts(module) for line in text.splitlines())
    said = "\n".join(line for line in lines if not line.startswith("complete "))  # that is fish's own command
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", said))
    commands = {tuple(found.split()[:2]) for found in re.findall(r"`commercive ([a-z]+(?: [a-z-]+)?)", said)}

    assert set() == options - OPTIONS
    assert set() == commands - COMMANDS
