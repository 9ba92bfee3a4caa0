"""The report on support: volume, who waits, and how long first answers and resolutions take, by agent, day and hour.

One pass: every conversation is looked at, and the messages are read of those that changed in the time reported on.
"""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo

from commercive_cli.domain.answers.report import AgentFigures, Backlog, ChatReport, DayFigures, HourFigures
from commercive_cli.domain.attributes import UNREADABLE
from commercive_cli.domain.business_hours import BusinessHours, local_time, zone_name
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.figures import percentiles
from commercive_cli.domain.models import Conversation, Message
from commercive_cli.services.access.reported_span import reported_span
from commercive_cli.services.chat.snoozing import all_due
from commercive_cli.services.chat.threads import open_messages, scan_conversations, stream_threads
from commercive_cli.services.chat.waiting import ANSWERING, ASKING, AUTOMATIC
from commercive_cli.services.chat.waiting_index import is_put_off, is_waiting
from commercive_cli.store.port import Store

HOUR = 3_600_000
AGES = (("under 1h", HOUR), ("1h to 4h", 4 * HOUR), ("4h to 24h", 24 * HOUR), ("over 24h", None))
"""The ages in which the backlog is counted, and the time in ms at which each ends."""

_COUNTED = (UNREADABLE, "sender_type", "sender_id", "created_at")
"""Attributes of a message without which it cannot be counted."""


@dataclass(frozen=True)
class ReportService:
    """Makes reports. Durations are of `business_hours`, or without any by the clock."""

    store: Store
    clock: Clock = system_clock
    business_hours: BusinessHours | None = None

    @property
    def zone(self) -> tzinfo | None:
        """The zone of days and hours: that of the business hours, or None for that of this machine."""
        return self.business_hours.zone if self.business_hours else None

    def report(
        self, since: int, until: int | None = None, *, on_progress: Callable[[int], None] = lambda _: None
    ) -> ChatReport:
        """Return the figures from `since` to `until` (ms, inclusive; None, or a time to come, for now).

        `on_progress` is called with the number of conversations just looked at. Raises Invalid when the time ends
        before it begins, or after more than 3,660 days.
        """
        now = self.clock()
        figures = _Figures(*reported_span(since, until, now), now, self.business_hours)
        for conversation, messages in stream_threads(self.store, self._read(figures, on_progress), open_messages):
            figures.add(conversation, messages)
        return figures.report()

    def _read(self, figures: "_Figures", on_progress: Callable[[int], None]) -> Iterator[Conversation]:
        """Yield the conversations whose messages are read; of the others it is only counted whether they wait."""
        ended = {snooze.conversation_id for snooze in all_due(self.store, figures.now)}
        for conversation in scan_conversations(self.store):
            on_progress(1)
            figures.add_waiting(conversation, put_off=is_put_off(conversation, ended))
            if conversation.updated_at >= figures.since or "updated_at" in conversation.damaged:
                yield conversation


@dataclass
class _Agent:
    """One agent's answers, and the durations in ms, in 8 bytes each."""

    answers: int = 0
    first_answers: "array[int]" = field(default_factory=lambda: array("q"))
    resolved: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, other: "_Agent") -> None:
        self.answers += other.answers
        self.first_answers.extend(other.first_answers)
        self.resolved.extend(other.resolved)

    def figures(self, name: str) -> AgentFigures:
        first_p50, first_p90 = percentiles(self.first_answers, 50, 90)
        resolved_p50, resolved_p90 = percentiles(self.resolved, 50, 90)
        return AgentFigures(
            agent=name,
            answers=self.answers,
            first_answers=len(self.first_answers),
            first_answer_p50_ms=first_p50,
            first_answer_p90_ms=first_p90,
            resolved=len(self.resolved),
            resolved_p50_ms=resolved_p50,
            resolved_p90_ms=resolved_p90,
        )


