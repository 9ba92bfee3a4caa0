"""Commissions by name, and the least and the most that are given."""

from decimal import Decimal

import pytest

from commercive_cli.domain.commissions import Least, Most, NamedAmounts
from commercive_cli.domain.errors import Invalid

AMOUNTS = NamedAmounts({"standard": Decimal("25.50"), "big": Decimal("100.00")})


@pytest.mark.parametrize(
    ("typed", "amount"), [("standard", "25.50"), (" big ", "100.00"), ("25.5", "25.50"), ("0", "0.00"), ("+7", "7.00")]
)
def test_an_amount_is_a_name_or_a_number(typed: str, amount: str) -> None:
    """Names are those that are configured; a number means itself."""
    assert Decimal(amount) == AMOUNTS.parse(typed)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("standart", r"--commission 'standart' .*did you mean standard\?.*; names there: standard, big"),
        ("Standard", r"did you mean standard\?"),
        ("NaN", "no plain number such as 1000.50"),
        ("1e3", "not a plain number"),
        ("", "not a plain number"),
        ("-1", "between 0 and 1,000,000"),
    ],
)
def test_what_is_neither_is_refused(typed: str, says: str) -> None:
    """The message has the nearest name, and all of them."""
    with pytest.raises(Invalid, match=says):
        AMOUNTS.parse(typed, "--commission")
    with pytest.raises(Invalid, match="names there: none"):
        NamedAmounts().parse("standard")


@pytest.mark.parametrize("bound", [Least(Decimal("5.00"), "here"), Most(Decimal("500.00"), "here")])
def test_the_limits_themselves_are_given(bound: Least | Most) -> None:
    """A cent beyond is refused, with the limit and where it is set."""
    bound.check(bound.amount)
    step = Decimal("0.01") * (1 if isinstance(bound, Most) else -1)

    with pytest.raises(Invalid, match=rf"commission\.m.., {bound.amount} USD \(here\); nothing was written"):
        bound.check(bound.amount + step)
