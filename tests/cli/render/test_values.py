"""Values as people and as machines read them."""

from decimal import Decimal

import pytest

from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.values import friendly, plain, relative, rfc3339

NOW = 1_800_000_000_000
RECORD = {"t": NOW, "money": Decimal("1234.5"), "n": 12345, "yes": True, "d": {"a": Decimal("2.5")}, "list": ("x", "y")}


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (NOW, "0s ago"),
        (NOW - 59_999, "59s ago"),
        (NOW - 180_000, "3m ago"),
        (NOW - 7_200_000, "2h ago"),
        (NOW - 86_400_000 * 29, "29d ago"),
        (NOW - 86_400_000 * 30, "2026-12-16"),
        (NOW + 180_000, "in 3m"),
    ],
)
def test_people_read_distances(at: int, text: str) -> None:
    """Recent times are distances, older ones dates."""
    assert text == relative(at, NOW)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_375_943_231, "2026-11-22T19:32:23.231Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (10**20, "100000000000000000000"),
    ],
)
def test_machines_read_rfc_3339(at: int, text: str) -> None:
    """Times keep their milliseconds; a number beyond all dates is shown as a number."""
    assert text == rfc3339(at)


@pytest.mark.parametrize(
    ("column", "machine", "person"),
    [
        (Column("t", "time"), "2027-01-15T08:00:00.000Z", "0s ago"),
        (Column("money", "money"), "1234.50", "1,234.50"),
        (Column("n", "count"), "12345", "12,345"),
        (Column("yes", "flag"), "true", "yes"),
        (Column("d"), '{"a": 2.5}', "a=2.5"),
        (Column("list"), "x; y", "x; y"),
        (Column("none"), "", "-"),
        (Column("deep", path="d.a"), "2.5", "2.5"),
        (Column("deeper", path="d.b.c"), "", "-"),
    ],
)
def test_each_kind_of_value(column: Column, machine: str, person: str) -> None:
    """Machines get whole values, people get short ones."""
    assert (machine, person) == (plain(column, RECORD), friendly(column, RECORD, NOW))
