"""Rate limits: what is stored is counted with it, what is refused writes nothing, however many come at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from commercive_cli.domain.errors import NotTaken
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.records.rate_limits import UNLIMITED, Limits, RateLimits, TooMany, networks_of
from commercive_cli.services.records.rates import DEFAULT_RATES, MINUTE, Bucket, Quota, Rate
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import LEADS, OPS
from commercive_cli.store.writes import Absent, Delete, Put
from tests.services.fakes import START, Intervening, ManualClock, a_week_passes
from tests.services.raw_data import everything, rows

SECOND = 1_000
AMPLE: Rate = Bucket(1_000, 1_000, MINUTE)
RATES: dict[str, Rate] = dict.fromkeys(DEFAULT_RATES, AMPLE)
HOME, OTHER_HOME = "2001:db8:1:1::5", "2001:db8:1:2::5"


def limits_with(**rates: Rate) -> RateLimits:
    """Return limits of which only the named ones can be reached."""
    return RateLimits(b"key", RATES | {name.replace("_", "-"): rate for name, rate in rates.items()})


def lead(number: int) -> Put:
    return Put(LEADS, {"lead_id": f"lead-{number}", "created_at": START}, when=Absent())


def stored(limits: Limits, store: Store, clock: ManualClock, number: int) -> bool:
    """Store an item within the limits; return whether there was room."""
    try:
        limits.transact(store, clock, lead(number))
    except TooMany:
        return False
    return True


GUARDS: dict[str, tuple[Rate, str, str, str, int]] = {
    "address": (Bucket(3, 1, MINUTE), HOME, "AAAA0000", "address: 3, then 1 a minute", 60),
    "address_day": (Quota(3, 86_400), HOME, "AAAA0000", "address: 3 a day", 86_400 - START // 1_000 % 86_400),
    "network": (Bucket(3, 4, MINUTE), OTHER_HOME, "AAAA0000", "network: 3, then 4 a minute", 15),
    "link": (Bucket(3, 120, MINUTE), "192.0.2.1", "AAAA0000", "link: 3, then 120 a minute", 1),
}
"""For each limit: its rate, who meets it after three submissions of HOME, what is said, and the seconds to wait."""


@pytest.mark.parametrize("name", GUARDS)
def test_each_limit_holds_alone(either: Store, clock: ManualClock, name: str) -> None:
    """Three are stored and counted; the fourth is refused, writes nothing, and is told when it is admitted."""
    rate, address, code, words, wait = GUARDS[name]
    limits, clock.step = limits_with(**{name: rate}), 0
    assert all(stored(limits.lead(HOME, "AAAA0000"), either, clock, number) for number in range(3))
    before = everything(either)

    with pytest.raises(TooMany, match=f"too many submissions .*{words}; try again in {wait} seconds") as refused:
        limits.lead(address, code).transact(either, clock, lead(3))
    assert (wait, before) == (refused.value.retry_after, everything(either))
    clock.advance((wait - 1) * SECOND)
    assert wait == 1 or not stored(limits.lead(address, code), either, clock, 3)
    clock.advance(SECOND)
    assert stored(limits.lead(address, code), either, clock, 3)


@pytest.mark.parametrize(
    ("name", "address", "code"),
    [
        ("address", "2001:db8:1:2::5", "AAAA0000"),
        ("address_day", "192.0.2.1", "AAAA0000"),
        ("network", "2001:db8:2:1::5", "AAAA0000"),
        ("network", "192.0.2.1", "AAAA0000"),
        ("link", HOME, "BBBB0000"),
    ],
)
def test_others_are_not_concerned(store: Store, clock: ManualClock, name: str, address: str, code: str) -> None:
    """A limit that is reached holds for that address, network or link alone."""
    limits = limits_with(**{name: Bucket(1, 1, 3_600)})
    assert stored(limits.lead(HOME, "AAAA0000"), store, clock, 0)

    assert not stored(limits.lead(HOME, "AAAA0000"), store, clock, 1)
    assert stored(limits.lead(address, code), store, clock, 2)


def test_the_longest_wait_is_told(store: Store, clock: ManualClock) -> None:
    """Who has used up the day is not sent away for a minute."""
    limits = limits_with(address=Bucket(1, 1, MINUTE), address_day=Quota(1, 86_400), link=Bucket(1, 1, 3_600))
    assert stored(limits.lead(HOME, "AAAA0000"), store, clock, 0)

    with pytest.raises(TooMany, match="1 a day"):
        limits.lead(HOME, "AAAA0000").transact(store, clock, lead(1))


@pytest.mark.parametrize("read_before", [False, True])
def test_of_two_at_once_the_last_place_goes_to_one(either: Store, clock: ManualClock, read_before: bool) -> None:
    """The limit holds at the moment of the write, not at that of a look before it; and the other one is refused."""
    limits = limits_with(address=Bucket(2, 1, MINUTE)).lead(HOME, "AAAA0000")
    assert stored(limits, either, clock, 0)
    ours = limits.having_read(either.batch_get(OPS, limits.keys(START))) if read_before else limits
    meddled = Intervening(either)
    meddled.before("transact", lambda: stored(limits, either, clock, 1))

    assert not stored(ours, meddled, clock, 2)
    assert 2 == len(rows(either, LEADS))


@pytest.mark.parametrize("read_before", [False, True])
def test_who_finds_room_left_by_others_gets_it(either: Store, clock: ManualClock, read_before: bool) -> None:
    """Somebody counts at the same time and room is left: both are stored, and both are counted."""
    limits = limits_with(address=Bucket(3, 1, MINUTE)).lead(HOME, "AAAA0000")
    ours = limits.having_read(either.batch_get(OPS, limits.keys(START))) if read_before else limits
    meddled = Intervening(either)
    meddled.before("transact", lambda: stored(limits, either, clock, 0))

    assert stored(ours, meddled, clock, 1)
    assert [True, False] == [stored(limits, either, clock, number) for number in (2, 3)]


def test_what_was_deleted_since_it_was_read_is_counted_anew(either: Store, clock: ManualClock) -> None:
    """An item that expires under our hands leaves a full bucket, and the request is counted in that."""
    limits = limits_with(address=Bucket(2, 1, 3_600)).lead(HOME, "AAAA0000")
    gone = {**limits.keys(START)[0], "full_at": (START + 3_600 * SECOND) * 1_000}

    assert stored(limits.having_read([gone]), either, clock, 0)
    assert [True, False] == [stored(limits, either, clock, number) for number in (1, 2)]


def test_who_never_finds_it_as_it_was_gives_up(store: Store, clock: ManualClock) -> None:
    """After fifty tries the request is told to come again; nothing of it is written."""
    limits = limits_with(address=Bucket(2, 1, 3_600)).lead(HOME, "AAAA0000")
    key, meddled = limits.keys(START)[0], Intervening(store)

    def meddle() -> None:
        there = store.get(OPS, key)
        store.transact(Delete(OPS, key) if there else Put(OPS, {**key, "full_at": START * 1_000 + 1}))

    for _ in range(TRIES):
        meddled.before("transact", meddle)

    with pytest.raises(NotTaken, match="this write was not made"):
        limits.transact(meddled, clock, lead(0))
    assert ([], TRIES) == (rows(store, LEADS), meddled.calls.count("transact"))


def test_a_write_of_the_request_that_fails_is_what_is_told(either: Store, clock: ManualClock) -> None:
    """Also when a limit is reached as well; where it stands is counted among the request's own writes."""
    limits = limits_with(address=Bucket(1, 1, 3_600)).lead(HOME, "AAAA0000")
    assert stored(limits, either, clock, 0)
    before = everything(either)

    with pytest.raises(ConditionFailed) as failed:
        limits.transact(either, clock, lead(1), lead(0))
    assert ([1], before) == (list(failed.value.failures), everything(either))


