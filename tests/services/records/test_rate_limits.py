"""Rate limits: so many leads from one address and through one link, counted exactly however many come at once."""

import pytest

from commercive_cli.services.records.rate_limits import ADDRESS_RATES, DAY, MINUTE, RateService, TooMany
from commercive_cli.store.port import Store
from commercive_cli.store.schema import OPS
from tests.services.fakes import START, Intervening, ManualClock
from tests.services.raw_data import rows

ADDRESS = "192.0.2.1"
MOST = ADDRESS_RATES[0].most


def service(store: Store, clock: ManualClock) -> RateService:
    return RateService(store, b"key", clock)


def hits(store: Store, name: str) -> list[int]:
    """Return what the counters of one rate hold."""
    return [row["hits"] for row in rows(store, OPS) if row["pk"].startswith(f"rate#{name}#")]


def test_an_address_has_so_many_a_minute(store: Store, clock: ManualClock) -> None:
    """What is admitted is counted, what is refused is not, and the next minute begins anew."""
    rates = service(store, clock)
    for _ in range(MOST):
        rates.admit_lead(ADDRESS, "AAAA0000")
    before = rows(store, OPS)

    with pytest.raises(TooMany, match="5 a minute; try again in"):
        rates.admit_lead(ADDRESS, "AAAA0000")
    assert before == rows(store, OPS)
    assert [MOST] == hits(store, "address-minute") == hits(store, "link-day")
    rates.admit_lead("192.0.2.2", "AAAA0000")
    clock.advance(MINUTE * 1_000)
    rates.admit_lead(ADDRESS, "AAAA0000")
    assert [1, 1, MOST] == sorted(hits(store, "address-minute"))


def test_of_two_at_once_the_last_place_goes_to_one(store: Store, meddled: Intervening, clock: ManualClock) -> None:
    """The limit holds at the moment of the write, not at that of a look before it."""
    for _ in range(MOST - 1):
        service(store, clock).admit_lead(ADDRESS, "AAAA0000")
    meddled.before("transact", lambda: service(store, clock).admit_lead(ADDRESS, "AAAA0000"))

    with pytest.raises(TooMany) as refused:
        service(meddled, clock).admit_lead(ADDRESS, "AAAA0000")
    assert MINUTE - START // 1_000 % MINUTE == refused.value.retry_after
    assert [MOST] == hits(store, "address-minute")


def test_of_two_limits_the_longer_one_is_told(store: Store, clock: ManualClock) -> None:
    """Who has used up the day is not sent away for a minute."""
    day = ADDRESS_RATES[1]
    start = START // 1_000 - START // 1_000 % DAY
    rates = service(store, clock)
    rates.admit_lead(ADDRESS, "AAAA0000")
    counter = next(row for row in rows(store, OPS) if row["pk"].startswith("rate#address-day#"))
    store.batch_put(OPS, [{**counter, "hits": day.most}])

    with pytest.raises(TooMany, match="50 a day") as refused:
        rates.admit_lead(ADDRESS, "AAAA0000")
    assert start + DAY - START // 1_000 == refused.value.retry_after
    assert [1] == hits(store, "address-minute")
