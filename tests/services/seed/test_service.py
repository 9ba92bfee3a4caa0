"""Generated data of any size: the same for the same plan, with correct counters and realistic distributions."""

import json
import re
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.errors import Conflict
from commercive_cli.domain.ids import created_at_of
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.seed.affiliates import affiliate_items
from commercive_cli.services.seed.conversations import conversation_items
from commercive_cli.services.seed.plan import FIXED_UNTIL, SPAN_DAYS, Plan, demo_plan, usual_conversations, zipf_shares
from commercive_cli.services.seed.service import SeedService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, LEADS, MESSAGES, TABLES
from tests.services.fakes import START, Intervening, ManualClock
from tests.services.raw_data import errors_in, rows
from tests.services.transfer.stores import exported, sqlite_store

PLAN = Plan(conversations=60, messages=900, affiliates=8, leads=60, rng=3)
DAY = 86_400_000


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """Yield a second empty store."""
    with closing(sqlite_store(tmp_path / "other.db")) as store:
        yield store


def messages_of(plan: Plan) -> Iterator[Item]:
    return (item for table, item in conversation_items(plan) if table is MESSAGES)


def test_equal_plans_fill_two_stores_with_equal_data(store: Store, other: Store, tmp_path: Path) -> None:
    """The same command gives the same data on every machine, byte for byte."""
    for each in (store, other):
        SeedService(each).run(PLAN)

    assert exported(store, tmp_path / "first") == exported(other, tmp_path / "second")


def relative_to(item: Item, until: int) -> str:
    """Return an item with its times, and those in its ids, as distances from `until`."""

    def moved(found: re.Match[str]) -> str:
        at = created_at_of(found[0])
        return found[0] if at is None else f"{at - until} {found[0][14:]}"

    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", moved, json.dumps(item, default=str))
    return re.sub(r"\b1[0-9]{12}\b", lambda at: str(int(at[0]) - until), text)


@given(st.integers(1_600_000_000_000, 1_999_999_999_999))
def test_the_demo_data_is_the_same_on_every_day(until: int) -> None:
    """Names, texts, counts, amounts and order do not depend on when it is loaded; times move, and ids with them."""
    first, second = (
        [
            relative_to(item, plan.until)
            for _, item in chain(conversation_items(plan), affiliate_items(plan, "https://dashboard.example.com"))
        ]
        for plan in (demo_plan(START), demo_plan(until))
    )

    assert first == second


def test_lists_of_the_demo_data_show_the_same_on_every_day(store: Store, other: Store) -> None:
    """What lists of the demo data show, as in the README, does not depend on the day and hour of loading."""

    def listed(each: Store, now: int) -> tuple[list[str], ...]:
        clock = ManualClock(now)
        SeedService(each, clock).demo()
        shown = (
            ChatService(each, clock).list_conversations(ConversationFilter()).conversations,
            ChatService(each, clock).list_conversations(ConversationFilter("open", sort="waiting")).conversations,
            LeadService(each, clock).list_leads(LeadFilter()).leads,
            AffiliateService(each, clock).list_affiliates().affiliates,
        )
        return tuple([relative_to(record.item(), now) for record in records] for records in shown)

    assert listed(store, START) == listed(other, START + 3 * DAY + 12_345_678)


def test_another_number_makes_other_data(store: Store, other: Store) -> None:
    """Another --rng gives other data."""
    SeedService(store).run(PLAN)
    SeedService(other).run(Plan(**{**vars(PLAN), "rng": 4}))

    assert {m["message_id"] for m in rows(store, MESSAGES)}.isdisjoint(m["message_id"] for m in rows(other, MESSAGES))


def test_the_books_of_made_up_data_are_right(store: Store) -> None:
    """Neither the audit nor an independent count finds an error, and the numbers of items are those of the plan."""
    seeded = SeedService(store).run(PLAN)

    assert [] == AuditService(store).run("ops").findings
    assert [] == errors_in(store)
    assert (60, 900, 60) == tuple(len(rows(store, table)) for table in (CONVERSATIONS, MESSAGES, LEADS))
    assert seeded.changed


def test_seeding_again_changes_nothing(store: Store) -> None:
    """The same command a second time changes nothing."""
    SeedService(store).run(PLAN)
    before = [rows(store, table) for table in TABLES]

    assert not SeedService(store).run(PLAN).changed
    assert before == [rows(store, table) for table in TABLES]


def test_of_two_who_seed_the_same_at_once_one_is_told_so(store: Store) -> None:
    """A second first run writes nothing while the first one, which may take hours, is running."""
    meddled = Intervening(store)
    meddled.before("transact", lambda: SeedService(store).run(PLAN))

    with pytest.raises(Conflict, match="another command is loading this data; nothing was written"):
        SeedService(meddled).run(PLAN)
    assert [] == AuditService(store).run("ops").findings
    assert not SeedService(store).run(PLAN).changed


