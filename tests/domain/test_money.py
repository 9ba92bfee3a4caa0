"""Money: what counts as an amount, and that it stays exact."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import AffiliateStats
from commercive_cli.domain.money import CENT, LARGEST_AMOUNT, parse_amount

CENTS = st.integers(0, 100_000_000)
AMOUNT_LIKE = st.one_of(
    st.text(max_size=12),
    st.text("0123456789.,_-+eE ", max_size=14),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.from_regex(r"[+-]?[0-9]{1,8}(\.[0-9]{1,4})?", fullmatch=True),
)


@given(AMOUNT_LIKE)
def test_accepted_text_is_a_whole_number_of_cents(text: str) -> None:
    """Whatever text is accepted as an amount is the exact number that was typed, in whole cents, within the range."""
    try:
        amount = parse_amount(text)
    except Invalid:
        return

    assert Decimal(text.strip()) == amount
    assert amount.quantize(CENT) == amount
    assert -2 == amount.as_tuple().exponent
    assert 0 <= amount <= LARGEST_AMOUNT
    assert not amount.is_signed()


@given(CENTS)
def test_every_amount_to_the_cent_is_accepted(cents: int) -> None:
    """Every number of cents from 0 to 1,000,000 USD may be typed as text, and passed as a Decimal."""
    amount = Decimal(cents).scaleb(-2)

    assert amount == parse_amount(str(amount))
    assert amount == parse_amount(amount)


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("0", "0.00"),
        ("-0", "0.00"),
        ("25.5", "25.50"),
        (" 25.50 ", "25.50"),
        ("+7", "7.00"),
        ("10.000", "10.00"),
        (25, "25.00"),
        (1_000_000, "1000000.00"),
        (Decimal("1E+2"), "100.00"),
    ],
)
def test_an_amount_gets_two_places(value: object, amount: str) -> None:
    """An amount is stored and shown with two places, however many were typed."""
    assert amount == str(parse_amount(value))


@pytest.mark.parametrize(
    "value",
    [
        "nan",
        "NaN",
        "sNaN",
        "inf",
        "-1",
        "-0.01",
        "1e400",
        "1e2",
        "10.005",
        "0.001",
        "1,000",
        "1_000",
        "1 000",
        "\uff11\uff12",
        "\u0663",
        "1000000.01",
        "9" * 60,
        "",
        " ",
        ".5",
        "5.",
        "$5",
        "0x10",
        "1\u00a02",
        25.5,
        float("nan"),
        True,
        False,
        None,
        b"5",
        [5],
        -1,
        1_000_001,
        pytest.param(10**5000, id="ten to the 5000"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("10.005"),
        Decimal("1E+400"),
        Decimal("1E-400"),
    ],
)
def test_any_other_value_is_refused_in_one_line(value: object) -> None:
    """A value that is no plain amount from 0 to 1,000,000 USD is refused in one short line that names the field."""
    with pytest.raises(Invalid) as refused:
        parse_amount(value, "amount")

    assert "amount" == refused.value.field
    assert refused.value.message.startswith("amount")
    assert len(refused.value.message) < 200
    assert refused.value.message.isprintable()


@given(CENTS)
def test_json_amounts_are_numbers_and_exact(cents: int) -> None:
    """In JSON an amount is a number, and reading that number gives the same cents again."""
    amount = Decimal(cents).scaleb(-2)
    text = AffiliateStats(affiliate_id="a", total_commission=amount).model_dump_json()

    assert amount == json.loads(text, parse_float=Decimal)["total_commission"]
    assert isinstance(json.loads(text)["total_commission"], float)
