"""Finds every limit where it is applied: one more is let through.

A limit is what a module of limits calls one, and any other number with a name beyond which something is refused. The
sizes of batches and pages are none: one more of them is no matter.
"""

import ast
from collections.abc import Iterator
from functools import cache

from tests.proof.guards.engines import is_about_items
from tests.proof.guards.sources import PACKAGE, Module, Package, Spot

_ROOMS = tuple(f"{PACKAGE}/{room}/" for room in ("domain", "store", "services"))
_NUMBERS = (ast.Constant, ast.BinOp, ast.UnaryOp)


def limits(package: Package, module: Module) -> Iterator[Spot]:
    """Yield each limit that something is compared with, or that is handed on as one."""
    if not (module.path.startswith(_ROOMS) or is_about_items(module)):
        return
    for node in module.nodes:
        for each in _applied(node):
            if isinstance(each, ast.Name) and (each.id in _declared(package) or _refuses(package, module, node, each)):
                yield Spot(each, f"({each.id} + 1)", "one more is let through")


def _applied(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare() if all(isinstance(each, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for each in node.ops):
            for side in (node.left, *node.comparators):
                yield from ast.walk(side)
        case ast.Call():
            yield from (*node.args, *(each.value for each in node.keywords))


def _refuses(package: Package, module: Module, node: ast.AST, limit: ast.Name) -> bool:
    """Return whether something is refused beyond a number with a name."""
    if not isinstance(node, ast.Compare) or limit.id not in _numbers(package):
        return False
    above = next((each for each in module.above(node) if not isinstance(each, ast.BoolOp | ast.UnaryOp)), None)
    return isinstance(above, ast.If) and isinstance(above.body[-1], ast.Raise)


@cache
def _numbers(package: Package) -> set[str]:
    """Return the names of all numbers that modules define."""
    return {name for module in package.modules.values() for name in _defined(module)}


@cache
def _declared(package: Package) -> set[str]:
    """Return the names of those that are defined in a module of limits, but for how many there are unless one says."""
    modules = (module for module in package.modules.values() if module.path.endswith("/limits.py"))
    return {name for module in modules for name in _defined(module) if not name.startswith("DEFAULT_")}


def _defined(module: Module) -> Iterator[str]:
    for statement in module.tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if isinstance(value, _NUMBERS) and name.isupper():
                if not (isinstance(value, ast.Constant) and not isinstance(value.value, int | float)):
                    yield name
