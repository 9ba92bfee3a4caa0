"""`chat next` on a terminal: as many turns as the screen holds, never fewer than the unread ones."""

import io

import pytest

from commercive_cli.cli.render.display import Display, console_on
from commercive_cli.cli.render.moments import Moments
from commercive_cli.cli.render.thread import draw_next
from commercive_cli.domain.answers.chat import NextUp
from commercive_cli.domain.answers.threads import HeldConversation
from tests.cli.render.answers import MINUTE, NOW, QUEUE, message


def drawn(turns: int, unread: int, *, height: int, width: int = 80) -> list[str]:
    """Return the screen of a conversation with so many turns, the last of which are unread."""
    messages = [
        message(number, NOW - (turns - number) * MINUTE, "user", "u-1", f"turn {number}", read=number < turns - unread)
        for number in range(turns)
    ]
    held = HeldConversation.model_validate({**dict(QUEUE[0]), "held_by": "mira", "held_until": NOW + 15 * MINUTE})
    out = io.StringIO()
    display = Display(console_on(out, colour=False, width=width, height=height), Moments(NOW), you="mira")
    draw_next(display, NextUp(conversation=held, messages=messages))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("height", [20, 24, 50])
@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_screen_is_full_and_not_overfull(height: int, width: int) -> None:
    """With a line left for the prompt; another turn, of three lines, would not fit."""
    lines = drawn(100, 1, height=height, width=width)

    assert height - 3 <= len(lines) + 1 <= height
    assert "  turn 99" in lines


@pytest.mark.parametrize("height", [5, 24])
def test_what_is_unread_is_there_on_any_screen(height: int) -> None:
    """However many that are; what is left out is told beside the day."""
    lines = drawn(40, 20, height=height)

    assert [f"  turn {number}" for number in range(20, 40)] == [line for line in lines if line.startswith("  turn")]
    assert any(line.endswith("20 earlier turns: commercive chat show 4c0e91aa") for line in lines)


def test_a_short_conversation_is_whole() -> None:
    """Nothing is said of earlier turns where there are none."""
    assert [] == [line for line in drawn(2, 2, height=24) if "earlier" in line]
