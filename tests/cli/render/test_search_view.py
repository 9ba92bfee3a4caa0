"""The lines of a search: cut around the hit, however its letters are composed, and never wider than the terminal."""

import io
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len

from commercive_cli.cli.render.display import Display, console_on
from commercive_cli.cli.render.moments import Moments
from commercive_cli.cli.render.search_view import around_hit, cost_sentence, draw_hits
from commercive_cli.domain.answers.search import Hit
from commercive_cli.services.chat.search import SearchCost
from tests.cli.render.answers import NOW, TEA


def hit(text: str, **more: object) -> Hit:
    values = {
        "conversation_id": TEA,
        "message_id": "m-1",
        "created_at": NOW - 86_400_000,
        "turn": 9,
        "turns": 11,
        "sender_type": "user",
        "sender_id": "u-1",
        "store_url": "bergrad.myshopify.com",
        "user_id": "u-1",
        "message_text": text,
    }
    return Hit.model_validate({**values, **more})


def lines(width: int, *hits: Hit, words: str = "customs") -> list[str]:
    out = io.StringIO()
    display = Display(console_on(out, colour=False, width=width), Moments(NOW, zone=ZoneInfo("Europe/Berlin")))
    draw_hits(display, hits, words)
    return out.getvalue().splitlines()


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("where is the CUSTOMS form", "customs", ("where is the ", "CUSTOMS", " form")),
        ("Grüße", "SS", ("Grü", "ß", "e")),
        ("Cafe\u0301s", "CAF\u00c9", ("", "Cafe\u0301", "s")),
        ("a\n  lost\tparcel", "lost parcel", ("a ", "lost parcel", "")),
        ("\u1112\u1161\u11ab is one", "한", ("", "\u1112\u1161\u11ab", " is one")),
        ("nothing here", "tea", ("nothing here", "", "")),
    ],
)
def test_the_hit_is_told_apart_in_the_text_as_it_was_written(
    text: str, words: str, expected: tuple[str, str, str]
) -> None:
    """Folding a text changes its length; what is bold is a piece of the original all the same."""
    assert expected == around_hit(text, words, 80)


def test_a_long_text_is_cut_before_the_hit() -> None:
    """A third of the room is before the hit, or as much as what is behind it leaves."""
    assert ("…x" + "x" * 9, "tea", "y" * 50) == around_hit("x" * 90 + "tea" + "y" * 50, "tea", 30)
    assert ("…" + "x" * 24, "tea", "yy") == around_hit("x" * 90 + "tea" + "yy", "tea", 30)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_a_line_fits_the_terminal(width: int) -> None:
    """Also with wide characters, and with signs that would move the cursor."""
    long = hit(
        "追跡番号を教えてください " * 9 + "customs \x1b[31m" + "x" * 99, sender_type="admin", sender_id="jonas-" * 9
    )

    assert width >= max(cell_len(line) for line in lines(width, long, hit("customs")))


def test_a_hit_has_its_place_and_the_last_line_counts() -> None:
    """At 80 columns: id, shop, when, turn, by, and the text around the hit."""
    shown = lines(80, hit("I asked you three times now, where is the customs form?"), hit("customs", sender_type="ai"))

    assert "4c0e91aa  bergrad       26 Nov 09:31    9 of 11  user    …e is the customs form?" == shown[2]
    assert "4c0e91aa  bergrad       26 Nov 09:31    9 of 11  autom…  customs" == shown[3]
    assert "2 hits in 1 conversation" == shown[4]


def test_nothing_found_is_said() -> None:
    """No header without rows."""
    assert ["No hits."] == lines(80)


@pytest.mark.parametrize(
    ("cost", "sentence"),
    [
        (SearchCost(1_204, 18_310, 20_400), "Reads about 18,310 messages of 1,204 conversations, about 20 s"),
        (SearchCost(1, 3, 2), "Reads about 3 messages of 1 conversation, about 1 s"),
        (
            SearchCost(20_000, 90_000, 300_000, Decimal("0.0025"), more=True),
            "Reads more than 90,000 messages of more than 20,000 conversations, about 5 min and 0.01 USD",
        ),
    ],
)
def test_what_is_read_and_what_it_costs_is_a_sentence(cost: SearchCost, sentence: str) -> None:
    """Time in its largest unit, money to the cent, never less than one."""
    assert sentence == cost_sentence(cost, Moments(NOW, zone=ZoneInfo("Europe/Berlin")), None)
