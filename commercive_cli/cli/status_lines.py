"""Following what takes minutes or hours: each new word of progress is a line on stderr, and Ctrl-C stops listening."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from commercive_cli.cli.errors import INTERRUPTED, say
from commercive_cli.cli.interrupts import deferred
from commercive_cli.store.table_changes import OnStatus


@contextmanager
def status_lines() -> Iterator[OnStatus]:
    """Lend a function that says what it hears, once, and ends the command where that is safe after Ctrl-C."""
    said = ""
    with deferred() as stop:

        def hear(words: str) -> None:
            nonlocal said
            if stop.is_set():
                raise KeyboardInterrupt
            if words != said:
                say(words)
            said = words

        yield hear
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)
