"""The screens of all commands, as they are drawn for a terminal of some width, as plain text.

`python -m tests.cli.render.screens` records them anew.
"""

import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.emit import Screen
from commercive_cli.cli.render.moments import Moments
from commercive_cli.cli.render.rehearsals import draw_rehearsal
from commercive_cli.cli.render.screens import screen_of
from commercive_cli.cli.render.search_view import draw_hits
from commercive_cli.cli.render.views import view_of
from commercive_cli.domain.answers.search import Hits
from tests.cli.render.answers import ANSWERS, NOW
from tests.cli.render.flag_answers import FLAGGED
from tests.cli.render.other_answers import OTHERS, REHEARSALS
from tests.cli.render.reviews import REVIEWS
from tests.cli.render.watches import WATCHES

SNAPSHOTS = Path(__file__).with_name("snapshots")
WIDTHS = (80, 160)
SHOWN = {**ANSWERS, **FLAGGED, **OTHERS}
NAMES = (*SHOWN, *REHEARSALS, *WATCHES, *REVIEWS)
"""What is recorded; each name begins with that of its command."""
ZONE = "Europe/Berlin"


def screen(name: str, width: int) -> str:
    """Return a screen as plain text."""
    out = io.StringIO()
    console = Console(file=out, width=width, height=24, color_system=None, markup=False, highlight=False, emoji=False)
    with _in_berlin():
        _draw(name, Display(console, Moments(NOW, zone=ZoneInfo(ZONE)), you="mira"))
    return out.getvalue()


def _draw(name: str, display: Display) -> None:
    if name in REHEARSALS:
        rehearsed, changes = REHEARSALS[name]
        assert draw_rehearsal(display, rehearsed, changes)
        return
    if name in REVIEWS:
        REVIEWS[name](display)
        return
    if name in WATCHES:
        begin, happens = WATCHES[name]
        watched = begin()
        watched.begin(display)
        for each in happens:
            watched.draw(display, each)
        return
    answer, asked = SHOWN[name]
    if isinstance(answer, Hits):
        draw_hits(display, answer.hits, "customs")
    elif found := screen_of(type(answer)):
        found.draw(display, answer, asked)
    else:
        Screen().draw_sections(display, view_of(answer), answer, asked)


@contextmanager
def _in_berlin() -> Iterator[None]:
    """Let the clock of this machine be that of Berlin."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = ZONE
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def recorded(name: str) -> str:
    """Return what the file of a screen should hold: the screen at each width."""
    return "\n".join(f"{width} columns\n{screen(name, width)}" for width in WIDTHS)


if __name__ == "__main__":
    SNAPSHOTS.mkdir(exist_ok=True)
    for each in NAMES:
        (SNAPSHOTS / f"{each}.txt").write_text(recorded(each), encoding="utf-8")
