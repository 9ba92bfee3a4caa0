"""Finds the entries of the engines' tables, and those of their requests to DynamoDB."""

import ast
from collections.abc import Iterator

from tests.proof.guards.sources import PACKAGE, Module, Package, Spot

_ENGINES = f"{PACKAGE}/engines/"
_DYNAMODB = f"{_ENGINES}dynamodb/"


def table_entries(_package: Package, module: Module) -> Iterator[Spot]:
    """Yield each entry of what an engine decides by: error codes, reasons, kinds of errors."""
    if not module.path.startswith(_ENGINES):
        return
    for statement in module.tree.body:
        if isinstance(statement, ast.Assign) and not isinstance(statement.value, ast.Subscript | ast.BinOp):  # no types
            for node in ast.walk(statement.value):
                yield from _entries(node)


def request_entries(_package: Package, module: Module) -> Iterator[Spot]:
    """Yield what requests to DynamoDB say, such as a transaction's token, or that a read is consistent."""
    if not module.path.startswith(_DYNAMODB):
        return
    for node in module.nodes:
        if isinstance(node, ast.Dict) and module.function_of(node) is not None:
            for name, value in zip(node.keys, node.values, strict=True):
                if isinstance(name, ast.Constant) and str(name.value)[:1].isupper():
                    yield Spot(name, "**{}", "not said", until=value)


def _entries(node: ast.AST) -> Iterator[Spot]:
    match node:
        case ast.Set() | ast.Tuple() | ast.List():
            for each in node.elts:
                yield Spot(each, "*()", "not listed")
        case ast.Dict():
            for name, value in zip(node.keys, node.values, strict=True):
                if name is not None:
                    yield Spot(name, "**{}", "not listed", until=value)
