"""Money: US dollars as Decimal with two places, never as a float."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, TypeGuard

from pydantic import PlainSerializer

from commercive_cli.domain.errors import Forbidden, Invalid
from commercive_cli.domain.quoting import quoted, shortened

CENT = Decimal("0.01")
LARGEST_AMOUNT = Decimal("1000000.00")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)

Money = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
"""USD. JSON shows it as a number: below 1e13, the shortest text of the nearest float is exactly the amount."""


@dataclass(frozen=True)
class Ceiling:
    """The most that an approval may give for one lead, in USD, and where that is set."""

    amount: Decimal
    source: str

    def check(self, commission: Decimal) -> None:
        """Raise Forbidden when a commission is above the ceiling."""
        if commission > self.amount:
            raise Forbidden(
                f"{commission:.2f} USD is above the ceiling of {self.amount:.2f} USD for one lead, so nothing was "
                f"written; approve {self.amount:.2f} USD or less, or have the ceiling raised ({self.source})",
                field="commission_amount",
            )


def parse_amount(value: object, field: str = "commission_amount") -> Decimal:
    """Return `value` (text, int or Decimal) as an amount in USD with two places.

    Raises Invalid when it is not a number, is negative, exceeds 1,000,000 or has fractions of a cent.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Invalid(f"{field} must be a decimal number such as 25.50", field=field)
    if isinstance(value, str) and not _PLAIN_NUMBER.fullmatch(value.strip()):
        raise Invalid(f"{field} {quoted(value)} is not a plain number; write it like 1000.50", field=field)
    amount = Decimal(value)
    if not amount.is_finite() or not 0 <= amount <= LARGEST_AMOUNT:
        raise Invalid(f"{field} must be between 0 and 1,000,000 USD, not {shortened(amount)}", field=field)
    return _whole_cents(amount, field)


def counted_commission(status: object, amount: object) -> Decimal:
    """Return what a lead adds to the sum of its affiliate's commissions: its own if it is approved, else nothing.

    Amounts that others wrote with fractions of a cent count as the nearest cent.
    """
    if status != "approved" or not is_amount(amount):
        return Decimal(0)
    return Decimal(amount).quantize(CENT)


def is_amount(value: object) -> TypeGuard[int | Decimal]:
    """Return whether a stored value is a number of 0 to 1,000,000; True is an `int` to isinstance, but no money."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool) and 0 <= value <= LARGEST_AMOUNT


def _whole_cents(amount: Decimal, field: str) -> Decimal:
    cents = amount.quantize(CENT)
    if cents != amount:
        raise Invalid(f"{field} {shortened(amount)} has fractions of a cent; two decimals at most", field=field)
    return abs(cents)