@dataclass
class _Figures:
    """What has been counted so far."""

    since: int
    until: int
    now: int
    business_hours: BusinessHours | None
    messages: int = 0
    conversations: int = 0
    automatic: int = 0
    damaged: int = 0
    agents: defaultdict[str, _Agent] = field(default_factory=lambda: defaultdict(_Agent))
    waiting: list[int] = field(default_factory=lambda: [0] * len(AGES))
    put_off: int = 0

    def __post_init__(self) -> None:
        self._zone = self.business_hours.zone if self.business_hours else None
        first, last = local_time(self.since, self._zone).date(), local_time(self.until, self._zone).date()
        self._first_day: date = first
        self._days = [[0, 0] for _ in range((last - first).days + 1)]
        self._hours = [[0, 0] for _ in range(24)]

    def add_waiting(self, conversation: Conversation, *, put_off: bool) -> None:
        """Count a conversation into the backlog if its user waits for an answer, and nobody has put that off."""
        if is_waiting(conversation) and put_off:
            self.put_off += 1
        elif is_waiting(conversation):
            age = self.now - (conversation.waiting_since or conversation.updated_at)
            self.waiting[next(place for place, (_, end) in enumerate(AGES) if end is None or age < end)] += 1

    def add(self, conversation: Conversation, messages: Iterable[Message]) -> None:
        """Count a conversation's messages, its first answer and its resolution."""
        asked: int | None = None
        answered = False
        before = self.messages
        for message in messages:
            at = message.created_at
            if at < 0 or any(name in message.damaged for name in _COUNTED):
                self.damaged += 1
                continue
            if at > self.until:
                continue
            self._count(message)
            if message.sender_type == ASKING and asked is None:
                asked = at
            elif message.sender_type == ANSWERING and asked is not None and not answered:
                answered = True
                if at >= self.since:
                    self.agents[message.sender_id].first_answers.append(self._duration(asked, at))
        self.conversations += self.messages > before
        self._add_resolution(conversation, asked)

    def _add_resolution(self, conversation: Conversation, asked: int | None) -> None:
        closed_at = conversation.closed_at if conversation.status == "closed" else None
        if any(name in conversation.damaged for name in (UNREADABLE, "status", "closed_at", "closed_by")):
            self.damaged += 1
        elif asked is not None and closed_at is not None and self.since <= closed_at <= self.until:
            self.agents[conversation.closed_by or ""].resolved.append(self._duration(asked, closed_at))

    def _count(self, message: Message) -> None:
        if message.created_at < self.since:
            return
        if message.sender_type == AUTOMATIC:
            self.automatic += 1
        elif message.sender_type in (ASKING, ANSWERING):
            here, column = local_time(message.created_at, self._zone), int(message.sender_type == ANSWERING)
            self._days[(here.date() - self._first_day).days][column] += 1
            self._hours[here.hour][column] += 1
            if message.sender_type == ANSWERING:
                self.agents[message.sender_id].answers += 1
            else:
                self.messages += 1

    def _duration(self, begin: int, end: int) -> int:
        return self.business_hours.between(begin, end) if self.business_hours else max(end - begin, 0)

    def report(self) -> ChatReport:
        """Return the figures."""
        every = _Agent()
        for agent in self.agents.values():
            every.add(agent)
        by_answers = sorted(self.agents.items(), key=lambda pair: (-pair[1].answers, pair[0]))
        return ChatReport(
            since=self.since,
            until=self.until,
            at=self.now,
            zone=zone_name(self._zone, self.until),
            business_hours=str(self.business_hours) if self.business_hours else None,
            messages=self.messages,
            conversations=self.conversations,
            automatic=self.automatic,
            damaged=self.damaged,
            agents=[agent.figures(name) for name, agent in by_answers],
            total=every.figures("all"),
            backlog=[Backlog(age=age, waiting=count) for (age, _), count in zip(AGES, self.waiting, strict=True)],
            put_off=self.put_off,
            days=[
                DayFigures(day=str(self._first_day + timedelta(days=place)), messages=messages, answers=answers)
                for place, (messages, answers) in enumerate(self._days)
            ],
            hours=[
                HourFigures(hour=hour, messages=messages, answers=answers)
                for hour, (messages, answers) in enumerate(self._hours)
            ],
        )
