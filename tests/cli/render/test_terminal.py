"""Tables for people: within the terminal's width, except that ids are always whole."""

import io

import pytest
from rich.color import Color
from rich.console import Console

from commercive_cli.cli.render.columns import CONVERSATION, MESSAGE
from commercive_cli.cli.render.display import STYLES, Display
from commercive_cli.cli.render.listings import CONVERSATIONS as LISTED
from commercive_cli.cli.render.moments import Moments
from commercive_cli.cli.render.roles import Role
from commercive_cli.cli.render.terminal import print_cards, print_table
from commercive_cli.domain.ids import first_id
from commercive_cli.domain.models import Conversation, Message

NOW = 1_800_000_000_000
ID = first_id(NOW)
SHOWN = [
    Conversation(
        conversation_id=ID,
        user_id="user-with-a-rather-long-id",
        status="open",
        created_at=NOW,
        updated_at=NOW - 180_000,
        last_message="[bold]long[/bold] \x1b[31m" + "words " * 40,
        store_url="shop.example.com",
        unread_admin=2,
    )
]


def display_on(out: io.StringIO, width: int, colours: str | None = None) -> Display:
    console = Console(file=out, width=width, color_system=colours, force_terminal=bool(colours), markup=False)  # type: ignore[arg-type]  # a literal chosen at run time
    return Display(console, Moments(NOW))


def table(width: int, colours: str | None = None) -> list[str]:
    out = io.StringIO()
    print_table(display_on(out, width, colours), LISTED, SHOWN)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100, 140, 300])
def test_a_table_fits_the_terminal(width: int) -> None:
    """Text is cut and columns are left out until every line fits."""
    assert max(len(line.rstrip()) for line in table(width)) <= width


@pytest.mark.parametrize(("width", "shown"), [(20, ID[-8:]), (60, ID[-8:]), (80, ID[-8:]), (200, ID)])
def test_ids_are_never_cut(width: int, shown: str) -> None:
    """A record's id can be copied from any table: its last eight characters, or on a wide terminal the whole of it."""
    words = "\n".join(table(width)).split()

    assert shown in words
    assert ID[:12] not in words


def test_a_wide_table_shows_what_a_narrow_one_leaves_out() -> None:
    """Where there is room, the user and the time of the beginning come too."""
    assert "user-with-a-rather-long-id" in "\n".join(table(200))
    assert "user-with" not in "\n".join(table(80))


def test_times_are_relative_and_text_is_inert() -> None:
    """People see `3m`, markup as typed, and escapes as text."""
    text = "\n".join(table(200))

    assert " 3m " in text
    assert r"[bold]long[/bold] \x1b[31m" in text


def test_colour_repeats_what_is_said() -> None:
    """On a terminal of 256 colours unread messages are marked, and no text of users is; one of fewer gets none."""
    marked = "\n".join(table(200, "256"))

    assert "\x1b[38;5;166m2" in marked
    assert "[bold]long" in marked
    assert "\x1b[3" not in "\n".join(table(200, "standard"))


def test_prose_is_wrapped_not_cut() -> None:
    """Messages are shown whole, with their own line breaks."""
    out = io.StringIO()
    message = Message(
        message_id=ID,
        conversation_id=ID,
        sender_type="user",
        sender_id="u",
        message_text="first\nsecond " + "word " * 30 + "last",
        created_at=NOW,
    )
    print_table(display_on(out, 80), MESSAGE[2:], [message])
    text = out.getvalue()

    assert "last" in text
    assert ["second" in line for line in text.splitlines()[1:3]] == [False, True]


def test_cards_leave_out_what_is_not_there() -> None:
    """A card lists what a record has, line by line."""
    out = io.StringIO()
    print_cards(display_on(out, 80), CONVERSATION, SHOWN)

    assert "shop.example.com" in out.getvalue()
    assert "closed" not in out.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_damage_is_marked_where_there_is_some(width: int) -> None:
    """A record that cannot be read whole names its damaged attributes; tables of sound ones have no such column."""
    sound = SHOWN[0].item()
    out = io.StringIO()
    odd = Conversation.of(sound | {"store_url": 5, "closed_by": ["x"]})
    print_table(display_on(out, width), LISTED, [Conversation.of(sound), odd])

    assert "store_url; closed_by" in out.getvalue()
    assert "damaged" not in "".join(table(width))


def luminance(colour: tuple[int, int, int]) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (c / 255 for c in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("role", [role for role, style in STYLES.items() if style.startswith("color")])
def test_every_colour_is_read_on_white_and_on_black(role: Role) -> None:
    """Its contrast is 3:1 or more on both, and it is none of the 16 colours that a terminal may show as it likes."""
    colour = Color.parse(STYLES[role])
    light = luminance(colour.get_truecolor())

    assert colour.number is not None
    assert colour.number >= 16
    assert (1.05 / (light + 0.05) >= 3, (light + 0.05) / 0.05 >= 3) == (True, True)
