"""The package's source as trees, and what a guard in it is: a text, and one in its place that guards nothing."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path

PACKAGE = "commercive_cli"
_SHOWN = 90

Place = tuple[str, int]
"""A file, relative to where the package lies, and the first line of a statement in it."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Spot:
    """A node that is a guard, what stands in its place when it is dropped, and what is lost then, in words."""

    node: ast.expr | ast.keyword
    replacement: str
    lost: str
    until: ast.expr | None = None
    """Where the guard ends, if not with the node: the value of an entry, of which `node` is the name."""


@dataclass(frozen=True)
class Guard:
    """A piece of a file that guards something."""

    path: str
    line: int
    column: int
    span: tuple[int, int]
    text: str
    replacement: str
    lost: str
    function: str
    """The function in which it is, an empty text outside of all."""

    places: frozenset[Place] = field(repr=False, compare=False)
    """First lines of statements, of which at least one runs when the guard is asked."""

    def __str__(self) -> str:
        """Return where it is and what it is, in a line."""
        return f"{self.path}:{self.line}:{self.column} {self._words}"

    @property
    def name(self) -> str:
        """Return what it is called however lines move: its file, its function and its text."""
        return f"{self.path.removeprefix(f'{PACKAGE}/')} {self.function} {self._words}"

    @property
    def _words(self) -> str:
        words = " ".join(self.text.split())
        return f"{words if len(words) <= _SHOWN else f'{words[: _SHOWN - 1]}…'} ({self.lost})"

    def dropped_from(self, source: bytes) -> bytes:
        """Return the source of the file without the guard."""
        start, end = self.span
        return source[:start] + self.replacement.encode() + source[end:]


class Module:
    """A module's source and tree, in which every node knows the one that it is part of."""

    def __init__(self, path: str, source: bytes) -> None:
        self.path = path
        self.source = source
        self.tree = ast.parse(source)
        self.nodes = list(ast.walk(self.tree))
        """All nodes, from the outside in."""

        self.parents: dict[ast.AST, ast.AST] = {
            child: node for node in self.nodes for child in ast.iter_child_nodes(node)
        }
        lines = source.splitlines(keepends=True)
        self._starts = [0, *accumulate(map(len, lines))]

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node is part of, from the inside out."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def function_of(self, node: ast.AST) -> Function | None:
        """Return the function in whose body the node is, None outside of functions, as for a parameter's default."""
        inner = node
        for outer in self.above(node):
            if isinstance(outer, FUNCTIONS) and inner in outer.body:
                return outer
            inner = outer
        return None

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """Return the statement that the node is part of."""
        return next(each for each in (node, *self.above(node)) if isinstance(each, ast.stmt))

    def span(self, first: ast.expr | ast.keyword, last: ast.expr | ast.keyword) -> tuple[int, int]:
        """Return from which byte to which a node reaches, or several."""
        assert last.end_lineno is not None
        assert last.end_col_offset is not None
        start, end = self._starts[first.lineno - 1], self._starts[last.end_lineno - 1]
        return start + first.col_offset, end + last.end_col_offset

    def text(self, node: ast.expr) -> str:
        """Return the source of a node."""
        start, end = self.span(node, node)
        return self.source[start:end].decode()


Rule = Callable[["Package", Module], Iterable[Spot]]
"""Finds guards of one kind in a module."""


class Package:
    """All modules of the package."""

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self.modules = {path: Module(path, source) for path, source in sorted(sources.items())}

    @classmethod
    def at(cls, root: Path) -> "Package":
        """Return the package that lies in a directory."""
        files = (root / PACKAGE).rglob("*.py")
        return cls({path.relative_to(root).as_posix(): path.read_bytes() for path in files})

    def guards(self, rules: Iterable[Rule]) -> list[Guard]:
        """Return what the rules find, each guard once, in the order of the source."""
        found = {
            (guard.path, guard.span, guard.replacement): guard
            for rule in rules
            for module in self.modules.values()
            for guard in (self._guard(module, spot) for spot in rule(self, module))
        }
        return sorted(found.values(), key=lambda guard: (guard.path, guard.span))

    def functions(self) -> Iterator[tuple[Module, Function]]:
        """Yield every function and method."""
        for module in self.modules.values():
            for node in module.nodes:
                if isinstance(node, FUNCTIONS):
                    yield module, node

    def _guard(self, module: Module, spot: Spot) -> Guard:
        start, end = module.span(spot.node, spot.until or spot.node)
        function = module.function_of(spot.node)
        return Guard(
            module.path,
            spot.node.lineno,
            spot.node.col_offset + 1,
            (start, end),
            module.source[start:end].decode(),
            spot.replacement,
            spot.lost,
            function.name if function else "",
            frozenset(self._places(module, spot.node, set())),
        )

    def _places(self, module: Module, node: ast.AST, known: set[str]) -> Iterator[Place]:
        """Yield the lines of a node within a function; of another one, those that use the name that it is bound to."""
        statement = module.statement_of(node)
        if module.function_of(node) is not None:
            yield module.path, statement.lineno
        elif isinstance(statement, FUNCTIONS):
            yield from ((module.path, each.lineno) for each in statement.body)
        else:
            for name in _bound(module, statement):
                if name not in known:
                    known.add(name)
                    for user, use in self._uses.get(name, ()):
                        yield from self._places(user, use, known)

    @cached_property
    def _uses(self) -> dict[str, list[tuple[Module, ast.expr]]]:
        uses: dict[str, list[tuple[Module, ast.expr]]] = {}
        for module in self.modules.values():
            for node in module.nodes:
                if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                    uses.setdefault(node.id if isinstance(node, ast.Name) else node.attr, []).append((module, node))
        return uses


def _bound(module: Module, statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement outside of functions binds, and the class that it is part of."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    yield from (target.id for target in targets if isinstance(target, ast.Name))
    yield from (each.name for each in (statement, *module.above(statement)) if isinstance(each, ast.ClassDef))
