"""Progress bars on stderr, which are erased before results are shown."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from commercive_cli.cli.inert_streams import styled

if TYPE_CHECKING:
    from rich.progress import Progress, Task, TaskID

    from commercive_cli.services.access.scan import OnItems

Total = Callable[[], int | None]
"""Returns how many items there will be, as far as that is known. It is called only if a bar is shown."""


@contextmanager
def progress(
    steps: Mapping[str, Total], *, shown: bool, colour: bool = True, remark: Callable[[], str] = str
) -> Iterator["list[OnItems]"]:
    """Yield for each labelled step what to call with the number of items just done, from any thread.

    Each has a bar, if stderr is a terminal and they are to be `shown`; without a total it shows only the count. Behind
    each that is not at its end stands the present `remark`.
    """
    if not (shown and sys.stderr.isatty()):
        yield [lambda _: None for _ in steps]
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn
    from rich.text import Text

    class Remark(ProgressColumn):
        def render(self, task: "Task") -> Text:
            return Text("" if task.finished else remark())

    label_column = TextColumn("{task.description}", markup=False)
    columns = (label_column, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), Remark())
    console = Console(file=styled(sys.stderr), no_color=not colour or None)
    hidden = console.is_dumb_terminal  # which cannot erase them
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, disable=hidden) as bars:
        yield [_advance(bars, bars.add_task(label, total=total() or None)) for label, total in steps.items()]


def _advance(bars: "Progress", task: "TaskID") -> "OnItems":
    def advance(items: int) -> None:
        bars.advance(task, items)
        state = bars.tasks[task]
        if state.total is not None and state.completed > state.total:  # totals of stores are estimates
            bars.update(task, total=state.completed)

    return advance
