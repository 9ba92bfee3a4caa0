"""Items as other programs may write them: anything in place of anything, wherever an engine takes it."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from commercive_cli.domain.attributes import attributes_of
from commercive_cli.domain.ids import uuid7
from commercive_cli.store.items import Item, Key, OtherValue
from commercive_cli.store.port import Store
from commercive_cli.store.schema import (
    AFFILIATE_LINKS,
    AFFILIATE_STATS,
    CONVERSATIONS,
    LEADS,
    MESSAGES,
    TABLES,
    Attribute,
    Table,
)
from commercive_cli.store.writes import Delete
from tests.services.audit.world import LEGACY, World
from tests.services.fakes import START
from tests.services.raw_data import rows

_TEXTS = st.text(max_size=12) | st.sampled_from(["open", "APPROVED", " closed", "true", "-1", "12.345", "2", "1e400"])
_NUMBERS = st.integers(-(10**37), 10**37) | st.sampled_from([0, 1, START, 10**15, Decimal("0.005"), Decimal("-1.5")])
_ELEMENTS: dict[str, st.SearchStrategy[Any]] = {
    "SS": st.text(min_size=1, max_size=5),
    "NS": st.integers(-9, 99).map(str),
    "BS": st.binary(min_size=1, max_size=5),
}
_BINARIES = st.binary(max_size=5).map(lambda data: OtherValue("B", (data,)))
_SETS = st.sampled_from(sorted(_ELEMENTS)).flatmap(
    lambda tag: st.sets(_ELEMENTS[tag], min_size=1, max_size=3).map(lambda each: OtherValue(tag, tuple(sorted(each))))
)
_NAMES = st.sampled_from(["status", "x", ""])
_VALUES = st.recursive(
    st.none() | st.booleans() | _TEXTS | _NUMBERS | _BINARIES | _SETS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=5,
)
_OTHERS = ["clicks", "form_url", "rejection_reason", "damaged", "success"]
_IDS = ["odd", "a/b c#d", "CONV-1", uuid7(START + 5, 7), "x" * 1_000]


def odd_items(world: World, table: Table) -> st.SearchStrategy[Item]:
    """Return items of a table with sound keys, in places where the world has nothing."""
    return _keys(world, table).flatmap(lambda key: _made(table, key, rows(world.store, table)))


def _made(table: Table, key: Key, sound: list[Item]) -> st.SearchStrategy[Item]:
    record = table.record_of(key)
    names = sorted(attributes_of(record)) if record else ["hits", "expires_at"]
    like = next(iter(item for item in sound if table.record_of(item) is record), {})
    return st.builds(
        lambda odd, lacking: _taken(table, {n: v for n, v in like.items() if n not in lacking} | odd | key),
        st.dictionaries(st.sampled_from(names + _OTHERS), _VALUES, min_size=1, max_size=6),
        st.sets(st.sampled_from(names), max_size=4),
    )


def _taken(table: Table, item: Item) -> Item:
    """Return the item without attributes that no engine takes as keys of an index."""
    keys = {attribute for pair in table.index_keys for attribute in pair if attribute.name not in table.key_names}
    refused = {each.name for each in keys if each.name in item and not _can_be_key(each, item[each.name])}
    return {name: value for name, value in item.items() if name not in refused}


def _can_be_key(attribute: Attribute, value: Any) -> bool:
    if attribute.type == "S":
        return type(value) is str and bool(value)
    return type(value) is int and abs(value) < 2**63


def _keys(world: World, table: Table) -> st.SearchStrategy[Key]:
    """Return keys at which nothing is, some of them beside or among what belongs to others."""
    name = table.partition.name
    ids = st.sampled_from(_IDS)
    times = st.sampled_from([-5, 0, START + 9, 10**18])
    if table in (LEADS, CONVERSATIONS):
        taken = {LEADS: world.pending, CONVERSATIONS: world.open}[table]
        return st.fixed_dictionaries({name: ids | st.just(taken), "created_at": times})
    if table is MESSAGES:
        threads = st.sampled_from([world.open, LEGACY, "nowhere", uuid7(START, 3)])
        return st.fixed_dictionaries({name: threads, "message_id": ids})
    if table is AFFILIATE_LINKS:
        owners = st.sampled_from(["aff-1", "odd", "x" * 1_024])
        return st.fixed_dictionaries({name: owners, "link_id": st.sampled_from(["ODD00000", "o d/d", "x" * 1_000])})
    if table is AFFILIATE_STATS:
        return st.fixed_dictionaries({name: ids})
    return _claims() | _trails(world)


def _claims() -> st.SearchStrategy[Key]:
    places = [
        "request#chat/send#u",
        "link#ODD",
        "primary#aff-1",
        "primary#",
        "link#",
        "rate#x#y",
        "other",
        "erasure",
        "#",
    ]
    return st.fixed_dictionaries({"pk": st.sampled_from(places), "sk": st.sampled_from(["claim", "a b", *_IDS])})


def _trails(world: World) -> st.SearchStrategy[Key]:
    subjects = [
        f"audit#lead#{world.approved}",
        "audit#lead#odd",
        f"audit#conversation#{world.closed}",
        f"audit#conversation#{LEGACY}",
        "audit#lead#",
        "audit#item#x",
        "audit#",
    ]
    times = st.integers(0, START * 2)
    return st.fixed_dictionaries({"pk": st.sampled_from(subjects), "sk": times.map(lambda at: uuid7(at, 1))})


def put_back(store: Store, before: dict[str, list[Item]]) -> None:
    """Make every table what it was."""
    for table in TABLES:
        now = rows(store, table)
        kept = [table.key_of(item) for item in before[table.name]]
        for item in now:
            if table.key_of(item) not in kept:
                store.transact(Delete(table, table.key_of(item)))
        store.batch_put(table, [item for item in before[table.name] if item not in now])
