"""Strict JSON (RFC 8259): refuses doubled keys, NaN and deep nesting, and reads fractions as Decimal."""

import json
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from commercive_cli.domain.errors import Invalid

TWICE = ("admin/approve-lead", frozenset({"approve", "reject"}))
"""The only values that `action` may have both in one object: the seed's approve body (section 2.13)."""

DEEPEST = 32
"""Levels of nesting, the limit of DynamoDB; printing deeper values could exhaust the stack."""


def read_object(text: str) -> dict[str, Any]:
    """Return the JSON object in `text`, its fractions as Decimal; raise Invalid for anything else.

    The approve body that holds `action` twice is returned with the decision as `action`, whatever the order, as
    JavaScript would send it.
    """
    reader = _ObjectBuilder()
    try:
        value = json.loads(text, object_pairs_hook=reader.object, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError:
        raise _too_deep() from None
    except InvalidOperation:
        raise Invalid("the JSON holds a number that is out of range") from None
    except json.JSONDecodeError as error:
        raise Invalid(f"the body is not valid JSON: {error.msg} at character {error.pos}") from None
    except ValueError:  # Python refuses integers of more than 4,300 digits
        raise Invalid("the JSON holds a number that is out of range") from None
    if not isinstance(value, dict):
        raise Invalid("the body must be a JSON object")
    _check_depth(value)
    return reader.checked(value)


class _ObjectBuilder:
    """Builds objects from their pairs, and remembers those in which `action` was doubled."""

    def __init__(self) -> None:
        self._doubled: list[dict[str, Any]] = []

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        approval = _approval(pairs)
        self._doubled.append(approval)
        return approval

    def checked(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the whole body; raise Invalid when an object inside it held `action` twice."""
        if any(each is not body for each in self._doubled):
            raise _twice("action")
        return body


def _approval(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    action, decisions = TWICE
    values = [value for name, value in pairs if name == "action"]
    decided = [value for value in values if isinstance(value, str) and value in decisions]
    if len(values) != 2 or len(decided) != 1 or action not in values or len(set(names)) != len(names) - 1:
        raise _twice(next(name for name in names if names.count(name) > 1))
    return dict(pairs) | {"action": decided[0]}


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [child for each in level for child in _children(each)]
    if level:
        raise _too_deep()


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep() -> Invalid:
    return Invalid(f"the JSON is nested too deeply; {DEEPEST} levels are the limit")


def _twice(name: str) -> Invalid:
    return Invalid(f"the JSON holds the key {name[:40]!a} twice", field=name[:40])


def _refuse_constant(name: str) -> NoReturn:
    raise Invalid(f"the JSON holds {name}, which is not a number")
