"""Most items are right, and the audit tells that at a glance: it finds what it would find looking at each."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.attributes import UNREADABLE, attributes_of
from commercive_cli.domain.clock import FAR_FUTURE
from commercive_cli.domain.ids import created_at_of, uuid7
from commercive_cli.services.audit.malformed import MalformedCheck, examine
from commercive_cli.services.audit.messages import MessageTimeCheck
from commercive_cli.services.chat.messages import is_native
from commercive_cli.store.items import Item
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from tests.services.audit.world import LEGACY
from tests.services.fakes import START, ManualClock
from tests.store.attribute_values import VALUES

AUDITED = (CONVERSATIONS, MESSAGES, LEADS, AFFILIATE_LINKS, OPS)
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
ODD: dict[str, st.SearchStrategy[Any]] = {
    "int": st.sampled_from([START, 0, -1, FAR_FUTURE, FAR_FUTURE - 1, 10**30, True]),
    "str": st.sampled_from(["open", "closed", "pending", "APPROVED", " open", "admin", "", ROW]),
}


def _items(table: Table) -> st.SearchStrategy[Item]:
    """Return items of a table: right ones, those that lack something or hold another kind, and foreign attributes."""
    if table is OPS:
        return st.sampled_from(PLACES).flatmap(lambda pk: _like(table, {"pk": pk, "sk": ROW}))
    return _like(table, dict.fromkeys(table.key_names, "id"))


def _like(table: Table, key: Item) -> st.SearchStrategy[Item]:
    record = table.record_of(key)
    declared = attributes_of(record) if record else {}
    right = {
        name: st.just({str: "open", int: START, bool: True, dict: {"status": "open"}}.get(each.kind.types[0]))
        for name, each in declared.items()
    }
    odd = st.dictionaries(
        st.sampled_from([*declared, "clicks", UNREADABLE]), VALUES | ODD["int"] | ODD["str"], max_size=2
    )
    return st.builds(
        lambda base, changes, without: {n: v for n, v in (key | base | changes).items() if n not in without},
        st.fixed_dictionaries(right),
        odd,
        st.sets(st.sampled_from([*declared, ""]), max_size=3).map(lambda names: names - set(key)),
    )


@given(st.sampled_from(AUDITED).flatmap(lambda table: st.tuples(st.just(table), st.lists(_items(table), max_size=6))))
def test_what_is_malformed_is_found_among_any_others(drawn: tuple[Table, list[Item]]) -> None:
    """Items that are right together are seen as they are; every other one as it is seen when it is looked at alone."""
    table, items = drawn
    alone = [examine(table, item) for item in items]

    assert [each.item for each in alone if not each.problems] == MalformedCheck().sound(table, items)


@given(st.sampled_from([uuid7(START, 7), LEGACY, "c"]), st.sampled_from([START, START + 1, 0, FAR_FUTURE]), st.data())
def test_a_message_is_out_of_order_by_its_whole_id(conversation: str, at: int, data: st.DataObject) -> None:
    """The time within an id is compared by its digits alone, and no other message passes for right."""
    name = data.draw(st.sampled_from([uuid7(START, 1), uuid7(at % 2**48, 9), "x", f"{at:012x}", uuid7(0, 0).upper()]))
    check = MessageTimeCheck(ManualClock())
    check.visit(MESSAGES, [{"conversation_id": conversation, "message_id": name, "created_at": at}])
    told = created_at_of(name)
    expected = [] if told in (None, at) or not is_native(conversation) else [at]

    assert expected == [each["created_at"] for each in check._suspects]
