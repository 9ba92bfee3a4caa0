"""Business hours: the days and times at which messages are answered, and how much of a span of time lies in them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_Window = tuple[int, int]
"""The first millisecond of a day's business hours, and the one after the last; equal on a day without any."""


def local_time(at: int, zone: tzinfo | None) -> datetime:
    """Return a time in milliseconds as the clocks of a zone show it; None is the zone of this machine."""
    return datetime.fromtimestamp(at // 1000, UTC).astimezone(zone)


def zone_name(zone: tzinfo | None, at: int) -> str:
    """Return what a zone is called; None is the zone of this machine, which has the name of its clocks at that time."""
    return str(zone or local_time(at, None).tzname())


@dataclass(frozen=True)
class BusinessHours:
    """The same hours on some days of the week, in one zone. There are no holidays.

    `days` are weekdays, 0 is Monday; `opens` and `closes` are minutes after midnight, the latter up to 1,440.
    """

    days: frozenset[int]
    opens: int
    closes: int
    zone: tzinfo
    _windows: dict[date, _Window] = field(default_factory=dict, repr=False, compare=False)

    def between(self, begin: int, end: int) -> int:
        """Return how many milliseconds of business hours lie between two times in ms; 0 where `end` comes first."""
        day, last = local_time(begin, self.zone).date(), local_time(end, self.zone).date()
        total = 0
        while day <= last:
            opens, closes = self._window(day)
            total += max(min(end, closes) - max(begin, opens), 0)
            day += timedelta(days=1)
        return total

    def __str__(self) -> str:
        """Return the hours in words: `Mon to Fri 09:00 to 17:00 Europe/Berlin`."""
        days = sorted(self.days)
        in_a_row = len(days) > 2 and days == list(range(days[0], days[-1] + 1))
        named = f"{WEEKDAYS[days[0]]} to {WEEKDAYS[days[-1]]}" if in_a_row else ", ".join(WEEKDAYS[day] for day in days)
        return f"{named} {_clock(self.opens)} to {_clock(self.closes)} {self.zone}"

    def _window(self, day: date) -> _Window:
        if day not in self._windows:
            here = day.weekday() in self.days
            self._windows[day] = (self._at(day, self.opens), self._at(day, self.closes)) if here else (0, 0)
        return self._windows[day]

    def _at(self, day: date, minute: int) -> int:
        """Return the time in ms at which the clocks of that day show so many minutes after midnight."""
        later, minute = divmod(minute, 1_440)
        moment = datetime.combine(day + timedelta(days=later), time(minute // 60, minute % 60), self.zone)
        return int(moment.timestamp()) * 1000


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
