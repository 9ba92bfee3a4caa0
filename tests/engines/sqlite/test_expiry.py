"""Expired items are deleted, a few with each write, when the writers' clocks prove that their time is over."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.engines.sqlite.witnesses import STEP_MS, STEPS
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS
from commercive_cli.store.writes import Put, wholly_unchanged
from tests.services.fakes import ManualClock

NOW = 1_800_000_000
DAY = 86_400
WEEK_AGO = NOW - 7 * DAY


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW * 1000, step=0)


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Iterator[SQLiteStore]:
    """A store that was written to, now and then, for more than a week."""
    with closing(SQLiteStore(tmp_path / "store.db", clock=clock)) as opened:
        for table in (CONVERSATIONS, MESSAGES, OPS):
            opened.create_table(table)
        go_on(opened, clock, STEPS)
        clock.now = NOW * 1000
        yield opened


def go_on(store: SQLiteStore, clock: ManualClock, writes: int, until: int = NOW) -> None:
    """Write so often, as late after each other as the file takes for evidence, the last time at `until`."""
    for back in reversed(range(writes)):
        clock.now = until * 1000 - back * STEP_MS
        store.transact(Put(OPS, row("somebody", None)))


def row(sk: str, expires_at: Any) -> dict[str, Any]:
    return {"pk": "p", "sk": sk, "expires_at": expires_at}


def left(store: SQLiteStore) -> list[str]:
    return [item["sk"] for item in store.scan(OPS).items if item["sk"] != "somebody"]


def test_each_write_deletes_up_to_ten_of_the_longest_expired(store: SQLiteStore) -> None:
    """No single write takes long, and a backlog of expired items is deleted after a few writes."""
    store.batch_put(OPS, [row(f"{n:02}", NOW - 9 * DAY + n) for n in range(25)])

    sizes = []
    for _ in range(4):
        store.transact(Put(OPS, row("new", NOW + DAY)))
        sizes.append(len(left(store)))

    assert [16, 6, 1, 1] == sizes


def test_an_expired_item_is_there_until_a_write_has_looked_at_it(store: SQLiteStore) -> None:
    """Who read one may replace it as it was read: its own write does not take it away before."""
    old, new = row("old", NOW - 9 * DAY), row("old", NOW + DAY)
    store.batch_put(OPS, [old])
    store.transact(Put(OPS, new, when=wholly_unchanged(OPS, old)))

    assert ["old"] == left(store)
    assert new == store.get(OPS, {"pk": "p", "sk": "old"})


def test_items_that_expired_less_than_a_day_ago_stay(store: SQLiteStore) -> None:
    """Items are deleted a day after they expired, so that clocks which differ do no harm."""
    store.batch_put(OPS, [row("hour", NOW - 3600), row("future", NOW + 1), row("week", NOW - 7 * DAY)])
    store.transact(Put(OPS, {"pk": "p", "sk": "without"}))

    assert ["future", "hour", "without"] == sorted(left(store))


@pytest.mark.parametrize("expires_at", ["1", True, None, 10**30], ids=repr)
def test_an_item_whose_expiry_is_not_a_time_never_expires(store: SQLiteStore, expires_at: object) -> None:
    """An expiry that is not a number of seconds is ignored, as on DynamoDB."""
    store.batch_put(OPS, [row("odd", expires_at)])
    store.transact(Put(OPS, {"pk": "p", "sk": "other"}))

    assert ["odd", "other"] == sorted(left(store))


def test_writes_to_other_tables_leave_expired_items_alone(store: SQLiteStore) -> None:
    """Only writes to a table delete its expired items."""
    store.batch_put(OPS, [row("old", 1)])
    store.transact(Put(MESSAGES, {"conversation_id": "c", "message_id": "m"}))

    assert ["old"] == left(store)


@pytest.mark.parametrize("ahead", [10 * DAY, 40 * DAY, 3650 * DAY])
def test_one_clock_that_is_ahead_deletes_nothing(store: SQLiteStore, clock: ManualClock, ahead: int) -> None:
    """However much it writes: what is to stay for a week from now on is there when the others come again."""
    store.transact(Put(OPS, row("key", NOW + 7 * DAY)))
    clock.now += ahead * 1000
    for _ in range(50):
        store.transact(Put(OPS, row("wrong", None)))
        clock.now += 1000
    clock.now = (NOW + 60) * 1000
    store.transact(Put(OPS, row("right", None)))

    assert ["key", "right", "wrong"] == sorted(left(store))
    assert store.clock().passed is not None
    assert store.clock().passed <= clock.now  # type: ignore[operator] # as it was just proven to be a time


@pytest.mark.parametrize("behind", [8 * DAY, 40 * DAY])
def test_what_a_clock_that_is_behind_writes_lives_its_week(store: SQLiteStore, clock: ManualClock, behind: int) -> None:
    """Its items seem to have expired when they are written; they stay until a week of writes has come after them."""
    clock.now -= behind * 1000
    store.transact(Put(OPS, row("key", NOW - behind + 7 * DAY)))
    go_on(store, clock, 28, until=NOW + 7 * DAY)
    after_a_week = left(store)
    go_on(store, clock, 8, until=NOW + 9 * DAY)

    assert ["key"] == after_a_week
    assert [] == left(store)


def test_a_file_of_an_older_version_learns_from_now_on(tmp_path: Path, clock: ManualClock) -> None:
    """It has no evidence: nothing is dropped until a week of writes has come."""
    with closing(SQLiteStore(tmp_path / "old.db", clock=clock)) as store:
        for table in (CONVERSATIONS, OPS):
            store.create_table(table)
        store.batch_put(OPS, [row("old", WEEK_AGO)])
        before = store.clock().passed
        go_on(store, clock, STEPS - 1)
        during = left(store)
        go_on(store, clock, 2, until=NOW + DAY)

        assert (None, ["old"], []) == (before, during, left(store))


@pytest.mark.parametrize("seed", range(4))
def test_no_item_of_a_week_goes_before_its_week(tmp_path: Path, seed: int) -> None:
    """By the time that really passed, though one write in twelve is up to a month off; and some go in the end."""
    chance = Random(seed)
    right, clock, written, gone = NOW, ManualClock(step=0), dict[str, int](), 0
    with closing(SQLiteStore(tmp_path / "store.db", clock=clock)) as store:
        store.create_table(OPS)
        for number in range(100):
            right += chance.randint(0, 20 * 3600)
            now = right + (chance.randint(-30 * DAY, 30 * DAY) if chance.random() < 1 / 12 else 0)
            clock.now = now * 1000
            store.transact(Put(OPS, row(f"{number:03}", now + 7 * DAY)))
            written[f"{number:03}"] = right
            ages = [right - written.pop(each) for each in written.keys() - set(left(store))]
            gone += len(ages)
            assert all(age >= 7 * DAY for age in ages)

    assert gone > 0


def test_deleting_the_table_forgets_the_evidence(store: SQLiteStore) -> None:
    """A table that is made anew begins without any."""
    store.delete_table(OPS)
    store.create_table(OPS)

    assert None is store.clock().passed