def test_without_limits_the_writes_are_all_there_is(store: Store, clock: ManualClock) -> None:
    """Nothing is counted, and the clock is not asked."""
    UNLIMITED.transact(store, clock, lead(0))

    assert ([], START) == (rows(store, OPS), clock.now)


@pytest.mark.parametrize("room", [20, 40])
def test_thirty_two_at_once_get_exactly_the_room_there_is(either: Store, room: int) -> None:
    """From a bucket that nobody used before, all at the same moment: nobody is refused who has a place."""
    limits, clock = limits_with(link=Bucket(room, 1, 86_400)), ManualClock(step=0)
    start = Barrier(32)

    def submit(number: int) -> bool:
        start.wait()
        return stored(limits.lead(f"192.0.2.{number}", "AAAA0000"), either, clock, number)

    with ThreadPoolExecutor(32) as pool:
        outcomes = Counter(pool.map(submit, range(32)))

    assert {True: min(room, 32), False: 32 - min(room, 32)} == {True: outcomes[True], False: outcomes[False]}
    assert min(room, 32) == len(rows(either, LEADS))


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("192.0.2.1", ("192.0.2.1", None)),
        ("::ffff:192.0.2.1", ("192.0.2.1", None)),
        ("2001:db8:1:2:3:4:5:6", ("2001:db8:1:2::/64", "2001:db8:1::/48")),
        ("2001:DB8:1:2::", ("2001:db8:1:2::/64", "2001:db8:1::/48")),
        ("fe80::1%eth0", ("fe80::/64", "fe80::/48")),
        ("somebody", ("somebody", None)),
        ("", ("", None)),
    ],
)
def test_what_counts_as_one_caller(address: str, networks: tuple[str, str | None]) -> None:
    """A customer of a provider, in any spelling, and the site that a /48 network is."""
    assert networks == networks_of(address)


def test_nothing_that_is_kept_names_anybody(store: Store, clock: ManualClock) -> None:
    """Addresses, links and users stand there under an HMAC; every item has a time of expiry, a day away at most."""
    limits = RateLimits(b"key")
    assert stored(limits.lead(HOME, "AAAA0000"), store, clock, 0)
    assert stored(limits.of_user("send", "user-1", "messages"), store, clock, 1)
    kept = rows(store, OPS)

    assert ["address", "address-day", "link", "network", "send"] == [item["pk"].split("#")[1] for item in kept]
    assert not any(name in str(kept) for name in ("2001:db8", "AAAA0000", "user-1"))
    assert all(START // 1_000 < item["expires_at"] <= START // 1_000 + 86_400 + MINUTE for item in kept)


def test_a_file_forgets_what_expired(store: Store, clock: ManualClock) -> None:
    """A store through which addresses pass does not grow with their number: a week of use later they are gone."""
    limits = RateLimits(b"key")
    for number in range(200):
        assert stored(limits.lead(f"192.0.2.{number}", f"LINK{number}"), store, clock, number)
    a_week_passes(store, clock)
    for number in range(200, 300):
        assert stored(limits.lead("198.51.100.1", "AAAA0000"), store, clock, number)
        clock.advance(MINUTE * SECOND)

    assert 4 >= len(rows(store, OPS))
