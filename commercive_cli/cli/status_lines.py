"""Status lines on stderr for operations of minutes or hours, which Ctrl-C stops following."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from commercive_cli.cli.errors import INTERRUPTED, say
from commercive_cli.cli.interrupts import deferred_interrupts
from commercive_cli.store.table_changes import OnStatus


@contextmanager
def status_lines(tell: Callable[[str], None] = say) -> Iterator[OnStatus]:
    """Yield a function that prints a changed status; after Ctrl-C, it raises KeyboardInterrupt at its next call."""
    last = ""
    with deferred_interrupts() as stop:

        def on_status(status: str) -> None:
            nonlocal last
            if stop.is_set():
                raise KeyboardInterrupt
            if status != last:
                tell(status)
            last = status

        yield on_status
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)
