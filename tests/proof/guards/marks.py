"""Notes which of some statements of the package run, at the price of a call each: tracing all takes far longer."""

import ast
import builtins
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

_PACKAGE = "commercive_cli"
_MARK = "__marked__"


class Marks:
    """What ran, by the test that ran it: files relative to the present directory, and first lines of statements."""

    def __init__(self, wanted: Mapping[str, Collection[int]]) -> None:
        self.found: dict[str, set[tuple[str, int]]] = {}
        self._now: set[tuple[str, int]] = set()
        setattr(builtins, _MARK, self._note)
        sys.meta_path.insert(0, _Finder({str(Path(path).absolute()): (path, lines) for path, lines in wanted.items()}))

    def switch(self, test: str) -> None:
        """Begin a test."""
        self._now = self.found.setdefault(test, set())

    def _note(self, path: str, line: int) -> None:
        self._now.add((path, line))


class _Finder(MetaPathFinder):
    """Finds the package's modules, and has them marked."""

    def __init__(self, wanted: Mapping[str, tuple[str, Collection[int]]]) -> None:
        self._wanted = wanted

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(f"{_PACKAGE}."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None and spec.origin in self._wanted:
            spec.loader = _Loader(fullname, spec.origin, *self._wanted[spec.origin])
        return spec


class _Loader(SourceFileLoader):
    """Loads a module with a mark before each wanted statement."""

    def __init__(self, fullname: str, path: str, shown: str, lines: Collection[int]) -> None:
        super().__init__(fullname, path)
        self._shown = shown
        self._lines = lines

    def get_code(self, _fullname: str) -> CodeType:
        tree = ast.parse(Path(self.path).read_bytes())
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                self._mark(function)
        return compile(ast.fix_missing_locations(tree), self.path, "exec")

    def _mark(self, node: ast.AST) -> None:
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                setattr(node, name, list(self._marked(statements)))
        for child in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            self._mark(child)

    def _marked(self, statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
        for each in statements:
            is_docstring = isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
            if each.lineno in self._lines and not is_docstring:
                mark = ast.parse(f"{_MARK}({self._shown!r}, {each.lineno})").body[0]
                yield ast.copy_location(mark, each)
            if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._mark(each)
            yield each
