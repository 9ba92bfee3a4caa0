"""The one right answer to what an attribute should hold that holds something else, where there is one."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from commercive_cli.domain.attributes import Attribute, Kind
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.money import parse_amount
from commercive_cli.store.items import NUMBER_DIGITS, number_text

_TEXTS = (Kind.ID, Kind.PERSON, Kind.CHOICE, Kind.TEXT, Kind.EMAIL)
_WHOLE = re.compile(rf"[0-9]{{1,{NUMBER_DIGITS}}}", re.ASCII)


def right_answer(attribute: Attribute, value: object) -> Any:
    """Return what must stand in place of a value of another kind, or None when only a person can say.

    There is no right time: nobody knows in which unit or zone another one was meant.
    """
    if isinstance(value, str):
        read = _READERS.get(attribute.kind)
        return read(attribute, value.strip()) if read else None
    if isinstance(value, bool) or attribute.kind not in _TEXTS or attribute.choices:
        return None
    return number_text(value) if isinstance(value, int | Decimal) else None


def _count(_attribute: Attribute, text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def _amount(attribute: Attribute, text: str) -> Decimal | None:
    try:
        return parse_amount(text, attribute.name)
    except Invalid:
        return None


def _flag(_attribute: Attribute, text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.casefold())


def _choice(attribute: Attribute, text: str) -> str | None:
    word = attribute.read(text)
    return word if word in attribute.choices else None


_READERS: dict[Kind, Callable[[Attribute, str], Any]] = {
    Kind.COUNT: _count,
    Kind.AMOUNT: _amount,
    Kind.FLAG: _flag,
    Kind.CHOICE: _choice,
}
