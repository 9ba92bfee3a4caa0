"""Finds every limit where it is applied: one more is let through.

A limit is what a module of limits calls one, and any other number with a name beyond which something is refused. The
sizes of batches and pages are none: one more of them is no matter.
"""

import ast
from collections.abc import Iterable, Iterator
from functools import cache

from tests.proof.guards.engines import is_about_items
from tests.proof.guards.sources import PACKAGE, Module, Package, Spot

_BELOW = tuple(f"{PACKAGE}/{room}/" for room in ("domain", "store"))
_SERVICES = f"{PACKAGE}/services/"
_ASKED_FOR = f"{PACKAGE}/domain/limits.py"
_NUMBERS = (ast.Constant, ast.BinOp, ast.UnaryOp)


def limits(package: Package, module: Module) -> Iterator[Spot]:
    """Yield each limit that is compared with, or handed on as one; in services, each of what is asked for."""
    if module.path.startswith(_SERVICES):
        asked = _declared(package, _ASKED_FOR)
        found: Iterator[ast.Name] = (each for node in module.nodes for each in _checked(node) if each.id in asked)
    elif module.path.startswith(_BELOW) or is_about_items(module):
        found = _applied(package, module)
    else:
        return
    for each in found:
        yield Spot(each, f"({each.id} + 1)", "one more is let through")


def _checked(node: ast.AST) -> Iterator[ast.Name]:
    """Yield what is given to a check, or is what a check goes by unless it is given another one."""
    match node:
        case ast.Call() if ast.unparse(node.func).rpartition(".")[2].startswith("check"):
            yield from _names(node.args)
        case ast.FunctionDef() if node.name.startswith("check"):
            yield from _names([*node.args.defaults, *node.args.kw_defaults])


def _applied(package: Package, module: Module) -> Iterator[ast.Name]:
    declared = _declared(package, "/limits.py")
    for node in module.nodes:
        match node:
            case ast.Compare() if all(isinstance(each, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for each in node.ops):
                for each in _names(part for side in (node.left, *node.comparators) for part in ast.walk(side)):
                    if each.id in declared or _refuses(package, module, node, each):
                        yield each
            case ast.Call():
                given = _names([*node.args, *(each.value for each in node.keywords)])
                yield from (each for each in given if each.id in declared)


def _names(nodes: Iterable[ast.AST | None]) -> Iterator[ast.Name]:
    return (each for each in nodes if isinstance(each, ast.Name))


def _refuses(package: Package, module: Module, node: ast.AST, limit: ast.Name) -> bool:
    """Return whether something is refused beyond a number with a name."""
    if limit.id not in _numbers(package):
        return False
    above = next((each for each in module.above(node) if not isinstance(each, ast.BoolOp | ast.UnaryOp)), None)
    return isinstance(above, ast.If) and isinstance(above.body[-1], ast.Raise)


@cache
def _numbers(package: Package) -> set[str]:
    """Return the names of all numbers that modules define."""
    return {name for module in package.modules.values() for name in _defined(module)}


@cache
def _declared(package: Package, path: str) -> set[str]:
    """Return the names of those that are defined in modules of limits, but for how many there are unless one says."""
    modules = (module for module in package.modules.values() if module.path.endswith(path))
    return {name for module in modules for name in _defined(module) if not name.startswith(("DEFAULT_", "TOP"))}


def _defined(module: Module) -> Iterator[str]:
    for statement in module.tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if isinstance(value, _NUMBERS) and name.isupper():
                if not (isinstance(value, ast.Constant) and not isinstance(value.value, int | float)):
                    yield name
