"""Finds the entries of the engines' tables, and those of their requests to DynamoDB."""

import ast
from collections.abc import Iterator
from typing import TypeGuard

from tests.proof.guards.engines import ENGINES, is_about_items
from tests.proof.guards.sources import Module, Package, Spot

_DYNAMODB = f"{ENGINES}dynamodb/"


def table_entries(_package: Package, module: Module) -> Iterator[Spot]:
    """Yield each entry of what an engine decides by: error codes, reasons, kinds of errors."""
    if not is_about_items(module):
        return
    for statement in module.tree.body:
        if _is_table(statement):
            for node in ast.walk(statement.value):
                yield from _entries(node)


def request_entries(_package: Package, module: Module) -> Iterator[Spot]:
    """Yield what requests to DynamoDB say, such as a transaction's token, or that a read is consistent."""
    if not (module.path.startswith(_DYNAMODB) and is_about_items(module)):
        return
    for node in module.nodes:
        if isinstance(node, ast.Dict) and module.function_of(node) is not None:
            for name, value in zip(node.keys, node.values, strict=True):
                if isinstance(name, ast.Constant) and str(name.value)[:1].isupper():
                    yield Spot(name, "**{}", "not said", until=value)


def _is_table(statement: ast.stmt) -> TypeGuard[ast.Assign]:
    """Return whether a name is given to values, and not to a type or a method, nor several names to one value each."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return False
    return not isinstance(statement.value, ast.Attribute | ast.Subscript | ast.BinOp)


def _entries(node: ast.AST) -> Iterator[Spot]:
    match node:
        case ast.Set() | ast.Tuple() | ast.List():
            for each in node.elts:
                yield Spot(each, "*()", "not listed")
        case ast.Dict():
            for name, value in zip(node.keys, node.values, strict=True):
                if name is not None:
                    yield Spot(name, "**{}", "not listed", until=value)
