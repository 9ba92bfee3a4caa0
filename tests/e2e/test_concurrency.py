"""Everybody at once: whatever threads and processes do to the same items, the books stay exact.

`COMMERCIVE_TEST_OPERATIONS` says how many operations the mixed traffic does, 1,000 unless it is set.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest

from commercive_cli.domain.answers.leads import LeadDecided
from commercive_cli.domain.errors import Conflict
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, MESSAGES
from tests.e2e.embedded import file_store
from tests.e2e.stores import ENGINES, engine_store, server_store
from tests.e2e.traffic import (
    FORM,
    KEYS,
    OPERATIONS,
    PROCESSES,
    THREADS,
    ChatTraffic,
    LeadTraffic,
    Traffic,
    chat_process,
    drive,
    in_processes,
    in_threads,
    lead_process,
    opened_conversations,
    opened_leads,
    shares,
)
from tests.services.raw_data import errors_in, rows

Result = TypeVar("Result")
RARELY = 0.001


@pytest.fixture
def server(real_endpoint: str) -> Iterator[Store]:
    with server_store(real_endpoint) as store:
        yield store


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with engine_store(request.param, request, tmp_path) as store:
        yield store


def assert_exact(store: Store, traffic: Traffic, started: float) -> None:
    """Assert that all operations were heard of, and that the books are right by the audit and by our own count."""
    seconds = time.monotonic() - started
    total = traffic.outcomes.total()
    print(f"{total} operations in {seconds:.1f} s: {dict(sorted(traffic.outcomes.items()))}")  # noqa: T201 - for -rP

    assert OPERATIONS == total
    assert [] == errors_in(store)
    assert [] == AuditService(store).run("root").findings
    assert traffic.unavailable <= max(1, RARELY * total)


def assert_stored(expected: set[str], found: set[str], unknown: int) -> None:
    """Assert that what was acknowledged is there, and nothing else but requests whose outcome was unknown."""
    assert expected <= found
    assert len(found - expected) <= unknown


def at_once(count: int, work: Callable[[int], Result]) -> list[Result]:
    """Let `count` threads begin together; return what each got."""
    start = Barrier(count)

    def begin(number: int) -> Result:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def test_chat_from_24_threads_on_the_server(server: Store) -> None:
    """Mixed sends, replies, mark-reads, closes and reopens from 24 threads leave every counter exact."""
    names = opened_conversations(server)
    first = {message["message_id"] for message in rows(server, MESSAGES)}
    started = time.monotonic()
    traffic = in_threads(
        partial(drive, ChatTraffic(ChatService(server), names), share, seed)
        for seed, share in enumerate(shares(OPERATIONS, THREADS))
    )

    assert_exact(server, traffic, started)
    assert_messages(server, first, traffic)


def test_chat_from_8_processes_on_one_file(tmp_path: Path) -> None:
    """The same from eight processes that share one SQLite file."""
    path = tmp_path / "store.db"
    with file_store(path) as store:
        names = opened_conversations(store)
        first = {message["message_id"] for message in rows(store, MESSAGES)}
        started = time.monotonic()
        traffic = in_processes(
            chat_process, [(path, names, share, seed) for seed, share in enumerate(shares(OPERATIONS, PROCESSES))]
        )

        assert_exact(store, traffic, started)
        assert_messages(store, first, traffic)


def assert_messages(store: Store, first: set[str], traffic: Traffic) -> None:
    """Assert that each acknowledged message is there once, and that no key brought in two."""
    messages = rows(store, MESSAGES)
    keyed = [message["message_text"] for message in messages if message["message_text"].startswith("keyed")]

    assert_stored(first | traffic.stored, {message["message_id"] for message in messages}, traffic.unavailable)
    assert len(set(keyed)) == len(keyed) <= KEYS


def test_leads_from_24_threads_on_the_server(server: Store) -> None:
    """Mixed submissions, approvals, rejections, resets and amendments leave stats exact to the cent."""
    codes, shared = opened_leads(server)
    started = time.monotonic()
    traffic = in_threads(
        partial(drive, LeadTraffic(LeadService(server), codes, shared), share, seed)
        for seed, share in enumerate(shares(OPERATIONS, THREADS))
    )

    assert_exact(server, traffic, started)
    assert_stored(traffic.stored | set(shared), {lead["lead_id"] for lead in rows(server, LEADS)}, traffic.unavailable)


def test_leads_from_8_processes_on_one_file(tmp_path: Path) -> None:
    """The same from eight processes that share one SQLite file."""
    path = tmp_path / "store.db"
    with file_store(path) as store:
        codes, shared = opened_leads(store)
        started = time.monotonic()
        traffic = in_processes(
            lead_process,
            [(path, codes, shared, share, seed) for seed, share in enumerate(shares(OPERATIONS, PROCESSES))],
        )

        assert_exact(store, traffic, started)
        stored = {lead["lead_id"] for lead in rows(store, LEADS)}
        assert_stored(traffic.stored | set(shared), stored, traffic.unavailable)


@pytest.mark.parametrize("same", [True, False])
def test_ten_approvals_of_one_lead(store: Store, same: bool) -> None:
    """Of ten admins who approve a lead at once, one changes it and nine are told; the commission counts once."""
    _, (lead_id,) = opened_leads(store, 1, 1)
    leads = LeadService(store)

    def approve(number: int) -> bool | str:
        amount = "25.50" if same else f"{number}.50"
        try:
            return leads.decide(lead_id, "approved", f"admin-{number}", commission=amount).changed
        except Conflict as told:
            return told.message

    outcomes = at_once(10, approve)
    shown = leads.show(lead_id)
    amount = Decimal("25.50") if same else Decimal(f"{outcomes.index(True)}.50")

    assert 1 == outcomes.count(True)
    if same:
        assert 9 == outcomes.count(False)
    else:
        assert 9 == sum(f"for {amount} USD by" in str(outcome) for outcome in outcomes)
    assert f"admin-{outcomes.index(True)}" == shown.lead.reviewed_by
    assert (1, 1, 0, 0, amount) == shown.stats.counts()
    assert 1 == len(leads.history(lead_id).history)
    assert [] == errors_in(store)


@pytest.mark.parametrize("new", [True, False])
def test_fifty_sends_with_one_key(store: Store, new: bool) -> None:
    """Fifty times the same request at once is one message and fifty equal answers."""
    chat = ChatService(store)
    name = None if new else opened_conversations(store, 1)[0]
    answers = at_once(50, lambda _: chat.send("user-1", "Hello", conversation_id=name, key="k"))

    assert [answers[0]] * 50 == answers
    assert 1 == [message["message_text"] for message in rows(store, MESSAGES)].count("Hello")
    assert 1 == len({message["conversation_id"] for message in rows(store, MESSAGES)})
    assert [] == errors_in(store)


def test_fifty_submissions_with_one_key(store: Store) -> None:
    """Fifty times the same form at once is one lead, counted once, and fifty equal answers."""
    (code,), _ = opened_leads(store, 1, 0)
    leads = LeadService(store)
    answers = at_once(50, lambda _: leads.submit(code, FORM, key="k"))

    assert [answers[0]] * 50 == answers
    assert 1 == leads.show(answers[0].lead_id).stats.total_leads
    assert [] == errors_in(store)


def test_twenty_amendments_with_one_key(store: Store) -> None:
    """Twenty times the same amended approval at once, amid others' decisions: one of them, and twenty equal answers."""
    _, (lead_id,) = opened_leads(store, 1, 1)
    leads = LeadService(store)

    def amend(number: int) -> LeadDecided:
        key, amount = ("k", "25.50") if number % 2 else (f"other-{number}", f"{number}.00")
        return leads.decide(lead_id, "approved", "admin-1", commission=amount, amend=True, key=key)

    answers = at_once(40, amend)
    told = [row.after.get("commission_amount") for row in leads.history(lead_id).history]

    assert [answers[1]] * 20 == answers[1::2]
    assert 1 == told.count(Decimal("25.50"))
    assert 20 == len({answer.lead.updated_at for answer in answers[::2]})
    assert [] == errors_in(store)


def test_fifty_closings_with_one_key(store: Store) -> None:
    """Fifty times the same closing at once is one, told fifty times as the change that it was."""
    chat = ChatService(store)
    [name] = opened_conversations(store, 1)
    answers = at_once(50, lambda _: chat.close(name, "admin-1", key="k"))

    assert [True] * 50 == [answer.changed for answer in answers]
    assert ["close"] == [row.event for row in chat.history(name).history]
    assert [] == errors_in(store)
