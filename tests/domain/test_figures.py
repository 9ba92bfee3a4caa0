"""Figures of reports."""

from decimal import Decimal

import pytest

from commercive_cli.domain.figures import average, percent, percentiles


@pytest.mark.parametrize(
    ("measured", "expected"),
    [([], (None, None)), ([7], (7, 7)), ([4, 1, 3, 2], (2, 4)), (range(1, 11), (5, 9)), (range(1, 102), (51, 91))],
)
def test_a_percentile_was_measured(measured: list[int], expected: tuple[int | None, int | None]) -> None:
    """The smallest value that half, or nine in ten, do not exceed; none of nothing."""
    assert expected == percentiles(measured, 50, 90)


@pytest.mark.parametrize(
    ("part", "whole", "expected"), [(1, 3, "33.3"), (2, 3, "66.7"), (1, 2000, "0.1"), (1, 2001, "0.0"), (5, 5, "100.0")]
)
def test_a_share_has_one_decimal(part: int, whole: int, expected: str) -> None:
    """Halves go up."""
    assert Decimal(expected) == percent(part, whole)


@pytest.mark.parametrize(
    ("total", "count", "expected"), [("0.01", 2, "0.01"), ("10.00", 3, "3.33"), ("1000000.00", 7, "142857.14")]
)
def test_an_average_is_a_whole_cent(total: str, count: int, expected: str) -> None:
    """Halves go up."""
    assert Decimal(expected) == average(Decimal(total), count)


def test_there_is_no_share_or_average_of_nothing() -> None:
    """They are left out, and are not zero."""
    assert [None, None] == [percent(0, 0), average(Decimal(0), 0)]
