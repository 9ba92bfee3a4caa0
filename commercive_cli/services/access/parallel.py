"""Several reads at once, where one need not wait for the other."""

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

Left = TypeVar("Left")
Right = TypeVar("Right")
Result = TypeVar("Result")


def both(left: Callable[[], Left], right: Callable[[], Right]) -> tuple[Left, Right]:
    """Return what both calls return, made at the same time; when both raise, the error of `right` is raised."""
    with ThreadPoolExecutor(1) as beside:
        future = beside.submit(left)
        found = right()
        return future.result(), found


def together(work: Callable[[int, Event], Result], count: int, at_once: int) -> list[Result]:
    """Return what `work` returns for each number below `count`, so many of them at the same time.

    The event is set when another one failed, or Ctrl-C was pressed: then `work` should return at its next occasion.
    """
    stop = Event()
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(work, number, stop) for number in range(count)]
        try:
            for done in wait(futures, return_when=FIRST_EXCEPTION).done:
                done.result()
            return [future.result() for future in futures]
        except BaseException:
            stop.set()
            raise
