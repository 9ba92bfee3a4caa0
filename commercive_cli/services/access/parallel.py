"""Runs several reads at the same time, where none has to wait for another."""

from collections.abc import Callable
from functools import partial
from threading import Event
from typing import Protocol, TypeVar

from commercive_cli.domain.stopping import stopped_by, stops

Left = TypeVar("Left")
Right = TypeVar("Right")
Result = TypeVar("Result")


class Both(Protocol):
    """Makes two calls and returns both results, as `both` does."""

    def __call__(self, left: Callable[[], Left], right: Callable[[], Right], /) -> tuple[Left, Right]:
        """Make both calls, in any order or at the same time."""
        ...


def both(left: Callable[[], Left], right: Callable[[], Right]) -> tuple[Left, Right]:
    """Make both calls at the same time and return both results; when both raise, the error of `right` is raised."""
    from commercive_cli.domain.workers import Workers  # imported late, as most commands read one thing after another

    with Workers(1) as pool:
        future = pool.submit(left)
        found = right()
        return future.result(), found


def run_parallel(work: Callable[[int, Event], Result], count: int, at_once: int) -> list[Result]:
    """Call `work` for each number below `count`, with `at_once` calls at the same time, and return the results.

    The event is set when another call failed or Ctrl-C was pressed; `work` should then return as soon as it can, and
    its waiting for the store ends.
    """
    from concurrent.futures import FIRST_EXCEPTION, wait

    from commercive_cli.domain.workers import Workers

    stop, around = Event(), stops()

    def stoppable(number: int) -> Result:
        with stopped_by(stop, *around):
            return work(number, stop)

    with Workers(at_once) as pool:
        futures = [pool.submit(partial(stoppable, number)) for number in range(count)]
        try:
            for done in wait(futures, return_when=FIRST_EXCEPTION).done:
                done.result()
            return [future.result() for future in futures]
        except BaseException:
            stop.set()
            raise
