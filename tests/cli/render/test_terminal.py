"""Tables for people: within the terminal's width, except that ids are always whole."""

import io

import pytest
from rich.console import Console

from commercive_cli.cli.render.columns import CONVERSATION, MESSAGE
from commercive_cli.cli.render.terminal import print_card, print_table
from commercive_cli.domain.ids import first_id
from commercive_cli.domain.models import Conversation, Message

NOW = 1_800_000_000_000
ID = first_id(NOW)
CONVERSATIONS = [
    Conversation(
        conversation_id=ID,
        user_id="user-with-a-rather-long-id",
        status="open",
        created_at=NOW,
        updated_at=NOW - 180_000,
        last_message="[bold]long[/bold] \x1b[31m" + "words " * 40,
        store_url="shop.example.com",
    )
]


def table(width: int, colour: bool = False) -> list[str]:
    out = io.StringIO()
    colours = "standard" if colour else None
    console = Console(file=out, width=width, color_system=colours, force_terminal=colour, markup=False)  # type: ignore[arg-type]  # a literal chosen at run time
    print_table(console, CONVERSATION, CONVERSATIONS, NOW)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100, 140, 300])
def test_a_table_fits_the_terminal(width: int) -> None:
    """Text is cut and columns are left out until every line fits."""
    assert max(len(line.rstrip()) for line in table(width)) <= width


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_ids_are_never_cut(width: int) -> None:
    """A record's id can be copied from any table, however narrow the terminal; other ids are whole or left out."""
    text = "\n".join(table(width))

    assert ID in text
    assert ("user-with" in text) == ("user-with-a-rather-long-id" in text)


def test_a_wide_table_shows_every_id() -> None:
    """Where there is room, nothing is left out."""
    assert "user-with-a-rather-long-id" in "\n".join(table(200))


def test_times_are_relative_and_text_is_inert() -> None:
    """People see `3m ago`, markup as typed, and escapes as text."""
    text = "\n".join(table(200))

    assert "3m ago" in text
    assert r"[bold]long[/bold] \x1b[31m" in text


def test_colour_marks_states() -> None:
    """On a colour terminal an open conversation is green, and no text of users is coloured."""
    assert "\x1b[32mopen" in "\n".join(table(200, colour=True))


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
    print_table(Console(file=out, width=80), MESSAGE[2:], [message], NOW)
    text = out.getvalue()

    assert "last" in text
    assert ["second" in line for line in text.splitlines()[1:3]] == [False, True]


def test_cards_leave_out_what_is_not_there() -> None:
    """A card lists what a record has, line by line."""
    out = io.StringIO()
    print_card(Console(file=out, width=80), CONVERSATION, CONVERSATIONS, NOW, "Conversation")

    assert "Conversation" in out.getvalue()
    assert "closed" not in out.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_damage_is_marked_where_there_is_some(width: int) -> None:
    """A record that cannot be read whole names its damaged attributes; tables of sound ones have no such column."""
    sound = CONVERSATIONS[0].item()
    out = io.StringIO()
    odd = Conversation.of(sound | {"store_url": 5, "closed_by": ["x"]})
    print_table(Console(file=out, width=width, markup=False), CONVERSATION, [Conversation.of(sound), odd], NOW)

    assert "store_url; closed_by" in out.getvalue()
    assert "damaged" not in "".join(table(width))
