"""Two reads at once, where one need not wait for the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Left = TypeVar("Left")
Right = TypeVar("Right")


def both(left: Callable[[], Left], right: Callable[[], Right]) -> tuple[Left, Right]:
    """Return what both calls return, made at the same time; when both raise, the error of `right` is raised."""
    with ThreadPoolExecutor(1) as beside:
        future = beside.submit(left)
        found = right()
        return future.result(), found
