"""Most items are right, and the audit tells that at a glance: it finds what it would find looking at each."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.attributes import UNREADABLE, Attribute, attributes_of
from commercive_cli.domain.clock import FAR_FUTURE
from commercive_cli.domain.ids import created_at_of, uuid7
from commercive_cli.services.audit.malformed import MalformedCheck, examine
from commercive_cli.services.audit.messages import MessageTimeCheck
from commercive_cli.services.chat.messages import is_native
from commercive_cli.store.items import Item, OtherValue
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from tests.services.audit.world import LEGACY
from tests.services.fakes import START, ManualClock

PLACES = (
    "audit#lead#a",
    "request#x",
    "link#C",
    "primary#a#s",
    "claim#c",
    "note#c",
    "snooze#c",
    "snoozes",
    "rate#x",
    "",
)
ROW = uuid7(START, 1)
VALUES: list[Any] = [
    *(None, True, -1, START, FAR_FUTURE - 1, FAR_FUTURE, 10**30, Decimal("1.5"), OtherValue("SS", ("a",))),
    *("open", "closed", "pending", "APPROVED", " open", "", ROW, [], {}, {"status": None}, {"status": [1]}),
]


def _items(table: Table, key: Item) -> Iterator[Item]:
    """Yield a right item, and it with anything in place of one attribute, a foreign one, or with one that it lacks."""
    record = table.record_of(key)
    declared = attributes_of(record) if record else {}
    right = key | {name: _right(each) for name, each in declared.items()}
    yield right
    for name in (*right, "clicks", UNREADABLE):
        if name not in key:
            yield {each: value for each, value in right.items() if each != name}
            yield from (right | {name: value} for value in VALUES)


def _right(attribute: Attribute) -> Any:
    if attribute.choices:
        return attribute.choices[0]
    return {str: "words", int: START, bool: True, dict: {"status": "open"}}[attribute.kind.types[0]]


KEYS = [(table, dict.fromkeys(table.key_names, "id")) for table in (CONVERSATIONS, MESSAGES, LEADS, AFFILIATE_LINKS)]
ROWS = [(OPS, {"pk": pk, "sk": sk}) for pk in PLACES for sk in (ROW, uuid7(FAR_FUTURE, 1), "claim")]


@pytest.mark.parametrize(("table", "key"), [*KEYS, *ROWS])
def test_what_is_malformed_is_found_among_any_others(table: Table, key: Item) -> None:
    """Items that are right together are seen as they are; every other one as it is seen when it is looked at alone."""
    items = [*_items(table, key)]
    alone = [[each.item] if not each.problems else [] for each in (examine(table, item) for item in items)]

    assert alone == [MalformedCheck().sound(table, [item]) for item in items]
    assert [*chain(*alone)] == MalformedCheck().sound(table, items)


@given(st.sampled_from([uuid7(START, 7), LEGACY, "c"]), st.sampled_from([START, START + 1, 0, FAR_FUTURE]), st.data())
def test_a_message_is_out_of_order_by_its_whole_id(conversation: str, at: int, data: st.DataObject) -> None:
    """The time within an id is compared by its digits alone, and no other message passes for right."""
    name = data.draw(st.sampled_from([uuid7(START, 1), uuid7(at % 2**48, 9), "x", f"{at:012x}", uuid7(0, 0).upper()]))
    check = MessageTimeCheck(ManualClock())
    check.visit(MESSAGES, [{"conversation_id": conversation, "message_id": name, "created_at": at}])
    told = created_at_of(name)
    expected = [] if told in (None, at) or not is_native(conversation) else [at]

    assert expected == [each["created_at"] for each in check._suspects]
