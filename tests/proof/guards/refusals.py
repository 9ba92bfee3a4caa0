"""Finds what the engines and the store refuse, and what decides whether a failed request is tried again."""

import ast
from collections.abc import Iterator

from tests.proof.guards.engines import refuses_items
from tests.proof.guards.sources import FUNCTIONS, Module, Package, Spot

_DECIDES = "FailureKind"


def refusals(_package: Package, module: Module) -> Iterator[Spot]:
    """Yield each condition under which something is raised: by itself, or a part of it."""
    if refuses_items(module):
        for node in module.nodes:
            if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise):
                yield from _dropped(node.test, neutral=False, lost="not refused")


def choices(_package: Package, module: Module) -> Iterator[Spot]:
    """Yield each condition of the functions that say what kind a failure is."""
    for function in module.nodes:
        if (
            isinstance(function, FUNCTIONS)
            and isinstance(function.returns, ast.Name)
            and function.returns.id == _DECIDES
        ):
            for node in ast.walk(function):
                if isinstance(node, ast.If | ast.IfExp):
                    yield from _dropped(node.test, neutral=False, lost="not told apart")


def _dropped(node: ast.expr, *, neutral: bool, lost: str) -> Iterator[Spot]:
    """Yield the ways to drop a condition or one of its parts; `neutral` is what the whole is without the part."""
    match node:
        case ast.BoolOp():
            is_all = isinstance(node.op, ast.And)
            for each in node.values:
                yield from _dropped(each, neutral=is_all, lost=lost)
        case ast.UnaryOp(op=ast.Not(), operand=ast.BoolOp() as operand):
            yield from _dropped(operand, neutral=not neutral, lost=lost)
        case _:
            yield Spot(node, str(neutral), lost)
