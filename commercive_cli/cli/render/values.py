"""Values as text: whole and with RFC 3339 times for machines, short and with relative times for people."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from commercive_cli.cli.render.columns import Column
from commercive_cli.domain.money import CENT

_STEPS = (
    (60_000, 1_000, "s"),
    (3_600_000, 60_000, "m"),
    (86_400_000, 3_600_000, "h"),
    (2_592_000_000, 86_400_000, "d"),
)


def plain(column: Column, record: Any) -> str:
    """Return a record's value for machines: complete and not escaped; empty when there is none."""
    value = column.value(record)
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() if column.kind == "time":
            return rfc3339(value)
        case Decimal() if column.kind == "money":
            return str(value.quantize(CENT))
        case dict():
            return json.dumps(value, ensure_ascii=False, default=_number)
        case list() | tuple():
            return "; ".join(map(str, value))
    return str(value)


def friendly(column: Column, record: Any, now: int) -> str:
    """Return a record's value for people; `now` (ms) is what times are relative to."""
    value = column.value(record)
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case int() if column.kind == "time":
            return relative(value, now)
        case int() if column.kind == "count":
            return f"{value:,}"
        case Decimal() if column.kind == "money":
            return f"{value:,.2f}"
        case dict():
            return ", ".join(f"{name}={each}" for name, each in value.items()) or "-"
    return plain(column, record)


def rfc3339(at: int) -> str:
    """Return a time in milliseconds as RFC 3339 in UTC, or the number itself when it is no date that Python has."""
    try:
        moment = datetime.fromtimestamp(at // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return str(at)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z".rjust(24, "0")


def relative(at: int, now: int) -> str:
    """Return a time as a duration from now, such as `3m ago`, or as a date when it is over 30 days away."""
    duration = abs(now - at)
    for below, unit, letter in _STEPS:
        if duration < below:
            amount = f"{duration // unit}{letter}"
            return f"{amount} ago" if at <= now else f"in {amount}"
    return rfc3339(at)[:10]


def _number(value: object) -> float | str:
    return float(value) if isinstance(value, Decimal) else str(value)
