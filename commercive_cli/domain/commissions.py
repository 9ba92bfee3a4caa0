"""Commissions as they are configured: what an approval gives at least and at most, and amounts that have names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from commercive_cli.domain.choices import suggestion
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.money import parse_amount
from commercive_cli.domain.quoting import quoted

LIMITS = ("min", "max")
"""The names in the table of amounts that are limits, and no amounts to be given."""

AMOUNT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)
"""A name never looks like a number."""


class Bound(Protocol):
    """A limit of what an approval may give for one lead."""

    def check(self, commission: Decimal) -> None:
        """Raise Invalid or Forbidden, with the field commission_amount, when a commission is beyond it."""


@dataclass(frozen=True)
class Least:
    """The least that an approval gives for one lead, in USD, and where that is set."""

    amount: Decimal
    source: str

    def check(self, commission: Decimal) -> None:
        """Raise Invalid when a commission is below it."""
        if commission < self.amount:
            raise _beyond(commission, f"below commission.min, {self.amount:.2f} USD ({self.source})")


@dataclass(frozen=True)
class Most:
    """The most that an approval gives for one lead, in USD, and where that is set."""

    amount: Decimal
    source: str

    def check(self, commission: Decimal) -> None:
        """Raise Invalid when a commission is above it."""
        if commission > self.amount:
            raise _beyond(commission, f"above commission.max, {self.amount:.2f} USD ({self.source})")


@dataclass(frozen=True)
class NamedAmounts:
    """Amounts in USD by name."""

    amounts: Mapping[str, Decimal] = field(default_factory=dict)

    def parse(self, typed: str, field: str = "commission_amount") -> Decimal:
        """Return the amount that a name or a plain number means; raise Invalid, with the nearest name, otherwise."""
        word = typed.strip()
        if word in self.amounts:
            return self.amounts[word]
        if not word[:1].isalpha():
            return parse_amount(typed, field)
        known = ", ".join(self.amounts) or "none"
        raise Invalid(
            f"{field} {quoted(word)} is no plain number such as 1000.50, and no amount of the config file has that "
            f"name{suggestion(word, self.amounts)}; names there: {known}",
            field=field,
        )


def _beyond(commission: Decimal, how: str) -> Invalid:
    return Invalid(f"{commission:.2f} USD is {how}; nothing was written", field="commission_amount")
