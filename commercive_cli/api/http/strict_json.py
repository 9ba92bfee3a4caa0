"""Strict JSON (RFC 8259): refuses doubled keys, NaN and deep nesting, and reads fractions as Decimal.

Anybody can send a body, so what it costs to read one grows with its bytes alone, and little is built from a body that
is refused.
"""

import json
from collections import Counter
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted, shortened

TWICE = ("admin/approve-lead", frozenset({"approve", "reject"}))
"""The only values that `action` may have both in one object: the seed's approve body (section 2.13)."""

DEEPEST = 32
"""Levels of nesting, the limit of DynamoDB; printing deeper values could exhaust the stack."""

MOST_VALUES = 1_000
"""Members of objects and elements of lists in all; the largest request of ours has about twenty."""

MOST_DIGITS = 100
"""Characters of one number; reading it costs the square of its length."""


def read_object(text: str) -> dict[str, Any]:
    """Return the JSON object in `text`, its fractions as Decimal; raise Invalid for anything else.

    The approve body that holds `action` twice is returned with the decision as `action`, whatever the order, as
    JavaScript would send it.
    """
    if _separators(text) > 2 * MOST_VALUES:
        raise _too_many()
    reader = _ObjectBuilder()
    try:
        value = json.loads(
            text,
            object_pairs_hook=reader.object,
            parse_int=lambda digits: int(_bounded(digits)),
            parse_float=lambda digits: Decimal(_bounded(digits)),
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        raise _too_deep() from None
    except InvalidOperation:
        raise _out_of_range() from None
    except json.JSONDecodeError as error:
        raise Invalid(f"the body is not valid JSON: {error.msg} at character {error.pos}") from None
    if not isinstance(value, dict):
        raise Invalid("the body must be a JSON object")
    _check_shape(value)
    return reader.checked(value)


def _separators(text: str) -> int:
    """Return how many commas and opening brackets stand outside the texts of a JSON document.

    There are as many values as commas, and one more for each list or object that is not empty.
    """
    outside = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
    return outside.count(",") + outside.count("[") + outside.count("{")


def _bounded(digits: str) -> str:
    if len(digits) > MOST_DIGITS:
        raise _out_of_range()
    return digits


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
    counted = Counter(name for name, _ in pairs)
    action, decisions = TWICE
    values = [value for name, value in pairs if name == "action"]
    decided = [value for value in values if isinstance(value, str) and value in decisions]
    if len(values) != 2 or len(decided) != 1 or action not in values or len(counted) != len(pairs) - 1:
        raise _twice(next(name for name, count in counted.items() if count > 1))
    return dict(pairs) | {"action": decided[0]}


def _check_shape(value: Any) -> None:
    """Raise Invalid when a value is nested too deeply or holds too many others."""
    level, values = [value], 0
    for _ in range(DEEPEST):
        families = [_children(each) for each in level]
        values += sum(map(len, families))
        if values > MOST_VALUES:
            raise _too_many()
        level = [child for family in families for child in family]
        if not level:
            return
    raise _too_deep()


def _children(value: Any) -> Collection[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep() -> Invalid:
    return Invalid(f"the JSON is nested too deeply; {DEEPEST} levels are the limit")


def _too_many() -> Invalid:
    return Invalid(f"the JSON holds too many values; {MOST_VALUES:,} are the limit")


def _out_of_range() -> Invalid:
    return Invalid("the JSON holds a number that is out of range")


def _twice(name: str) -> Invalid:
    return Invalid(f"the JSON holds the key {quoted(name)} twice", field=shortened(name))


def _refuse_constant(name: str) -> NoReturn:
    raise Invalid(f"the JSON holds {name}, which is not a number")
