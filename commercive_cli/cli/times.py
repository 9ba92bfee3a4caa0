"""Parses times as users type them: a duration before now, a date, RFC 3339, or epoch milliseconds."""

import re
from datetime import UTC, datetime

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])", re.ASCII)
_MILLISECONDS = re.compile(r"[0-9]{11,15}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9:.]+([Zz]|[+-][0-9]{2}:[0-9]{2}))?", re.ASCII)


def parse_time(text: str | None, option: str, now: int) -> int | None:
    """Return the time in epoch milliseconds, None for None; raise Invalid naming the option and an example.

    A date without a time is its midnight in UTC; a time without a UTC offset is refused as ambiguous.
    """
    if text is None:
        return None
    typed = text.strip()
    if duration := _DURATION.fullmatch(typed):
        return max(now - int(duration[1]) * _UNITS[duration[2]], 0)
    if _MILLISECONDS.fullmatch(typed):
        return int(typed)
    moment = _calendar(typed)
    if moment is None:
        raise Invalid(
            f"{option} {quoted(text)} is not a time; write 7d, 12h, 30m, 2026-11-01, 2026-11-01T09:30:00Z "
            "or epoch milliseconds"
        )
    return moment


def parse_duration(text: str, option: str) -> int:
    """Return the milliseconds of a duration such as `7d`; raise Invalid naming the option and an example."""
    duration = _DURATION.fullmatch(text.strip())
    if duration is None:
        raise Invalid(f"{option} {quoted(text)} is not a duration; write 7d, 12h or 30m")
    return int(duration[1]) * _UNITS[duration[2]]


def _calendar(text: str) -> int | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since_epoch.days * 86_400_000 + since_epoch.seconds * 1000 + since_epoch.microseconds // 1000
