"""Reads the business hours of the config file: the table `[business_hours]` with days, from, to and zone."""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from commercive_cli.domain.business_hours import WEEKDAYS, BusinessHours
from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Invalid, Misconfigured
from commercive_cli.domain.quoting import quoted
from commercive_cli.settings.config_file import BusinessHoursTable

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00", re.ASCII)
_MIDNIGHT = 1_440


def read_business_hours(table: BusinessHoursTable) -> BusinessHours:
    """Return the business hours; raise Invalid, with the key as its field, when a value is wrong."""
    opens, closes = _minute(table.opens, "from"), _minute(table.closes, "to")
    if opens >= closes:
        raise _wrong("to", f"{table.closes} is not behind from, {table.opens}; hours over midnight are not supported")
    return BusinessHours(_days(table.days), opens, closes, _zone(table.zone))


def configured_hours(table: BusinessHoursTable | None) -> BusinessHours | None:
    """Return the business hours if there are any; raise Misconfigured when a value is wrong."""
    try:
        return None if table is None else read_business_hours(table)
    except Invalid as wrong:
        raise Misconfigured(wrong.message) from None


def _days(days: list[str]) -> frozenset[int]:
    if not days:
        raise _wrong("days", "has no day; remove the table where every hour counts")
    named = [choose(day.strip().capitalize(), WEEKDAYS, "business_hours.days") for day in days]
    return frozenset(map(WEEKDAYS.index, named))


def _minute(clock: str, key: str) -> int:
    """Return the minutes after midnight."""
    found = _CLOCK.fullmatch(clock)
    if found is None:
        raise _wrong(key, f"{quoted(clock)} is no time of a day; write 09:00, at most 24:00")
    return int(found[1]) * 60 + int(found[2]) if found[1] else _MIDNIGHT


def _zone(name: str | None) -> ZoneInfo:
    if name is None:
        raise _wrong("zone", 'is missing; write zone = "Europe/Berlin"')
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _wrong("zone", f"{quoted(name)} is no time zone of this machine; write Europe/Berlin or UTC") from None


def _wrong(key: str, how: str) -> Invalid:
    return Invalid(f"business_hours.{key} {how}", field=f"business_hours.{key}")
