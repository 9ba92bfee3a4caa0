"""The pictures of screens in the README. `python -m tests.cli.render.pictures` draws them anew."""

import io
import re
from zoneinfo import ZoneInfo

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME

from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.moments import Moments
from commercive_cli.cli.render.screens import screen_of
from tests.cli.process import ROOT
from tests.cli.render.answers import ANSWERS, NOW

PICTURES = {
    "queue": ("chat-list-waiting", "commercive chat list --sort waiting"),
    "thread": ("chat-show", "commercive chat show 4c0e91aa"),
}
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Without Rich's fonts from elsewhere: a picture in a README loads nothing."""


def picture(name: str) -> str:
    """Return the picture of a screen as SVG."""
    answer_name, command = PICTURES[name]
    answer, asked = ANSWERS[answer_name]
    console = Console(
        file=io.StringIO(), record=True, width=80, force_terminal=True, color_system="256", markup=False, emoji=False
    )
    found = screen_of(type(answer))
    assert found is not None
    found.draw(Display(console, Moments(NOW, zone=ZoneInfo("Europe/Berlin"))), answer, asked)
    svg = console.export_svg(title=command, theme=SVG_EXPORT_THEME, code_format=_FORMAT, unique_id=name)
    return "\n".join(line.rstrip() for line in svg.split("\n"))


if __name__ == "__main__":
    for each in PICTURES:
        (ROOT / ".github" / f"{each}.svg").write_text(picture(each), encoding="utf-8")
