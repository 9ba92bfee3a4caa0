"""Times for people: distances in lists, the local clock in threads and sentences, or as `--time` says."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from commercive_cli.cli.render.formats import TimeStyle

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = ((86_400_000, "d", "day"), (3_600_000, "h", "hour"), (60_000, "m", "minute"), (1_000, "s", "second"))
_OLDEST_DISTANCE = 60 * 86_400_000


@dataclass(frozen=True)
class Moments:
    """Writes times in milliseconds as seen from `now`; `zone` is that of this machine if None."""

    now: int
    style: TimeStyle | None = None
    zone: tzinfo | None = None

    def in_list(self, at: int) -> str:
        """Return a time for a cell of a list: `2d`, `in 3h`, or a date when it is two months away."""
        if self.style not in (None, "relative"):
            return self.exact(at)
        if abs(self.now - at) >= _OLDEST_DISTANCE:
            return self._date(at)
        return distance(self.now - at) if at <= self.now else f"in {distance(at - self.now)}"

    def in_thread(self, at: int) -> str:
        """Return a time for a turn under its day: `09:31`."""
        if self.style in (None, "local", "utc"):
            moment = self._moment(at)
            return f"{moment:%H:%M}{self._mark}" if moment else str(at)
        return self.exact(at) if self.style == "iso" else f"{self.in_list(at)} ago"

    def in_log(self, at: int) -> str:
        """Return a time for a line of a log under its day: `09:31:07`."""
        moment = self._moment(at)
        if moment is None or self.style not in (None, "local", "utc"):
            return self.in_thread(at)
        return f"{moment:%H:%M:%S}{self._mark}"

    def exact(self, at: int) -> str:
        """Return a day and time: `Fri 27 Nov 09:31`, with the year if it is another one."""
        moment = self._moment(at)
        if self.style == "iso" or moment is None:
            return rfc3339(at)
        return f"{self.day(at)} {moment:%H:%M}{self._mark}"

    def until(self, at: int) -> str:
        """Return a time ahead: `09:46`, with the day unless it is today."""
        moment, today = self._moment(at), self._moment(self.now)
        if self.style == "iso" or moment is None or today is None or moment.date() != today.date():
            return self.exact(at)
        return f"{moment:%H:%M}{self._mark}"

    def day(self, at: int) -> str:
        """Return the day: `Fri 27 Nov`, with the year if it is another one."""
        moment = self._moment(at)
        return f"{_DAYS[moment.weekday()]} {self._date(at)}" if moment else str(at)

    @property
    def _mark(self) -> str:
        return "Z" if self.style == "utc" else ""

    def _date(self, at: int) -> str:
        moment, today = self._moment(at), self._moment(self.now)
        if moment is None:
            return str(at)
        year = "" if today and today.year == moment.year else f" {moment.year}"
        return f"{moment.day} {_MONTHS[moment.month - 1]}{year}"

    def _moment(self, at: int) -> datetime | None:
        try:
            moment = datetime.fromtimestamp(at // 1000, UTC)
            return moment if self.style == "utc" else moment.astimezone(self.zone)
        except (ValueError, OverflowError, OSError):
            return None


def distance(milliseconds: int) -> str:
    """Return a duration in its largest whole unit: `2d`, `19h`, `42m`, `5s`."""
    for unit, letter, _ in _UNITS:
        if milliseconds >= unit:
            return f"{milliseconds // unit}{letter}"
    return "0s"


def duration(milliseconds: int) -> str:
    """Return how long something took: `1m 04s`, `2h 05m`."""
    seconds = milliseconds // 1_000
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3_600:
        return f"{seconds // 60}m {seconds % 60:02}s"
    return f"{seconds // 3_600}h {seconds % 3_600 // 60:02}m"


def distance_in_words(milliseconds: int) -> str:
    """Return a duration in its largest whole unit, in words: `2 days`."""
    for unit, _, word in _UNITS:
        if milliseconds >= unit:
            amount = milliseconds // unit
            return f"{amount} {word}{'' if amount == 1 else 's'}"
    return "0 seconds"


def rfc3339(at: int) -> str:
    """Return a time in milliseconds as RFC 3339 in UTC, or the number itself when it is no date that Python has."""
    try:
        moment = datetime.fromtimestamp(at // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return str(at)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z".rjust(24, "0")
