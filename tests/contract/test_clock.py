"""The store tells its own time, whatever it is, with or without tables."""

from commercive_cli.domain.clock import system_clock
from commercive_cli.domain.errors import Misconfigured
from commercive_cli.store.port import Store, StoreClock
from commercive_cli.store.read_only import ReadOnly

SECOND = 1_000


def test_the_store_tells_its_time(store: Store) -> None:
    """Stores on this machine have its time, to the second, also where a profile only allows reading."""
    before = system_clock()
    clocks = [store.clock(), ReadOnly(store, "").clock()]
    after = system_clock()

    assert [None, None] == [clock.refusal for clock in clocks]
    assert all(clock.now is not None and before - SECOND < clock.now <= after for clock in clocks)


def test_a_refusal_brings_the_time_too(empty_store: Store) -> None:
    """Where the tables are missing, the time is told all the same, with the error that reading them would raise."""
    before = system_clock()
    clock = empty_store.clock()

    assert isinstance(clock.refusal, Misconfigured)
    assert clock.now is not None
    assert before - SECOND < clock.now <= system_clock()


def test_another_clock_is_compared_to_the_second() -> None:
    """Any time within the second that the store tells is the same; beyond it, the difference is the least possible."""
    ahead = [StoreClock(5_000).ahead(here) for here in (4_999, 5_000, 5_999, 6_000, 65_999)]

    assert [-1, 0, 0, 1, 60_000] == ahead
    assert StoreClock(None).ahead(5_000) is None