def test_two_who_complete_the_same_at_once_both_end_well(store: Store) -> None:
    """A killed run is completed by a rerun, also by two at once."""
    meddled = Intervening(store)
    meddled.before("batch_put", die)
    with pytest.raises(Died):
        SeedService(meddled).run(PLAN)
    meddled.before("transact", lambda: SeedService(store).run(PLAN))
    SeedService(meddled).run(PLAN)

    assert [] == AuditService(store).run("ops").findings
    assert not SeedService(store).run(PLAN).changed


class Died(BaseException):
    """Stands for a killed process."""


def die() -> None:
    raise Died


@pytest.mark.parametrize("point", range(0, 6, 2))
def test_a_run_that_died_is_completed_by_the_same_line(point: int, store: Store, other: Store, tmp_path: Path) -> None:
    """Wherever a run was killed, the rerun ends with the same data as an uninterrupted run."""
    meddled = Intervening(store)
    for _ in range(point):
        meddled.before("batch_put", lambda: None)
    meddled.before("batch_put", die)
    with pytest.raises(Died):
        SeedService(meddled).run(PLAN)
    SeedService(store).run(PLAN)
    SeedService(other).run(PLAN)

    assert exported(other, tmp_path / "whole") == exported(store, tmp_path / "resumed")


@pytest.mark.parametrize("point", range(2, 6))
def test_what_was_done_after_a_run_died_is_not_reverted_by_the_same_line(point: int, store: Store) -> None:
    """Answers and closed conversations stay: the rerun puts only what is missing."""
    meddled = Intervening(store)
    for _ in range(point):
        meddled.before("batch_put", lambda: None)
    meddled.before("batch_put", die)
    with pytest.raises(Died):
        SeedService(meddled).run(PLAN)
    chat = ChatService(store)
    opened = next(item["conversation_id"] for item in rows(store, CONVERSATIONS) if item["status"] == "open")
    reply = chat.reply(opened, "admin-jo", "It left our hub this morning")
    chat.close(opened, "admin-jo")
    after = rows(store, CONVERSATIONS)
    SeedService(store).run(PLAN)

    assert after == rows(store, CONVERSATIONS)
    assert reply.message_id in {message["message_id"] for message in rows(store, MESSAGES)}
    assert [] == AuditService(store).run("ops").findings


@given(st.integers(1, 200), st.integers(0, 5_000))
def test_shares_follow_zipf(places: int, spare: int) -> None:
    """A few conversations are long, most are short: the share of rank n is 1/n of the first, and all add up."""
    shares = list(zipf_shares(places + spare, places, least=1))
    harmonic = sum(1 / rank for rank in range(1, places + 1))

    assert places + spare == sum(shares)
    assert places == len(shares)
    assert all(abs(share - 1 - spare / harmonic / rank) <= 1 for rank, share in enumerate(shares[:-1], 1))


def test_people_write_mostly_in_working_hours() -> None:
    """Most conversations begin on weekdays from 8 to 18 UTC, though these are less than a third of the hours."""
    begun = [
        item["created_at"]
        for table, item in conversation_items(Plan(conversations=2_000, messages=2_000))
        if table is MESSAGES
    ]
    working = sum(8 <= at.hour < 18 and at.weekday() < 5 for at in map(_moment, begun))

    assert working / len(begun) > 0.6
    assert len({_moment(at).hour for at in begun}) == 24


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


def test_times_stay_within_the_span_and_increase_within_a_conversation() -> None:
    """Everything happens in the 90 days before the end, and no two messages of a conversation at the same time."""
    last: dict[str, int] = {}
    for message in messages_of(PLAN):
        assert last.get(message["conversation_id"], 0) < message["created_at"] <= FIXED_UNTIL
        last[message["conversation_id"]] = message["created_at"]

    assert min(message["created_at"] for message in messages_of(PLAN)) > FIXED_UNTIL - SPAN_DAYS * DAY


def test_a_large_conversation_is_made_in_little_memory() -> None:
    """100,000 messages of one conversation are never held at once."""
    tracemalloc.start()
    made = Counter(table.name for table, _ in conversation_items(Plan(conversations=1, messages=100_000)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 100_000 == made["messages"]
    assert peak < 15_000_000


def test_a_million_messages_begin_at_once() -> None:
    """Items are generated as they are stored, not before."""
    plan = Plan(conversations=usual_conversations(1_000_000), messages=1_000_000)

    assert 10 == len(list(islice(messages_of(plan), 10)))
