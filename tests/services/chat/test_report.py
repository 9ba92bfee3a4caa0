"""The report on support: its figures equal those that were computed by hand, over both engines."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from commercive_cli.domain.answers.report import AgentFigures, ChatReport
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.access.reported_span import MOST_DAYS
from commercive_cli.services.chat.report import ReportService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import MESSAGES
from tests.services.chat import week
from tests.services.chat.week import NOW, OFFICE, SINCE, UNTIL
from tests.services.fakes import Intervening, ManualClock

M, H, DAY = 60_000, 3_600_000, 86_400_000


def service(store: Store) -> ReportService:
    return ReportService(store, lambda: NOW, OFFICE)


def figures(agent: str, answers: int, first: tuple[int, Any, Any], resolved: tuple[int, Any, Any]) -> AgentFigures:
    return AgentFigures(
        agent=agent,
        answers=answers,
        first_answers=first[0],
        first_answer_p50_ms=first[1],
        first_answer_p90_ms=first[2],
        resolved=resolved[0],
        resolved_p50_ms=resolved[1],
        resolved_p90_ms=resolved[2],
    )


@pytest.fixture
def report(either: Store) -> ChatReport:
    week.fill(either)
    return service(either).report(SINCE, UNTIL)


def test_the_figures_of_agents_are_those_computed_by_hand(report: ChatReport) -> None:
    """Reopened, noted, automatic, out-of-hours and early answers count as the help of `chat report` says."""
    # First answers of jonas: 30 m; 5 m; from Friday 16:00 to Monday 09:30, 1 h 30 m of business hours; 2 m.
    # First answers of mira: from Wednesday 18:00 to Thursday 09:15, 15 m; 40 m; 30 m after the question.
    # Resolved by jonas: from 10:00 to 12:00; from Tuesday 09:00 to Wednesday 11:00, the second closing, 8 h and 2 h.
    # Resolved by mira: from Wednesday 18:00 to Friday 10:00, 8 h and 1 h.
    jonas = figures("jonas", 6, (4, 5 * M, 90 * M), (2, 2 * H, 10 * H))
    mira = figures("mira", 4, (3, 30 * M, 40 * M), (1, 9 * H, 9 * H))

    assert [jonas, mira] == report.agents
    assert figures("all", 10, (7, 30 * M, 90 * M), (3, 9 * H, 10 * H)) == report.total


def test_the_volume_is_that_counted_by_hand(report: ChatReport) -> None:
    """Messages by users, the conversations that they are in, and what is not counted with them."""
    assert (11, 8) == (report.messages, report.conversations)
    assert (2, 1) == (report.automatic, report.damaged)


def test_the_backlog_is_who_waits_now(report: ChatReport) -> None:
    """Also those who wait since before or after the time reported on; who was answered automatically does not wait.

    Who is put off is counted apart until that has ended, whether or not somebody has moved it back.
    """
    assert 1 == report.put_off
    assert [("under 1h", 1), ("1h to 4h", 1), ("4h to 24h", 0), ("over 24h", 2)] == [
        (each.age, each.waiting) for each in report.backlog
    ]


def test_days_and_hours_are_those_of_the_business_hours(report: ChatReport) -> None:
    """Each day of the time reported on has a row, also without messages, and each hour of the day."""
    days = [(each.day[-2:], each.messages, each.answers) for each in report.days]
    hours = {each.hour: each.messages for each in report.hours if each.messages}

    assert [
        ("16", 3, 4), ("17", 3, 3), ("18", 2, 0), ("19", 1, 3), ("20", 1, 0), ("21", 1, 0), ("22", 0, 0),
    ] == days  # fmt: skip
    assert {9: 1, 10: 1, 11: 1, 12: 3, 13: 1, 16: 2, 18: 1, 20: 1} == hours
    assert list(range(24)) == [each.hour for each in report.hours]


def test_without_business_hours_all_hours_count(store: Store) -> None:
    """From Wednesday 18:00 to Thursday 09:15 are then 15 hours and a quarter."""
    week.fill(store)
    report = ReportService(store, lambda: NOW).report(SINCE, UNTIL)

    assert None is report.business_hours
    assert 15 * H + 15 * M == report.agents[1].first_answer_p90_ms


def test_what_did_not_change_is_not_read(store: Store) -> None:
    """Every conversation is looked at in one scan, and only the messages of those that changed are asked for."""
    week.fill(store)
    asked = Intervening(store)
    service(asked).report(SINCE, UNTIL)

    assert ["query", "scan", *["query"] * (len(week.WEEK) - 1)] == asked.calls


def test_a_conversation_that_changes_meanwhile_is_counted_once(store: Store, clock: ManualClock) -> None:
    """A change moves it to another place in every index; the report reads none, so it neither misses nor repeats it."""
    week.fill(store)
    clock.now = NOW
    chat, asked = ChatService(store, clock), Intervening(store)
    for conversation, _ in week.WEEK[3:6]:
        asked.before("query", partial(chat.close, conversation["conversation_id"], "late"))
    report = service(asked).report(SINCE, UNTIL)

    assert (11, 8, 10) == (report.messages, report.conversations, report.total.answers)


def test_progress_tells_every_conversation(store: Store) -> None:
    """Whoever waits for a long report sees how far it is."""
    week.fill(store)
    seen: list[int] = []
    service(store).report(SINCE, UNTIL, on_progress=seen.append)

    assert len(week.WEEK) == sum(seen)


def test_a_time_of_no_year_does_no_harm(store: Store) -> None:
    """A message from before 1970, or from a year that no calendar has, is left out and the rest is counted."""
    week.fill(store)
    first = week.ANSWERED[1][0]
    odd = [{**first, "message_id": f"0-{at}", "created_at": at} for at in (-(10**15), 10**17)]
    store.batch_put(MESSAGES, odd)
    report = service(store).report(SINCE, UNTIL)

    assert (11, 2) == (report.messages, report.damaged)


def test_an_empty_store_has_a_report(store: Store) -> None:
    """Nothing was written, nobody waits, and there are no percentiles of nothing."""
    report = service(store).report(SINCE, UNTIL)

    assert ([], figures("all", 0, (0, None, None), (0, None, None))) == (report.agents, report.total)
    assert 0 == report.messages + sum(each.waiting for each in report.backlog)


@pytest.mark.parametrize(
    ("since", "until"),
    [(UNTIL, SINCE), (NOW + 1, None), (NOW + 1, NOW + 2), (NOW - (MOST_DAYS + 1) * DAY, NOW)],
)
def test_a_time_that_cannot_be_reported_on_is_refused(store: Store, since: int, until: int | None) -> None:
    """One that ends before it begins, lies in the future, or is longer than ten years."""
    with pytest.raises(Invalid, match="since"):
        service(store).report(since, until)


def test_a_time_to_come_ends_now(store: Store) -> None:
    """`--until` later today means until now."""
    week.fill(store)

    assert service(store).report(SINCE, None) == replace(service(store)).report(SINCE, NOW + DAY)
