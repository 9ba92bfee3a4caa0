"""Finds what a module imports, in its own package and from others, by reading the sources without running them."""

import ast
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import resolve_name
from pathlib import Path


@dataclass(frozen=True)
class ImportClosure:
    """The files of modules of the package in `root`, by module name, and the names of other packages they import."""

    root: Path
    modules: Mapping[str, Path]
    others: frozenset[str]

    def files(self) -> Iterator[tuple[str, Path]]:
        """Yield each module's path relative to `root`, and its file."""
        for path in self.modules.values():
            yield path.relative_to(self.root).as_posix(), path


def import_closure(root: Path, start: str, left_out: Collection[str] = ()) -> ImportClosure:
    """Return everything that the module `start` in `root` imports, directly or not, when it is imported and used.

    Imports in functions count. Imports in a cached property count only if a found module names that property, as in
    `services.chat`, so that unused services are left out. Imports for type checkers do not count, nor does anything in
    the packages `left_out`. The standard library is not listed.
    """
    follower = _Follower(root, start.partition(".")[0], left_out)
    follower.follow(start)
    return ImportClosure(root, follower.modules, frozenset(follower.others))


class _Follower(ast.NodeVisitor):
    """Follows imports from module to module. The body of a cached property is read once the property is named."""

    def __init__(self, root: Path, package: str, left_out: Collection[str]) -> None:
        self.modules: dict[str, Path] = {}
        self.others: set[str] = set()
        self._root = root
        self._package = package
        self._left_out = left_out
        self._unread: list[tuple[str, ast.AST]] = []
        self._inside = package
        self._named: set[str] = set()
        self._deferred: defaultdict[str, list[tuple[str, ast.AST]]] = defaultdict(list)

    def follow(self, start: str) -> None:
        self._import(start)
        while self._unread:
            self._inside, tree = self._unread.pop()
            self.generic_visit(tree)

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self._import(name.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = resolve_name("." * node.level + (node.module or ""), self._inside)
        self._import(module)
        for name in node.names:
            self._import(f"{module}.{name.name}")

    def visit_If(self, node: ast.If) -> None:
        if not ast.unparse(node.test).endswith("TYPE_CHECKING"):
            self.visit(node.test)
            self._visit_all(node.body)
        self._visit_all(node.orelse)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        is_cached_property = any(ast.unparse(each).endswith("cached_property") for each in node.decorator_list)
        if is_cached_property and node.name not in self._named:
            self._deferred[node.name].append((self._inside, node))
        else:
            self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._named.add(node.attr)
        self._unread += self._deferred.pop(node.attr, ())
        self.generic_visit(node)

    def _visit_all(self, nodes: Collection[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _import(self, name: str) -> None:
        package = name.partition(".")[0]
        if package == self._package:
            for module in _with_parents(name):
                self._load(module)
        elif package not in sys.stdlib_module_names:
            self.others.add(package)

    def _load(self, module: str) -> None:
        path = self._file_of(module)
        if (
            path is None
            or module in self.modules
            or any(f"{module}.".startswith(f"{each}.") for each in self._left_out)
        ):
            return
        self.modules[module] = path
        inside = module if path.name == "__init__.py" else module.rpartition(".")[0]
        self._unread.append((inside, ast.parse(path.read_bytes())))

    def _file_of(self, module: str) -> Path | None:
        """Return the file of a module, or None when the name is not that of a module."""
        place = self._root.joinpath(*module.split("."))
        return next((path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file()), None)


def _with_parents(module: str) -> Iterator[str]:
    """Yield the names of the packages that contain a module, outermost first, and of the module."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])
