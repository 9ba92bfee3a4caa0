"""Finds the statements to SQLite that are made for their effect, and what they ask for."""

import ast
from collections.abc import Iterator

from tests.proof.guards.engines import ENGINES, is_about_items
from tests.proof.guards.sources import Module, Package, Spot

_SQLITE = f"{ENGINES}sqlite/"
_AT_ONCE = " IMMEDIATE"


def statements(_package: Package, module: Module) -> Iterator[Spot]:
    """Yield each statement whose answer nobody looks at, and each transaction that takes the lock when it begins."""
    if not (module.path.startswith(_SQLITE) and is_about_items(module)):
        return
    for node in module.nodes:
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="execute" | "executemany")) as call):
                yield Spot(call, "None", "not done")
            case ast.Constant(value=str() as text) if _AT_ONCE in text:
                yield Spot(node, repr(text.replace(_AT_ONCE, "")), "not at once")
