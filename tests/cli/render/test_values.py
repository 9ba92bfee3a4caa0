"""Values as people and as machines read them."""

from decimal import Decimal

import pytest
from rich.console import Console

from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.moments import Moments, rfc3339
from commercive_cli.cli.render.values import friendly, plain

NOW = 1_800_000_000_000
RECORD = {
    "t": NOW,
    "money": Decimal("1234.5"),
    "huge": Decimal("1E+30"),
    "n": 12345,
    "yes": True,
    "d": {"a": Decimal("2.5")},
    "list": ("x", "y"),
}


DISPLAY = Display(Console(), Moments(NOW))


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
        (Column("t", "time"), "2027-01-15T08:00:00.000Z", "0s"),
        (Column("money", "money"), "1234.50", "1,234.50"),
        (Column("huge", "money"), f"1{'0' * 30}.00", f"1{',000' * 10}.00"),
        (Column("n", "count"), "12345", "12,345"),
        (Column("yes", "flag"), "true", "yes"),
        (Column("d"), '{"a": 2.5}', "2.50"),
        (Column("list"), "x; y", "x; y"),
        (Column("none"), "", "-"),
        (Column("deep", path="d.a"), "2.5", "2.5"),
        (Column("deeper", path="d.b.c"), "", "-"),
    ],
)
def test_each_kind_of_value(column: Column, machine: str, person: str) -> None:
    """Machines get whole values, people get short ones."""
    assert (machine, person) == (plain(column, RECORD), friendly(column, RECORD, DISPLAY))
