"""What a screen for people is written with: lines of text in roles, ids in their short form, and times."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, Literal

from commercive_cli.cli.inert_streams import styled
from commercive_cli.cli.render.escape import escape, escape_lines
from commercive_cli.cli.render.moments import Moments
from commercive_cli.cli.render.roles import Role
from commercive_cli.cli.render.short_ids import ShortIds

if TYPE_CHECKING:  # Rich is loaded only when a terminal is written to
    from rich.console import Console
    from rich.text import Text

Part = str | tuple[str, Role]

STYLES: dict[Role, str] = {
    "": "",
    "attention": "color(166)",
    "good": "color(28)",
    "bad": "color(196)",
    "quiet": "color(243)",
    "strong": "bold",
}
"""Colours of the 256-colour palette with a contrast of 3.2:1 or more on white and on black."""
_PLAIN: dict[Role, str] = {"strong": "bold"}
"""Terminals with fewer colours choose them themselves, unreadably on some backgrounds: they get none."""

WHOLE_IDS_FROM = 160
"""Columns from which ids are shown whole."""

CLAIMS_FROM = 60
"""Columns from which a list says until when somebody holds something."""


@dataclass
class Display:
    """A terminal: what is written to it, and how ids and times are shown.

    `known` are ids of which a shown one must be told apart; `you` is the id of who looks at it; `seen` maps ids that
    were shown to kind and label.
    """

    console: "Console"
    moments: Moments
    wide: bool = False
    known: Iterable[str] = ()
    you: str = ""
    seen: dict[str, tuple[str, str]] = field(default_factory=dict)
    ids: ShortIds = field(init=False)
    _margin: int = 0

    def __post_init__(self) -> None:
        self.ids = ShortIds(whole=self.wide or self.console.width >= WHOLE_IDS_FROM)
        self.ids.know(self.known)

    @property
    def width(self) -> int:
        """Cells in a line, without the margin."""
        return max(self.console.width - self._margin, 1)

    @property
    def now(self) -> int:
        """The present time in milliseconds."""
        return self.moments.now

    def text(self, *parts: Part) -> "Text":
        """Return the parts in one line; each is a text, or a text and its role. Control characters are escaped."""
        return self._assembled(parts, escape)

    def text_of_lines(self, *parts: Part) -> "Text":
        """Return the parts in one text, which keeps its line breaks."""
        return self._assembled(parts, escape_lines)

    def _assembled(self, parts: Iterable[Part], escaped: Callable[[str], str]) -> "Text":
        from rich.text import Text

        text = Text()
        for part in parts:
            if isinstance(part, str):
                text.append(escaped(part))
            else:
                text.append(escaped(part[0]), self.style(part[1]))
        return text

    def style(self, role: Role) -> str:
        """Return Rich's style of a role on this terminal."""
        colours = self.console.color_system in ("256", "truecolor")
        return (STYLES if colours else _PLAIN).get(role, "")

    def line(self, *parts: Part) -> None:
        """Write the parts in one line, whole, however long it is."""
        self.write(self.text(*parts))

    def write(self, text: "Text") -> None:
        """Write a line after the margin; the terminal wraps what is too long."""
        from rich.text import Text

        padded = Text(" " * self._margin) + text if self._margin else text
        padded.rstrip()
        self.console.print(padded, soft_wrap=True)

    def gap(self) -> None:
        """Write an empty line."""
        self.console.print()

    def sentence(self, *parts: Part, indent: int = 0) -> None:
        """Write the parts, wrapped between words at the width and indented; line breaks of their own stay."""
        for line in self.wrapped(self.text_of_lines(*parts), self.width - indent):
            self.write(self.text(" " * indent) + line)

    def wrapped(self, text: "Text", width: int) -> Iterator["Text"]:
        """Yield the lines of a text, wrapped between words at `width` cells."""
        for line in text.split("\n", allow_blank=True):
            yield from line.wrap(self.console, max(width, 1), overflow="fold") or [line]

    def halves(self, left: Sequence[Part], right: Sequence[Part], *, both: bool = False) -> None:
        """Write a line with a text at each edge; where they do not fit, the left one alone or `both`, one below."""
        first, second = self.text(*left), self.text(*right)
        room = self.width - first.cell_len - second.cell_len
        if room >= 2:
            self.write(first + self.text(" " * room) + second)
        else:
            for each in (left, right) if both else (left,):
                self.sentence(*each)

    def rule(self, text: str, beside: str = "") -> None:
        """Write a separator with a text, and what stands beside it, below where the width does not hold both."""
        self.sentence((f"── {text} ──  {beside}".rstrip(), "quiet"))

    @contextmanager
    def indented(self, cells: int = 2) -> Iterator[None]:
        """Write everything within two cells to the right."""
        self._margin += cells
        try:
            yield
        finally:
            self._margin -= cells

    def meet(self, kind: str, identifier: str, label: str = "") -> None:
        """Take note of an id that will be shown, of its kind of record, and of a few words about the record."""
        self.ids.know([identifier])
        self.seen[identifier] = (kind, label or self.seen.get(identifier, ("", ""))[1])

    def claim(self, until: int, holder: str) -> str:
        """Return who holds something, and until when where there is room for it."""
        who = "you" if holder == self.you else holder
        return who if self.width < CLAIMS_FROM else f"{self.moments.until(until)} {who}"

    def id(self, identifier: str) -> str:
        """Return an id as it is shown here."""
        return self.ids.short(identifier)


def console_on(out: Any, *, colour: bool, width: int | None, height: int | None = None) -> "Console":
    """Return Rich's console on a stream; with `width`, the stream counts as a terminal of that width in 256 colours."""
    from rich.console import Console, ConsoleDimensions

    if width is None:
        colours: Literal["auto"] | None = "auto" if colour else None
        console = Console(file=styled(out), markup=False, highlight=False, emoji=False, color_system=colours)
        if console.is_dumb_terminal:  # for which Rich assumes 80 columns, however wide it is
            console.size = ConsoleDimensions(*get_terminal_size())
        return console
    return Console(
        file=styled(out),
        markup=False,
        highlight=False,
        emoji=False,
        width=width,
        height=height,
        force_terminal=True,
        color_system="256" if colour else None,
    )
