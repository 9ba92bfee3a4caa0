"""The desk with many agents at once, on both engines: no two hold a conversation, and nobody answers into a claim."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest

from commercive_cli.domain.clock import system_clock
from commercive_cli.domain.errors import Conflict, HeldByOther
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.service import ChatService
from commercive_cli.store.port import Store
from tests.e2e.stores import ENGINES, engine_store
from tests.services.fakes import ManualClock
from tests.services.raw_data import errors_in

Result = TypeVar("Result")
AGENTS = 8
HOUR = 3_600_000


@pytest.fixture(params=ENGINES, scope="module")
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with engine_store(request.param, request, tmp_path_factory.mktemp("desk")) as store:
        yield store


@pytest.fixture
def desk(store: Store) -> DeskService:
    return DeskService(ChatService(store))


def at_once(count: int, work: Callable[[int], Result]) -> list[Result]:
    """Let `count` threads begin together; return what each got."""
    start = Barrier(count)

    def begin(number: int) -> Result:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def outcome(work: Callable[[], object]) -> str:
    try:
        work()
    except Conflict as refused:
        return type(refused).__name__
    return "done"


@pytest.mark.parametrize("before", ["free", "expired"])
def test_of_many_who_claim_at_once_one_holds_it(store: Store, desk: DeskService, before: str) -> None:
    """The others are told who does, whether nobody held it before or somebody's claim ran out."""
    for _ in range(5):
        name = desk.chat.send("user-1", "Hello").conversation_id
        if before == "expired":
            early = ManualClock(system_clock() - HOUR)
            DeskService(ChatService(store, early)).claim(name, "ann")
        told = at_once(AGENTS, lambda number, name=name: outcome(lambda: desk.claim(name, f"agent-{number}")))  # type: ignore[misc]

        assert {"done": 1, "HeldByOther": AGENTS - 1} == Counter(told)
        winner = f"agent-{told.index('done')}"
        assert desk.release(name, winner).changed


def test_a_claim_and_replies_at_once_leave_no_answer_into_it(store: Store, desk: DeskService) -> None:
    """Whatever comes first: a reply that comes behind somebody's claim is refused, also where the claim is stolen."""
    for _ in range(5):
        name = desk.chat.send("user-1", "Hello").conversation_id

        def work(number: int, name: str = name) -> str:
            agent = f"agent-{number}"
            if number % 2:
                return outcome(lambda: desk.chat.reply(name, agent, f"from {agent}", heed_claims=True))
            return outcome(lambda: desk.claim(name, agent, steal=number == 0))

        told = at_once(AGENTS, work)
        answers = [m.sender_id for m in desk.chat.messages(name).messages if m.sender_type == "admin"]
        assert {f"agent-{n}" for n in range(1, AGENTS, 2) if told[n] == "done"} == set(answers)
        assert set(told) <= {"done", "HeldByOther"}
        desk.claim(name, "agent-0", steal=True)
        with pytest.raises(HeldByOther):
            desk.chat.reply(name, "agent-1", "late", heed_claims=True)

    assert [] == errors_in(store)


def test_agents_who_take_the_next_one_at_once_never_hold_one_twice(store: Store, desk: DeskService) -> None:
    """Each gets another conversation, until none is left, and nobody is left out."""
    _answer_all(desk)
    ids = {desk.chat.send(f"user-{number}", "Hello").conversation_id for number in range(3 * AGENTS)}

    def work(number: int) -> list[str]:
        taken: list[str] = []
        while (claim := desk.claim_next(f"agent-{number}")) is not None:
            taken.append(claim.conversation_id)
        return taken

    taken = [one for each in at_once(AGENTS, work) for one in each]
    assert ids == set(taken)
    assert len(ids) == len(taken)
    assert errors_in(store) == []


def test_what_is_put_off_is_next_at_its_time(store: Store, desk: DeskService) -> None:
    """It is found by its time alone, at whatever time others come back."""
    _answer_all(desk)
    now = system_clock()
    writing = ChatService(store, ManualClock(now))
    ids = [writing.send(f"user-{number}", "Hello").conversation_id for number in range(3)]
    for days, one in enumerate(ids, 1):
        desk.snooze(one, "mira", now + days * 24 * HOUR)
    later = DeskService(ChatService(store, ManualClock(now + 49 * HOUR)))

    assert desk.claim_next("mira") is None
    claims = [later.claim_next("mira") for _ in range(3)]
    assert [*ids[:2], None] == [claim and claim.conversation_id for claim in claims]
    assert ["admin", "admin", "snoozed"] == [desk.chat.conversation(one).waiting_for for one in ids]
    assert [] == AuditService(store).run("root").findings


def _answer_all(desk: DeskService) -> None:
    """Leave nobody waiting whom another test has left."""
    for each in desk.chat.list_conversations(ConversationFilter("open"), limit=500).conversations:
        desk.chat.reply(each.conversation_id, "agent-0", "Bye", close=True)
