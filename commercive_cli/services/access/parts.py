"""Requests that take several transactions: a failure says what was written before, since that stays."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from commercive_cli.domain.errors import CommerciveError


@contextmanager
def after_a_part(done: Callable[[], str]) -> Iterator[None]:
    """Say in every failure what is done by then, in words; nothing where `done` returns nothing.

    Who writes knows of the last transaction alone, and says of it that it was not made.
    """
    try:
        yield
    except CommerciveError as error:
        if what := done():
            error.partly_done, error.message = True, f"{what}, and that stays; then: {error.message}"
        raise
