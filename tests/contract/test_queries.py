"""Queries: order, bounds, pages and indexes are alike on every engine."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.limits import PAGE_BYTES, item_bytes
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, LEADS, MESSAGES
from commercive_cli.store.writes import Delete, Put, Update
from tests.contract.samples import everything, lead, message, message_key, pages

BY_TIME = "MessageTimestampIndex"
BY_AFFILIATE = "AffiliateLeadsIndex"


@pytest.fixture
def ids(store: Store, place: str) -> list[str]:
    """Return the sort keys, in order, of messages stored in another order; text sorts by its UTF-8 bytes."""
    found = ["A", "B", "a", "aa", "ab", "b", "z", "é", "\uffff", "🙂"]
    store.batch_put(MESSAGES, [message(place, each) for each in reversed(found)])
    return found


def message_ids(store: Store, query: Query) -> list[str]:
    return [item["message_id"] for item in everything(store, query)]


def test_items_come_in_the_order_of_their_sort_key(store: Store, place: str, ids: list[str]) -> None:
    """Oldest first by default, newest first on demand."""
    assert ids == message_ids(store, Query(MESSAGES, place))
    assert ids[::-1] == message_ids(store, Query(MESSAGES, place, descending=True))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 9, 10, 11])
def test_pages_of_any_size_make_up_the_whole(
    store: Store, place: str, ids: list[str], limit: int, *, descending: bool
) -> None:
    """No item is skipped or repeated where one page ends and the next starts, and no page is longer than asked."""
    query = Query(MESSAGES, place, limit=limit, descending=descending)

    assert (ids[::-1] if descending else ids) == message_ids(store, query)
    assert limit >= max(len(page.items) for page in pages(store, query))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [None, 1])
@pytest.mark.parametrize(
    ("since", "until", "first", "end"),
    [
        ("aa", None, 4, 10),
        (None, "aa", 0, 4),
        ("aa", "z", 4, 7),
        ("a", "a", 0, 0),
        ("z", "a", 0, 0),
        ("zz", None, 7, 10),
        (None, "zz", 0, 7),
        ("🙂", None, 0, 0),
    ],
)
def test_since_is_exclusive_and_until_inclusive(
    store: Store,
    place: str,
    ids: list[str],
    since: str | None,
    until: str | None,
    first: int,
    end: int,
    limit: int | None,
    *,
    descending: bool,
) -> None:
    """Everything after T, up to and with U: these bounds mean so in either direction and over any number of pages."""
    query = Query(MESSAGES, place, since=since, until=until, descending=descending, limit=limit)

    assert (ids[first:end][::-1] if descending else ids[first:end]) == message_ids(store, query)


def test_number_bounds_are_exact(store: Store, place: str) -> None:
    """Millisecond bounds work on a number sort key, below zero and beyond 53 bits too."""
    times = [-5, 0, 1, 2**53, 2**53 + 1]
    store.batch_put(LEADS, [lead(place, at) for at in times])

    assert times[3:] == [item["created_at"] for item in everything(store, Query(LEADS, place, since=1))]
    assert times[:4] == [item["created_at"] for item in everything(store, Query(LEADS, place, until=2**53))]


def test_a_listing_goes_on_while_items_come_and_go(store: Store, place: str, ids: list[str]) -> None:
    """A cursor stays good when the item that it names is deleted, and new items behind it do not disturb it."""
    first = store.query(Query(MESSAGES, place, limit=3))
    store.transact(Delete(MESSAGES, message_key(place, ids[2])), Put(MESSAGES, message(place, "AA")))

    rest = store.query(Query(MESSAGES, place, start=first.next))

    assert ids[:3] == [item["message_id"] for item in first.items]
    assert ids[3:] == [item["message_id"] for item in rest.items]


def test_the_start_names_the_key_of_the_last_item(store: Store, place: str) -> None:
    """`next` holds the index's key and the table's key, nothing else, so a cursor stays small."""
    store.batch_put(LEADS, [lead(f"{place}{n}", n, affiliate_id=place, note="x" * 100) for n in range(3)])

    page = store.query(Query(LEADS, place, index=BY_AFFILIATE, limit=2))

    assert {"affiliate_id": place, "created_at": 1, "lead_id": f"{place}1"} == page.next


def test_nothing_there_is_an_empty_last_page(store: Store, place: str) -> None:
    """An unknown partition is an empty list, not an error."""
    for index in (None, BY_TIME):
        page = store.query(Query(MESSAGES, place, index=index))

        assert ([], None) == (page.items, page.next)


def test_a_page_holds_at_most_1_mb(store: Store, place: str) -> None:
    """A partition of large items comes in pages that fit into memory, and whole."""
    stored = [message(place, f"{n}", text="x" * 390_000) for n in range(7)]
    store.batch_put(MESSAGES, stored)

    found = list(pages(store, Query(MESSAGES, place)))

    # Servers differ on whether the item that crosses the line still belongs to the page.
    assert all(sum(map(item_bytes, page.items[:-1])) <= PAGE_BYTES for page in found)
    assert 3 <= len(found)
    assert stored == [item for page in found for item in page.items]


def test_an_index_shows_the_whole_item(store: Store, place: str) -> None:
    """Every attribute is projected: a listing by an index needs no second read."""
    stored = lead(place, 1, affiliate_id=place, status="pending", note={"a": [1]})
    store.transact(Put(LEADS, stored))

    assert [stored] == everything(store, Query(LEADS, place, index=BY_AFFILIATE))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [None, 1, 2])
def test_ties_in_an_index_lose_nothing(store: Store, place: str, limit: int | None, *, descending: bool) -> None:
    """Items of one millisecond are all listed once, whatever the page size; times are in order."""
    stored = [lead(f"{place}{n}", n // 3, affiliate_id=place) for n in range(9)]
    store.batch_put(LEADS, stored)

    found = everything(store, Query(LEADS, place, index=BY_AFFILIATE, limit=limit, descending=descending))

    assert stored == sorted(found, key=lambda item: str(item["lead_id"]))
    assert sorted((item["created_at"] for item in stored), reverse=descending) == [i["created_at"] for i in found]


def test_bounds_work_on_an_index_with_ties(store: Store, place: str) -> None:
    """A bound in the middle of equal times takes all or none of them."""
    store.batch_put(LEADS, [lead(f"{place}{n}", n // 3, affiliate_id=place) for n in range(9)])
    query = Query(LEADS, place, index=BY_AFFILIATE, since=0, until=1, limit=2)

    assert [1, 1, 1] == [item["created_at"] for item in everything(store, query)]
    assert [1, 1, 1] == [item["created_at"] for item in everything(store, replace(query, descending=True))]


def test_items_without_an_index_key_are_not_in_the_index(store: Store, place: str) -> None:
    """A message without a time is in its conversation, but not in the index by time."""
    store.batch_put(MESSAGES, [message(place, "with", created_at=1), message(place, "without")])

    assert ["with"] == message_ids(store, Query(MESSAGES, place, index=BY_TIME))
    assert ["with", "without"] == message_ids(store, Query(MESSAGES, place))


def test_an_index_follows_every_write(store: Store, place: str) -> None:
    """An item moves between the partitions of an index as it changes, and leaves it when the attribute goes."""
    other = place + "-other"
    query = Query(LEADS, place, index=BY_AFFILIATE)
    store.transact(Put(LEADS, lead(place, affiliate_id=place)))
    store.transact(Update(LEADS, lead(place), set={"affiliate_id": other}))

    assert ([], 1) == (everything(store, query), len(everything(store, replace(query, partition=other))))
    store.transact(Update(LEADS, lead(place), remove=("affiliate_id",)))
    assert [] == everything(store, replace(query, partition=other))
    store.transact(Put(LEADS, lead(place, affiliate_id=place)))
    assert 1 == len(everything(store, query))
    store.transact(Delete(LEADS, lead(place)))
    assert [] == everything(store, query)


def test_an_index_may_turn_the_key_around(store: Store, place: str) -> None:
    """A link is found by its code as well as by its affiliate."""
    links = [{"affiliate_id": f"{n}", "link_id": place} for n in range(3)]
    store.batch_put(AFFILIATE_LINKS, links)

    assert links == everything(store, Query(AFFILIATE_LINKS, place, index="LinkIdIndex", limit=1))


def test_a_table_without_a_sort_key_can_be_queried(store: Store, place: str) -> None:
    """There is one item at most; bounds make no sense and are refused."""
    store.transact(Put(AFFILIATE_STATS, {"affiliate_id": place}))

    assert [{"affiliate_id": place}] == everything(store, Query(AFFILIATE_STATS, place))
    with pytest.raises(Invalid):
        store.query(Query(AFFILIATE_STATS, place, since="a"))


def test_a_limit_below_one_is_refused(store: Store, place: str) -> None:
    """Asking for no items is a mistake."""
    with pytest.raises(Invalid):
        store.query(Query(MESSAGES, place, limit=0))


def test_a_start_from_another_listing_is_refused(
    store: Store, place: str, tolerate: Callable[[str, str], None]
) -> None:
    """A page starts at a key of the same table and index, or not at all."""
    tolerate("moto", "moto ignores what it does not know of a start")
    with pytest.raises(Invalid):
        store.query(Query(MESSAGES, place, index=BY_TIME, start=message_key(place)))
