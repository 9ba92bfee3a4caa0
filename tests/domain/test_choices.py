"""Words of a fixed set, and the message about a mistyped one."""

import pytest

from commercive_cli.domain.choices import choose, nearest
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import CONVERSATION_STATUSES, LEAD_STATUSES, ORDER_VOLUMES


@pytest.mark.parametrize("choices", [CONVERSATION_STATUSES, LEAD_STATUSES, ORDER_VOLUMES])
def test_every_choice_is_accepted(choices: tuple[str, ...]) -> None:
    """Each documented word is accepted as it is."""
    assert list(choices) == [choose(choice, choices, "status") for choice in choices]


@pytest.mark.parametrize(("typed", "meant"), [("aproved", "approved"), ("reject", "rejected"), ("pendng", "pending")])
def test_the_nearest_word_is_suggested(typed: str, meant: str) -> None:
    """A mistyped status is refused; the message names the one that was probably meant, and all others."""
    with pytest.raises(Invalid) as refused:
        choose(typed, LEAD_STATUSES, "status")

    assert "status" == refused.value.field
    assert f"did you mean {meant}?" in refused.value.message
    assert all(status in refused.value.message for status in LEAD_STATUSES)


@pytest.mark.parametrize("typed", ["zzz", "", None, 5, [5], "x" * 10_000, "\x1b[2J\n"])
def test_nonsense_is_refused_with_a_list_of_the_choices(typed: object) -> None:
    """Nonsense is refused without a guess, in one short printable line that lists the choices."""
    with pytest.raises(Invalid) as refused:
        choose(typed, CONVERSATION_STATUSES, "status")

    assert "did you mean" not in refused.value.message
    assert "open, closed" in refused.value.message
    assert len(refused.value.message) < 200
    assert refused.value.message.isprintable()


def test_no_word_is_looked_for_that_is_like_a_long_text() -> None:
    """Nobody mistypes a word to more than 64 characters, and strangers could order the work of comparing more."""
    assert "a" * 64 == nearest("b" + "a" * 63, ["a" * 64])
    assert nearest("b" + "a" * 64, ["a" * 65]) is None


def test_no_word_is_suggested_when_none_looks_alike() -> None:
    """A suggestion is only made when a choice looks like what was typed."""
    assert nearest("zzz", ("open", "closed")) is None
    assert "open" == nearest("opne", ("open", "closed"))
