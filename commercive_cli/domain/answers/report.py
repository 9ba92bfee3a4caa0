"""The answer of `chat report`: how much was written, how fast it was answered, and who waits now."""

from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.models import Sparse


class AgentFigures(Sparse):
    """What one agent did, or all of them. Durations are ms, of business hours where there are any.

    Percentiles are of the nearest rank, so each is a duration that was measured; there is none of nothing.
    """

    agent: str
    answers: int = 0
    first_answers: int = 0
    first_answer_p50_ms: int | None = None
    first_answer_p90_ms: int | None = None
    resolved: int = 0
    resolved_p50_ms: int | None = None
    resolved_p90_ms: int | None = None


class Backlog(Sparse):
    """How many conversations have waited for so long."""

    age: str
    waiting: int = 0


class DayFigures(Sparse):
    """The messages of one day: by users, and answers."""

    day: str
    messages: int = 0
    answers: int = 0


class HourFigures(Sparse):
    """The messages in one hour of the day, over all days: by users, and answers."""

    hour: int
    messages: int = 0
    answers: int = 0


class ChatReport(Answer):
    """The figures of the time from `since` to `until` (ms, both inclusive), and who waits at `at`.

    `messages` are those of users, in so many `conversations`. `automatic` answers are counted nowhere else, and
    `damaged` messages and conversations nowhere at all. `put_off` are conversations that would wait otherwise. Days and
    hours are those of `zone`; `business_hours` says in words which hours count in durations, None for all.
    """

    since: int
    until: int
    at: int
    zone: str
    business_hours: str | None
    messages: int
    conversations: int
    automatic: int
    damaged: int
    agents: list[AgentFigures]
    total: AgentFigures
    backlog: list[Backlog]
    put_off: int
    days: list[DayFigures]
    hours: list[HourFigures]
