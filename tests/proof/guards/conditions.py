"""Finds every condition of a write, each member of a conjunction for itself, and every claim.

A condition is what `commercive_cli.store.writes` calls one, or what a function returns that says it returns one. It is
dropped by one in its place that always holds, an alternative by one that never does; so what stands around it stays.
"""

import ast
from collections.abc import Iterator
from functools import cache
from typing import get_args

from commercive_cli.store import writes
from tests.proof.guards.sources import PACKAGE, Function, Module, Package, Spot

_WRITES = f"__import__('{writes.__name__}', fromlist=['All'])"
ALWAYS, NEVER, NOTHING = f"{_WRITES}.All()", f"{_WRITES}.AnyOf()", "*()"
_KINDS = {kind.__name__ for kind in get_args(writes.Condition)}
_ALL, _ANY = writes.All.__name__, writes.AnyOf.__name__
_CONDITIONS = {*_KINDS, "Condition"}
_SERVICES = f"{PACKAGE}/services/"
_TABLE_OF_CLAIMS = "OPS"
_UNWRITTEN = f"(lambda put: {_WRITES}.Check(put.table, put.key, {_WRITES}.All()))({{}})"
_WHEN = {"Put": 2, "Update": 6, "Delete": 2, "Check": 2}
"""Where the condition stands among the arguments of a write."""


def conditions(package: Package, module: Module) -> Iterator[Spot]:
    """Yield every condition of a module."""
    yield from _Conditions(package, module).found()


def claims(package: Package, module: Module) -> Iterator[Spot]:
    """Yield every item that is put into the table of claims where none may be: what keeps others off."""
    if not module.path.startswith(_SERVICES):
        return
    for node in module.nodes:
        if isinstance(node, ast.Call) and (_is_claim(node) or _name(node.func) in _claiming(package)):
            yield Spot(node, _UNWRITTEN.replace("{}", module.text(node)), "not claimed")


class _Conditions:
    def __init__(self, package: Package, module: Module) -> None:
        self._returning = _returning(package)
        self._members = _with_members(package)
        self._module = module
        self._seen: set[ast.AST] = set()

    def found(self) -> Iterator[Spot]:
        for node in self._module.nodes:  # from the outside in
            for each in self._conditions_at(node):
                yield from self._dropped(each)

    def _conditions_at(self, node: ast.AST) -> Iterator[ast.expr]:
        """Yield the conditions that stand at a node: of a write, of what is declared as one, or made there."""
        match node:
            case ast.Call():
                yield from (each.value for each in node.keywords if each.arg == "when")
                at = _WHEN.get(_name(node.func))
                if at is not None and len(node.args) > at:
                    yield node.args[at]
                if self._returns_condition(node):
                    yield node
            case ast.AnnAssign(value=ast.expr() as value):
                if _is_one(node.annotation) and not (isinstance(value, ast.Call) and _name(value.func) == "field"):
                    yield value
            case ast.arguments():
                both = [*zip(reversed([*node.posonlyargs, *node.args]), reversed(node.defaults), strict=False)]
                both += [(each, value) for each, value in zip(node.kwonlyargs, node.kw_defaults, strict=True) if value]
                yield from (value for each, value in both if each.annotation and _is_one(each.annotation))

    def _dropped(self, node: ast.expr) -> Iterator[Spot]:
        """Yield the ways to drop a condition, or a part of it."""
        if node in self._seen:
            return
        self._seen.add(node)
        match node:
            case ast.IfExp():
                yield from self._dropped(node.body)
                yield from self._dropped(node.orelse)
            case ast.Call() if _name(node.func) == _ALL:
                for each in node.args:
                    yield from self._member(each)
            case ast.Call() if _name(node.func) == _ANY:
                yield from self._alternatives(node)
            case ast.Call() if _name(node.func) in self._members and not node.keywords:
                fixed = self._members[_name(node.func)]
                for each in node.args[fixed:]:
                    yield Spot(each, NOTHING, "not asked")
            case ast.Constant(value=None):
                pass
            case _:
                yield Spot(node, ALWAYS, "not asked")
                if isinstance(self._module.parents.get(node), ast.List | ast.Tuple):
                    yield Spot(node, NEVER, "no alternative")

    def _member(self, node: ast.expr) -> Iterator[Spot]:
        if not isinstance(node, ast.Starred):
            yield from self._dropped(node)
            return
        yield Spot(node, NOTHING, "not asked")
        if isinstance(node.value, ast.GeneratorExp):
            yield from self._dropped(node.value.elt)

    def _alternatives(self, node: ast.Call) -> Iterator[Spot]:
        if node.args:
            yield Spot(node, ALWAYS, "not asked")
        for each in node.args:
            yield Spot(each, NOTHING if isinstance(each, ast.Starred) else NEVER, "no alternative")
            if self._is_compound(each):
                yield from self._dropped(each)
            self._seen.add(each)

    def _is_compound(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Call) and (_name(node.func) == _ALL or _name(node.func) in self._members)

    def _returns_condition(self, node: ast.Call) -> bool:
        name = _name(node.func)
        if isinstance(node.func, ast.Name) and name in _KINDS:
            return True
        return self._module.path in self._returning.get(name, ()) if name.startswith("_") else name in self._returning


@cache
def _returning(package: Package) -> dict[str, set[str]]:
    """Return the functions that return a condition, by name, with the modules in which they are."""
    found: dict[str, set[str]] = {}
    for module, function in package.functions():
        if module.path.startswith(f"{PACKAGE}/engines/"):
            continue
        if function.returns is not None and _is_one(function.returns):
            found.setdefault(function.name, set()).add(module.path)
    return found


@cache
def _with_members(package: Package) -> dict[str, int]:
    """Return the functions whose conditions have a member for each further argument, and how many come before those."""
    named = _returning(package)
    return {
        function.name: len(function.args.args)
        for module, function in package.functions()
        if function.args.vararg and module.path in named.get(function.name, ())
    }


@cache
def _claiming(package: Package) -> set[str]:
    """Return the names of the functions that return a claim."""
    return {function.name for _, function in package.functions() if _returns_claim(function)}


def _returns_claim(function: Function) -> bool:
    if function.returns is None or "Put" not in _names(function.returns):
        return False
    returned = (each.value for each in function.body if isinstance(each, ast.Return))
    return any(isinstance(each, ast.Call) and _is_claim(each) for each in returned)


def _is_claim(node: ast.Call) -> bool:
    when = [each.value for each in node.keywords if each.arg == "when"]
    absent = any(isinstance(each, ast.Call) and _name(each.func) == writes.Absent.__name__ for each in when)
    return _name(node.func) == "Put" and absent and _name(node.args[0]) == _TABLE_OF_CLAIMS


def _is_one(annotation: ast.expr) -> bool:
    """Return whether an annotation says that something is a condition, and not a list or a function of them."""
    if isinstance(annotation, ast.Constant):
        return annotation.value in _CONDITIONS
    return isinstance(annotation, ast.Name) and annotation.id in _CONDITIONS


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _name(node: ast.expr) -> str:
    """Return the last part of a name, an empty text for anything else."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
    return ""
