"""Figures of reports: percentiles, shares and averages, exact as far as they can be, and none of nothing."""

import math
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import PlainSerializer

from commercive_cli.domain.money import CENT

_TENTH = Decimal("0.1")

Percent = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
"""0 to 100 with one decimal."""


def percentiles(measured: Iterable[int], *ranks: int) -> tuple[int | None, ...]:
    """Return the percentiles of the nearest rank: the smallest that so many in a hundred do not exceed."""
    in_order = sorted(measured)
    if not in_order:
        return tuple(None for _ in ranks)
    return tuple(in_order[math.ceil(len(in_order) * rank / 100) - 1] for rank in ranks)


def percent(part: int, whole: int) -> Decimal | None:
    """Return how many in a hundred a part is, to a tenth, halves up."""
    return (Decimal(100 * part) / whole).quantize(_TENTH, ROUND_HALF_UP) if whole else None


def average(total: Decimal, count: int) -> Decimal | None:
    """Return the average of amounts in USD, to the cent, halves up."""
    return (total / count).quantize(CENT, ROUND_HALF_UP) if count else None
