"""Threads for work that is done at the same time: when they are waited for, and when they are left behind."""

import threading
from concurrent.futures import Future

import pytest

from commercive_cli.domain.workers import Workers

LONG = 60.0


@pytest.mark.parametrize("error", [None, LookupError])
def test_whatever_was_submitted_is_done(error: type[Exception] | None) -> None:
    """Also where the block ends with an error: what was begun or promised to be done is not lost."""
    told: list[int] = []
    begun = threading.Event()

    def work() -> None:
        if error is None or begun.wait(LONG):
            told.append(1)

    def block() -> None:
        with Workers(2) as workers:
            for _ in range(8):
                workers.submit(work)
            begun.set()
            if error is not None:
                raise error

    if error is None:
        block()
    else:
        with pytest.raises(error):
            block()

    assert 8 == len(told)


@pytest.mark.parametrize("broken_off", [KeyboardInterrupt, GeneratorExit])
def test_whoever_breaks_off_waits_for_nobody(broken_off: type[BaseException]) -> None:
    """After Ctrl-C nothing else is begun, and what hangs in a store keeps neither the caller nor the program."""
    begun, over = threading.Event(), threading.Event()
    ended: list[bool] = []

    def hang() -> None:
        begun.set()
        ended.append(over.wait(LONG))

    def broken() -> None:
        with Workers(1) as workers:
            promised.extend((workers.submit(hang), workers.submit(hang)))
            assert begun.wait(LONG)
            raise broken_off

    promised: list[Future[None]] = []
    with pytest.raises(broken_off):
        broken()

    assert ([], [False, True]) == (ended, [each.done() for each in promised])
    over.set()
    promised[0].result(LONG)
    assert ([True], True) == (ended, promised[1].cancelled())


def test_what_ends_soon_has_ended_when_a_block_is_broken_off() -> None:
    """Whoever is told to stop, as reads of many pages are, is not left in the middle."""
    stop, begun = threading.Event(), threading.Event()

    def until_stopped() -> bool:
        begun.set()
        return stop.wait(LONG)

    def interrupted() -> None:
        with Workers(1) as workers:
            working.append(workers.submit(until_stopped))
            assert begun.wait(LONG)
            stop.set()
            raise KeyboardInterrupt

    working: list[Future[bool]] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert [True] == [each.done() for each in working]
