"""Short cuts for what is frequent: texts, flags and plain numbers are coded like all that is rare."""

from collections.abc import Callable
from typing import Any

from hypothesis import given

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.items import (
    AttributeValue,
    Item,
    decode_item,
    decode_value,
    encode_item,
    encode_value,
    encoded_text,
    item_text,
    text_item,
)
from commercive_cli.store.limits import item_bytes, value_bytes
from tests.store.attribute_values import ENCODED_ITEMS, ITEMS


def outcome(work: Callable[[], Any]) -> Any:
    """Return what comes of it, be it a refusal."""
    try:
        return work()
    except (Invalid, ValueError, TypeError, AttributeError) as refusal:
        return type(refusal), str(refusal)


@given(ENCODED_ITEMS)
def test_the_text_of_what_a_server_sent_is_that_of_its_item(encoded: dict[str, AttributeValue]) -> None:
    """An export writes the same bytes whether an item's text is made of what was sent, or of the item it stands for."""
    made = outcome(lambda: item_text({name: decode_value(value) for name, value in encoded.items()}))

    assert made == outcome(lambda: encoded_text(encoded))


@given(ENCODED_ITEMS)
def test_an_item_is_what_its_values_are(encoded: dict[str, AttributeValue]) -> None:
    """Texts are decoded on the spot, and refused like others where they stand beside another type."""
    made = outcome(lambda: {name: decode_value(value) for name, value in encoded.items()})

    assert repr(made) == repr(outcome(lambda: decode_item(encoded)))


@given(ITEMS)
def test_encoding_and_measuring_know_no_two_kinds_of_text(item: Item) -> None:
    """Texts within an item are encoded and measured as those within lists are."""
    in_list = encode_value([*item.values()])["L"]

    assert list(encode_item(item).values()) == in_list
    assert item_bytes(item) == sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


@given(ITEMS)
def test_the_text_of_an_item_is_that_of_its_attribute_values(item: Item) -> None:
    """Both engines give the same text: one stores it, the other makes it of what the server sends."""
    text = item_text(item)

    assert text == encoded_text(encode_item(item)) == item_text(text_item(text))
