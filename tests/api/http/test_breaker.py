"""A service that fails again and again is left alone for a while, and tried again by one caller."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from commercive_cli.api.http.breaker import FAILURES, PAUSE_MS, Breaker
from commercive_cli.api.http.errors import OutsideUnavailable
from tests.services.fakes import ManualClock


def is_open(breaker: Breaker) -> bool:
    """Return whether calls are refused; a call that is not counts as made."""
    try:
        breaker.check()
    except OutsideUnavailable:
        return True
    return False


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(step=0)


@pytest.fixture
def tripped(clock: ManualClock) -> Breaker:
    """A breaker after five failures in a row."""
    breaker = Breaker("the service", clock)
    for _ in range(FAILURES):
        assert not is_open(breaker)
        breaker.failed()
    return breaker


def test_five_failures_in_a_row_open_it(tripped: Breaker) -> None:
    """Then callers are refused at once, by the name of the service and with the word that nothing was done."""
    with pytest.raises(OutsideUnavailable, match=r"the service failed repeatedly .*nothing was done"):
        tripped.check()


def test_an_answer_in_between_starts_the_count_anew() -> None:
    """Four failures, an answer, four failures: nobody is refused."""
    breaker = Breaker("the service", ManualClock())

    for _ in range(2):
        for _ in range(FAILURES - 1):
            breaker.failed()
        assert not is_open(breaker)
        breaker.succeeded()


def test_after_thirty_seconds_one_call_tries(tripped: Breaker, clock: ManualClock) -> None:
    """The others wait for what becomes of it."""
    clock.advance(PAUSE_MS - 1)
    assert is_open(tripped)
    clock.advance(1)

    with ThreadPoolExecutor(8) as pool:
        refused = list(pool.map(lambda _: is_open(tripped), range(8)))

    assert (1, 7) == (refused.count(False), refused.count(True))


@pytest.mark.parametrize("answers", [True, False])
def test_the_try_decides(tripped: Breaker, clock: ManualClock, answers: bool) -> None:
    """An answer closes the breaker, another failure opens it for thirty more seconds."""
    clock.advance(PAUSE_MS)
    assert not is_open(tripped)
    (tripped.succeeded if answers else tripped.failed)()

    assert [not answers] * 3 == [is_open(tripped) for _ in range(3)]
    clock.advance(PAUSE_MS)
    assert not is_open(tripped)
