"""Parses times as users type them: a duration before now, a day or a time here, RFC 3339, or epoch milliseconds."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])", re.ASCII)
_MILLISECONDS = re.compile(r"[0-9]{11,15}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME = re.compile(rf"{_DAY.pattern}[Tt ][0-9]{{2}}:[0-9]{{2}}(:[0-9.]+)?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})?", re.ASCII)
_DAYS_AGO = {"today": 0, "yesterday": 1}
_FORMS = "7d, 12h, today, yesterday, 2026-11-01, '2026-11-01 09:30', 2026-11-01T09:30:00Z or epoch milliseconds"


def parse_time(
    text: str | None, option: str, now: int, *, whole_day: bool = False, zone: tzinfo | None = None
) -> int | None:
    """Return the time in epoch milliseconds, None for None; raise Invalid naming the option and an example.

    A day is its midnight in `zone` (None: that of this machine), or with `whole_day` its last millisecond. A time
    without a UTC offset is one in that zone.
    """
    if text is None:
        return None
    typed = text.strip()
    if duration := _DURATION.fullmatch(typed):
        return max(now - int(duration[1]) * _UNITS[duration[2]], 0)
    if _MILLISECONDS.fullmatch(typed):
        return int(typed)
    try:
        return _calendar(typed, now, zone, whole_day=whole_day)
    except (ValueError, OverflowError, OSError):
        raise Invalid(f"{option} {quoted(text)} is not a time; write {_FORMS}") from None


def parse_time_ahead(
    text: str, option: str, now: int, *, zone: tzinfo | None = None, may_have_passed: bool = False
) -> int:
    """Return a time ahead in epoch milliseconds, where a duration counts forward and a day means its start.

    Raises Invalid naming the option for what is no time, and for a time that has passed, unless it `may_have_passed`.
    """
    typed = text.strip()
    if duration := _DURATION.fullmatch(typed):
        at = now + int(duration[1]) * _UNITS[duration[2]]
    elif typed.lower() == "tomorrow":
        at = _milliseconds(_here(_midnight(now, 1, zone), zone))
    else:
        at = parse_time(text, option, now, zone=zone) or 0
    if at <= now and not may_have_passed:
        raise Invalid(f"{option} {quoted(text)} has passed; write 3d, tomorrow, 2027-01-31 or another time ahead")
    return at


def parse_moment(text: str | None, option: str) -> int | None:
    """Return the epoch milliseconds of a time as answers show it, None for None; raise Invalid naming the option."""
    if text is None:
        return None
    typed = text.strip()
    if _MILLISECONDS.fullmatch(typed):
        return int(typed)
    try:
        return _milliseconds(datetime.fromisoformat(typed.upper()))
    except (ValueError, TypeError):  # it is no time, or one without a UTC offset
        raise Invalid(
            f"{option} {quoted(text)} is no time of an answer; write 1793525400123 or 2026-11-01T09:30:00.123Z"
        ) from None


def parse_duration(text: str, option: str) -> int:
    """Return the milliseconds of a duration such as `7d`; raise Invalid naming the option and an example."""
    duration = _DURATION.fullmatch(text.strip())
    if duration is None:
        raise Invalid(f"{option} {quoted(text)} is not a duration; write 7d, 12h or 30m")
    return int(duration[1]) * _UNITS[duration[2]]


def _calendar(text: str, now: int, zone: tzinfo | None, *, whole_day: bool) -> int:
    if _TIME.fullmatch(text):
        moment = datetime.fromisoformat(text.upper())
        return _milliseconds(moment if moment.tzinfo else _here(moment, zone))
    if text.lower() in _DAYS_AGO:
        day = _midnight(now, -_DAYS_AGO[text.lower()], zone)
    elif _DAY.fullmatch(text):
        day = datetime.fromisoformat(text)
    else:
        raise ValueError(text)
    # The next midnight, not 24 hours later: a day may have 23 or 25.
    return _milliseconds(_here(day + timedelta(days=1), zone)) - 1 if whole_day else _milliseconds(_here(day, zone))


def _midnight(now: int, days: int, zone: tzinfo | None) -> datetime:
    """Return the midnight of today or of so many days later, in local time."""
    today = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone).replace(tzinfo=None)
    return today.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)


def _here(moment: datetime, zone: tzinfo | None) -> datetime:
    return moment.replace(tzinfo=zone) if zone else moment.astimezone()


def _milliseconds(moment: datetime) -> int:
    since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since_epoch // timedelta(milliseconds=1)
