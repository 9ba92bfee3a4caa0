"""Declarations of stored attributes: each field of a record says what it holds.

The audit's type checks, the checks of imports, erasures and the display of columns are all derived from them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel

UNREADABLE = "_unreadable"
"""The attribute that shows what stands in place of an item which cannot be read, as far as that is text."""


class Kind(Enum):
    """What an attribute holds: each member has the Python type that stores return, and a description.

    `types` are compared exactly, so that True does not count as a number.
    """

    ID = str, "an id or link code that this program makes"
    PERSON = str, "the id of a user, affiliate or admin"
    CHOICE = str, "one of a few words"
    TEXT = str, "text that somebody wrote"
    EMAIL = str, "an e-mail address"
    TIME = int, "milliseconds since the Unix epoch"
    COUNT = int, "a whole number"
    SECONDS = int, "seconds since the Unix epoch, after which DynamoDB may drop the item"
    AMOUNT = (int, Decimal), "USD, 0 to 1,000,000"
    TOTAL = (int, Decimal), "USD, a sum of amounts"
    FLAG = bool, "true or false"
    OBJECT = dict, "values by name"

    def __init__(self, types: type | tuple[type, ...], _about: str) -> None:
        self.types = types if isinstance(types, tuple) else (types,)


class Personal(Enum):
    """What an erasure does with the value of a personal attribute; `Record.owner` says whose an item is."""

    DATA = "about the item's owner: replaced whole in the owner's erasure, left alone in anybody else's"
    WORDS = "what somebody wrote: replaced whole likewise; elsewhere an address, number or long id in it, as a marker"


@dataclass(frozen=True)
class Attribute:
    """One attribute of a record, as its field's annotation declares it.

    `personal` says what an erasure does with it; None for what says nothing about anybody. Ids of persons (PERSON) get
    a pseudonym wherever they stand.
    `ordering`: it is the time of the last change; the next change must get a later time.
    `state`: it is money or a status that audit rows record; the audit can restore it from them.
    `derived`: it follows from other items; the audit computes it again from them.
    `choices` are the words that may stand there, any word where there are none.
    `name`, `required` and `default` follow from the field.
    """

    kind: Kind
    personal: Personal | None = None
    ordering: bool = False
    state: bool = False
    derived: bool = False
    name: str = ""
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()

    @property
    def neutral(self) -> Any:
        """Return what is shown in place of a value that is missing or of another type."""
        return _NEUTRAL.get(self.kind, "") if self.required else self.default

    def read(self, value: object) -> Any:
        """Return what to show of a value that is not admitted: the word that it spells, or the neutral value."""
        if self.choices and type(value) is str:
            return value.strip().casefold() if value.strip().casefold() in self.choices else value
        return self.neutral

    def admits(self, value: object) -> bool:
        """Return whether a stored value is of this attribute's type, and one of its choices if it has any."""
        return type(value) in self.kind.types and (not self.choices or value in self.choices)


_NEUTRAL: dict[Kind, Any] = {
    Kind.TIME: 0,
    Kind.COUNT: 0,
    Kind.SECONDS: 0,
    Kind.AMOUNT: Decimal(0),
    Kind.TOTAL: Decimal(0),
    Kind.FLAG: False,
    Kind.OBJECT: {},
}
"""Text, ids and choices are empty."""


@cache
def attributes_of(record: type[BaseModel]) -> Mapping[str, Attribute]:
    """Return a record's attributes by name; raise TypeError for a field that does not declare what it is."""
    return MappingProxyType(dict(_declared(record)))


def _declared(record: type[BaseModel]) -> Iterator[tuple[str, Attribute]]:
    for name, field in record.model_fields.items():
        if name == "damaged":
            continue
        parts = [*field.metadata, *_parts(field.annotation)]
        found = next((part for part in parts if isinstance(part, Attribute)), None)
        if found is None:
            raise TypeError(f"{record.__name__}.{name} does not say what it is; annotate it with an Attribute")
        derived = {"required": field.is_required(), "default": field.get_default()}
        yield name, replace(found, name=name, **derived)
    for name, attribute in getattr(record, "internal", {}).items():
        yield name, replace(attribute, name=name)


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield an annotation and everything inside it: the members of a union, the metadata of an Annotated."""
    yield annotation
    for part in (*get_args(annotation), *getattr(annotation, "__metadata__", ())):
        yield from _parts(part)
