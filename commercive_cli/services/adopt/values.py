"""Single values as the former backend may have stored them, read for what they were meant to be."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

from commercive_cli.domain.money import CENT, LARGEST_AMOUNT
from commercive_cli.store.items import item_text, number_text

_UNITS = (Decimal(1000), Decimal(1), Decimal("0.001"), Decimal("0.000001"))
"""Milliseconds in a second, in themselves, and in what finer clocks tell: micro- and nanoseconds."""

_EARLIEST, _LATEST = 946_684_800_000, 4_102_444_800_000
"""2000 and 2100. Within these, no number tells a time in more than one of the units."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}


def as_time(value: object) -> int | None:
    """Return the time (ms) that a number in any unit, ISO 8601 or an HTTP date tells; None when it tells none.

    Times without a zone are in UTC.
    """
    if type(value) is int and _EARLIEST <= value < _LATEST:  # as nearly all are
        return value
    number = as_number(value)
    if number is not None:
        told = (int(number * unit) for unit in _UNITS)
        return next((each for each in told if _EARLIEST <= each < _LATEST), None)
    return _dated(value.strip()) if isinstance(value, str) else None


def _dated(text: str) -> int | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            at = (aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000
        except (ValueError, OverflowError, TypeError):
            continue
        return round(at) if _EARLIEST <= at < _LATEST else None
    return None


def as_number(value: object) -> Decimal | None:
    """Return the number that is stored, or spelled by a text; None when there is none."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        try:
            return Decimal(value.strip())
        except InvalidOperation:
            return None
    return None


def as_count(value: object) -> int | None:
    """Return the whole number that is stored or spelled, which may be below zero."""
    number = as_number(value)
    return int(number) if number is not None and number == number.to_integral_value() else None


def as_flag(value: object) -> bool | None:
    """Return what a flag says in whatever form, None when it says neither."""
    if isinstance(value, bool):
        return value
    number = as_number(value)
    return _FLAGS.get(number_text(number) if number is not None else str(value).strip().casefold())


def as_text(value: object) -> str:
    """Return what stands where text belongs: a number's digits, anything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True)


def as_cents(value: object) -> Decimal | None:
    """Return an amount in USD rounded half up to cents, None for what is no amount of 0 to 1,000,000."""
    number = as_number(value)
    if number is None or not 0 <= number <= LARGEST_AMOUNT:
        return None
    return number.quantize(CENT, ROUND_HALF_UP)


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return number_text(value)
    if value is None or isinstance(value, bool | str):
        return value
    return json.loads(item_text({"": value}))[""]  # bytes in base64, as exports spell them
