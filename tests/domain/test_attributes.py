"""What records declare about their attributes; checks and displays are derived from it."""

from decimal import Decimal
from typing import Annotated

import pytest

from commercive_cli.domain.attributes import Attribute, Kind, attributes_of
from commercive_cli.domain.models import OPS_RECORDS, Record
from commercive_cli.store.schema import TABLES

RECORDS = [*(table.record for table in TABLES if table.record), *OPS_RECORDS.values()]


class Sample(Record):
    word: Annotated[str, Attribute(Kind.CHOICE, choices=("one", "two"))]
    price: Annotated[Decimal, Attribute(Kind.AMOUNT)] | None = None


class Silent(Record):
    word: str


@pytest.mark.parametrize("record", RECORDS, ids=[record.__name__ for record in RECORDS])
def test_every_attribute_says_what_it_is(record: type[Record]) -> None:
    """Whatever is stored is known by its kind, so no check and no display has to guess."""
    assert record.model_fields.keys() - {"damaged"} <= attributes_of(record).keys()


def test_a_field_that_does_not_say_what_it_is_is_an_error() -> None:
    """An attribute cannot be added without its kind, so the audit checks every attribute."""
    with pytest.raises(TypeError, match=r"Silent\.word does not say what it is"):
        attributes_of(Silent)


def test_what_follows_from_a_field() -> None:
    """Name, default and whether it must be there need not be declared a second time."""
    attributes = attributes_of(Sample)

    assert ("word", True, ("one", "two")) == (
        attributes["word"].name,
        attributes["word"].required,
        attributes["word"].choices,
    )
    assert (False, None) == (attributes["price"].required, attributes["price"].default)


@pytest.mark.parametrize(
    ("name", "value", "admitted"),
    [("word", "one", True), ("word", "three", False), ("word", 1, False), ("price", 1, True), ("price", True, False)],
)
def test_only_values_of_the_declared_kind_are_admitted(name: str, value: object, admitted: bool) -> None:
    """A flag does not pass as a number, nor a word that is not among the choices as one of them."""
    assert admitted == attributes_of(Sample)[name].admits(value)
