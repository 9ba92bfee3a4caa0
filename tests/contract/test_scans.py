"""Scans: the segments are disjoint, and together they return the whole table, page by page."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Put
from tests.contract.samples import lead, message


def scanned(store: Store, table: Table, segment: int = 0, segments: int = 1) -> list[Item]:
    page = store.scan(table, segment=segment, segments=segments)
    found = page.items
    while page.next is not None:
        page = store.scan(table, segment=segment, segments=segments, start=page.next)
        found += page.items
    return found


@pytest.fixture
def stored(empty_store: Store) -> list[Item]:
    """Return the stored leads, about 2.5 MB in all, two of each id."""
    empty_store.create_table(LEADS)
    found = [lead(f"lead-{n // 2}", n, note="x" * 8_000) for n in range(300)]
    empty_store.batch_put(LEADS, found)
    return found


@pytest.mark.parametrize("segments", [1, 3, 40])
def test_segments_together_hold_each_item_once(empty_store: Store, stored: list[Item], segments: int) -> None:
    """Reading all segments, in pages of 1 MB, returns every item exactly once."""
    parts = [scanned(empty_store, LEADS, segment, segments) for segment in range(segments)]

    assert stored == sorted((item for part in parts for item in part), key=lambda item: int(item["created_at"]))


@pytest.mark.parametrize("segments", [1, 3])
def test_a_page_holds_no_more_than_the_limit(empty_store: Store, stored: list[Item], segments: int) -> None:
    """Pages of seven hold each item once, and all but the last ones of a segment are full."""
    found, sizes = list[Item](), list[int]()
    for segment in range(segments):
        page = empty_store.scan(LEADS, segment=segment, segments=segments, limit=7)
        while page.next is not None:
            sizes.append(len(page.items))
            found += page.items
            page = empty_store.scan(LEADS, segment=segment, segments=segments, start=page.next, limit=7)
        found += page.items

    assert {7} == set(sizes)
    assert stored == sorted(found, key=lambda item: int(item["created_at"]))


def test_items_are_spread_over_the_segments(empty_store: Store, stored: list[Item]) -> None:
    """No segment holds half of the items or more, so reading in parallel is worth it."""
    sizes = [len(scanned(empty_store, LEADS, segment, 4)) for segment in range(4)]

    assert len(stored) == sum(sizes)
    assert max(sizes) < len(stored) / 2


def test_a_scan_returns_all_old_items_while_others_write(empty_store: Store, stored: list[Item]) -> None:
    """Items that exist during the whole scan are returned once, even if new ones are stored between the pages."""
    first = empty_store.scan(LEADS)
    empty_store.batch_put(LEADS, [lead(f"new-{n}", 1000 + n) for n in range(100)])
    found = [item["created_at"] for item in first.items]
    start = first.next
    while start is not None:
        page = empty_store.scan(LEADS, start=start)
        found += [item["created_at"] for item in page.items]
        start = page.next

    assert len(set(found)) == len(found)
    assert {item["created_at"] for item in stored} <= set(found)


def test_segments_can_be_read_at_the_same_time(empty_store: Store, stored: list[Item]) -> None:
    """Segments can be read by one thread each, as the audit does."""
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda segment: scanned(empty_store, LEADS, segment, 4), range(4)))

    assert len(stored) == sum(map(len, parts))


def test_an_empty_table_is_an_empty_page(empty_store: Store) -> None:
    """A scan of a new table returns no items, with and without a sort key."""
    for table in (AFFILIATE_STATS, OPS):
        empty_store.create_table(table)

        assert [] == scanned(empty_store, table)


def test_a_scan_sees_the_latest_write(store: Store, partition: str) -> None:
    """Scans are strongly consistent."""
    store.transact(Put(MESSAGES, message(partition)))

    assert message(partition) in scanned(store, MESSAGES)


@pytest.mark.parametrize(("segment", "segments"), [(2, 2), (-1, 2)])
def test_an_impossible_segment_is_refused(store: Store, segment: int, segments: int) -> None:
    """A segment number outside the range is an error, not an empty result."""
    with pytest.raises(Invalid):
        store.scan(MESSAGES, segment=segment, segments=segments)
