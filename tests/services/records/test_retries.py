"""A retry with its key, after somebody else changed the record: nothing changes, and the first answer comes again."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from commercive_cli.domain.errors import Conflict, Invalid
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, OPS
from commercive_cli.store.writes import Delete, Update
from tests.e2e.embedded import make_tables
from tests.e2e.stores import ENGINES, server_store
from tests.services.fakes import DAY, START, Intervening, ManualClock, a_week_passes
from tests.services.raw_data import everything, rows

HOUR = 3_600_000
FORM = {"name": "Jane", "email": "jane@example.com"}


@dataclass
class Desk:
    """The services of everybody over one store, with a conversation, a lead and an affiliate to work on."""

    store: Store
    clock: ManualClock
    name: str = field(init=False)
    code: str = field(init=False)
    lead: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.chat.send("user-1", "Hello").conversation_id
        self.code = self.affiliates.create_link("aff-1", "aff@example.com").link_id
        self.lead = self.leads.submit(self.code, FORM).lead_id

    def over(self, store: Store) -> "Desk":
        """Return the same desk, seen through another store."""
        other = object.__new__(Desk)
        other.__dict__.update(self.__dict__, store=store)
        return other

    @property
    def chat(self) -> ChatService:
        return ChatService(self.store, self.clock)

    @property
    def work(self) -> DeskService:
        return DeskService(self.chat)

    @property
    def leads(self) -> LeadService:
        return LeadService(self.store, self.clock)

    @property
    def affiliates(self) -> AffiliateService:
        return AffiliateService(self.store, self.clock)

    @property
    def recompute(self) -> RecomputeService:
        return RecomputeService(self.store, self.clock, sleep=lambda _: None)

    def last(self) -> str:
        """Return the id of the last message."""
        return self.chat.messages(self.name).messages[-1].message_id

    def miscount(self, number: int) -> None:
        """Make the stats of the affiliate wrong, as another program might."""
        self.store.transact(Update(AFFILIATE_STATS, {"affiliate_id": "aff-1"}, set={"total_leads": number}))

    def drop_links(self) -> None:
        """Delete the affiliate's links with their claims, as somebody might by hand."""
        links = [Delete(AFFILIATE_LINKS, AFFILIATE_LINKS.key_of(item)) for item in rows(self.store, AFFILIATE_LINKS)]
        claims = [row for row in rows(self.store, OPS) if row["pk"].startswith(("link#", "primary#"))]
        self.store.transact(*links, *(Delete(OPS, OPS.key_of(claim)) for claim in claims))


@dataclass(frozen=True)
class Case:
    """A request with a key, what goes before it, and what somebody else does before it is sent again.

    Where the other's change leaves everything as the request needs it, the key alone holds the repetition off.
    """

    ask: Callable[[Desk, str, bool], BaseModel]
    """Sends the request with a key, or another one with the same key."""
    meanwhile: Callable[[Desk], object]
    before: Callable[[Desk], object] = lambda _desk: None


def approval(amount: str, *, amend: bool = False, notes: str | None = None) -> Callable[[Desk, str, bool], BaseModel]:
    def ask(desk: Desk, key: str, other: bool) -> BaseModel:
        paid = "99" if other else amount
        return desk.leads.decide(desk.lead, "approved", "ann", commission=paid, notes=notes, amend=amend, key=key)

    return ask


def decide(status: str, amount: str | None = None) -> Callable[[Desk], object]:
    """Return what another admin decides, with words of their own."""
    return lambda desk: desk.leads.decide(
        desk.lead,
        status,  # type: ignore[arg-type] # one of the two
        "bob",
        commission=amount,
        notes="no: see mail",
        amend=True,
    )


def mark(reader: str) -> Callable[[Desk, str, bool], BaseModel]:
    return lambda desk, key, other: desk.chat.mark_read(
        desk.name, reader, actor="ann", up_to=desk.last() if other else None, key=key
    )


def close(desk: Desk, key: str, other: bool) -> BaseModel:
    return desk.chat.close(desk.chat.send("user-1", "x").conversation_id if other else desk.name, "ann", key=key)


def reset(desk: Desk, key: str, other: bool) -> BaseModel:
    # A reset has nothing but its lead, so another request is one of another lead.
    return desk.leads.reset(desk.leads.submit(desk.code, FORM).lead_id if other else desk.lead, "ann", key=key)


def reopen(desk: Desk, key: str, other: bool) -> BaseModel:
    return desk.chat.reopen(desk.chat.send("user-1", "x").conversation_id if other else desk.name, "ann", key=key)


def link(desk: Desk, key: str, other: bool) -> BaseModel:
    return desk.affiliates.create_link(
        "aff-1", "a@example.com", "other.shop" if other else "shop", actor="ann", key=key
    )


def first_link(desk: Desk, key: str, other: bool) -> BaseModel:
    address = "b@example.com" if other else "a@example.com"
    return desk.affiliates.create_link("aff-1", address, actor="ann", key=key)


def recount(desk: Desk, key: str, other: bool) -> BaseModel:
    if other:
        desk.affiliates.create_link("aff-2", "a@example.com")
    return desk.recompute.one("aff-2" if other else "aff-1", "ann", key=key)


def claim(desk: Desk, key: str, other: bool) -> BaseModel:
    return desk.work.claim(desk.name, "ann", duration=HOUR if other else 2 * HOUR, key=key)


def claim_next(desk: Desk, key: str, other: bool) -> BaseModel:
    claimed = desk.work.claim_next("ann", duration=HOUR if other else 2 * HOUR, key=key)
    assert claimed is not None
    return claimed


def release(desk: Desk, key: str, other: bool) -> BaseModel:
    return desk.work.release(desk.chat.send("user-1", "x").conversation_id if other else desk.name, "ann", key=key)


def snooze(desk: Desk, key: str, other: bool) -> BaseModel:
    asked = "2d" if other else "1d"
    return desk.work.snooze(desk.name, "ann", desk.clock.now + DAY, asked=asked, key=key)


def note(desk: Desk, key: str, other: bool) -> BaseModel:
    return desk.work.note(desk.name, "ann", "y" if other else "x", key=key)


def set_email(desk: Desk, key: str, other: bool) -> BaseModel:
    return desk.affiliates.set_email("aff-1", "c@example.com" if other else "b@example.com", "ann", key=key)


def taken_over(desk: Desk) -> object:
    return desk.work.claim(desk.name, "bob", steal=True)


def more_than_a_transaction_holds(desk: Desk) -> None:
    for number in range(120):
        desk.chat.send("user-1", f"later {number}", conversation_id=desk.name)


CASES = {
    "approve": Case(approval("5", notes="fine"), lambda desk: desk.leads.reset(desk.lead, "bob")),
    "approve, decided otherwise since": Case(approval("5"), decide("rejected")),
    "amend": Case(approval("7", amend=True), decide("approved", "9"), decide("approved", "5")),
    "approve, as it was": Case(approval("5", amend=True), decide("approved", "9"), decide("approved", "5")),
    "reject": Case(
        lambda desk, key, other: desk.leads.decide(
            desk.lead, "rejected", "ann", reason="other" if other else "small", amend=True, key=key
        ),
        decide("approved", "9"),
    ),
    "reset": Case(reset, decide("approved", "9"), decide("approved", "5")),
    "reset, pending as it was": Case(reset, decide("approved", "9")),
    "close": Case(close, lambda desk: desk.chat.reopen(desk.name, "bob")),
    "close, closed already": Case(
        close, lambda desk: desk.chat.reopen(desk.name, "bob"), lambda desk: desk.chat.close(desk.name, "bob")
    ),
    "reopen": Case(
        reopen, lambda desk: desk.chat.close(desk.name, "bob"), lambda desk: desk.chat.close(desk.name, "bob")
    ),
    "reopen, open already": Case(reopen, lambda desk: desk.chat.close(desk.name, "bob")),
    "mark-read": Case(mark("admin"), lambda desk: desk.chat.send("user-1", "later", conversation_id=desk.name)),
    "mark-read, many later": Case(mark("admin"), more_than_a_transaction_holds),
    "mark-read, nothing unread": Case(mark("user"), lambda desk: desk.chat.reply(desk.name, "bob", "later")),
    "send": Case(
        lambda desk, key, other: desk.chat.send("user-1", "y" if other else "x", conversation_id=desk.name, key=key),
        lambda desk: desk.chat.close(desk.name, "bob"),
    ),
    "reply": Case(
        lambda desk, key, other: desk.chat.reply(desk.name, "ann", "y" if other else "x", key=key),
        lambda desk: desk.chat.close(desk.name, "bob"),
    ),
    "answer": Case(
        lambda desk, key, other: desk.chat.answer(desk.name, "y" if other else "x", if_last=desk.first, key=key),  # type: ignore[attr-defined]
        lambda desk: desk.chat.send("user-1", "later", conversation_id=desk.name),
        lambda desk: desk.__dict__.update(first=desk.last()),
    ),
    "submit": Case(
        lambda desk, key, other: desk.leads.submit(desk.code, {**FORM, "name": "Joe"} if other else FORM, key=key),
        lambda desk: desk.leads.submit(desk.code, FORM),
    ),
    "create-link": Case(link, Desk.drop_links),
    "create-link, there already": Case(first_link, Desk.drop_links),
    "claim": Case(claim, lambda desk: desk.work.release(desk.name, "ann")),
    "claim, taken over since": Case(claim, taken_over),
    "next": Case(claim_next, lambda desk: desk.work.release(desk.name, "ann")),
    "release": Case(
        release, lambda desk: desk.work.claim(desk.name, "ann"), lambda desk: desk.work.claim(desk.name, "ann")
    ),
    "release, nobody held it": Case(release, lambda desk: desk.work.claim(desk.name, "ann")),
    "snooze": Case(snooze, lambda desk: desk.chat.send("user-1", "later", conversation_id=desk.name)),
    "note": Case(note, lambda desk: desk.work.note(desk.name, "bob", "z")),
    "set-email": Case(set_email, lambda desk: desk.affiliates.set_email("aff-1", "bob@example.com", "bob")),
    "set-email, as it was": Case(
        set_email,
        lambda desk: desk.affiliates.set_email("aff-1", "bob@example.com", "bob"),
        lambda desk: desk.affiliates.set_email("aff-1", "b@example.com", "bob"),
    ),
    "recompute": Case(recount, lambda desk: desk.miscount(50), lambda desk: desk.miscount(70)),
    "recompute, right already": Case(recount, lambda desk: desk.miscount(50)),
}


GUARDED: dict[str, tuple[Callable[[Desk, Any], BaseModel], Callable[[Desk], Any]]] = {
    "reply": (lambda desk, guard: desk.chat.reply(desk.name, "ann", "x", if_last=guard, key="k"), Desk.last),
    "answer": (lambda desk, guard: desk.chat.answer(desk.name, "x", if_last=guard, key="k"), Desk.last),
    "close": (
        lambda desk, guard: desk.chat.close(desk.name, "ann", as_of=guard, key="k"),
        lambda desk: desk.chat.conversation(desk.name).updated_at,
    ),
    "decide": (
        lambda desk, guard: desk.leads.decide(desk.lead, "approved", "ann", commission="5", as_of=guard, key="k"),
        lambda desk: desk.leads.lead(desk.lead).updated_at,
    ),
}
"""The requests that take a guard, what was seen last, and what returns that."""


@pytest.fixture(params=ENGINES)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    clock = ManualClock()
    with ExitStack() as stack:
        if request.param == "server":
            store: Store = stack.enter_context(server_store(request.getfixturevalue("real_endpoint")))
        else:  # it drops what expired, by the clock of the test
            store = stack.enter_context(closing(SQLiteStore(tmp_path / "store.db", clock=lambda: clock.now)))
            make_tables(store)
        yield Desk(store, clock)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_retry_after_somebody_else_changed_the_record(desk: Desk, case: Case) -> None:
    """It changes nothing, and gets its first answer, on either store."""
    case.before(desk)
    first = case.ask(desk, "k", False)
    case.meanwhile(desk)
    before = everything(desk.store)
    again = case.ask(desk, "k", False)

    assert first.model_dump() == again.model_dump()
    assert before == everything(desk.store)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_key_of_another_request_is_refused(desk: Desk, case: Case) -> None:
    """The same key with another body is a conflict, and nothing is written."""
    case.before(desk)
    case.ask(desk, "k", False)
    with pytest.raises(Conflict) as told:
        case.ask(desk, "k", True)

    assert "used for another request" in told.value.message
    assert 1 == sum(row["pk"].startswith("request#") for row in rows(desk.store, OPS))


@pytest.mark.parametrize("guarded_first", [True, False])
@pytest.mark.parametrize("action", GUARDED)
def test_a_guard_is_no_part_of_a_request(desk: Desk, action: str, guarded_first: bool) -> None:
    """What was carried out gets its first answer again, whatever its guard says by then, or that there is none."""
    ask, seen = GUARDED[action]
    fresh, stale = seen(desk), "m" if isinstance(seen(desk), str) else 5
    guards = [fresh, stale] if guarded_first or action == "answer" else [None, stale]
    answers = [ask(desk, guard).model_dump() for guard in guards]
    desk.chat.send("user-1", "later")
    before = everything(desk.store)

    assert [ask(desk, guard).model_dump() for guard in (fresh, stale)] == answers == [answers[0]] * 2
    assert before == everything(desk.store)


@pytest.mark.parametrize("action", GUARDED)
def test_a_guard_that_refused_leaves_the_key_free(desk: Desk, action: str) -> None:
    """The same request goes through under its key once it names what is there."""
    ask, seen = GUARDED[action]
    fresh = seen(desk)
    with pytest.raises(Conflict):
        ask(desk, "m" if isinstance(fresh, str) else 5)
    ask(desk, fresh)

    assert 1 == sum(row["pk"].startswith("request#") for row in rows(desk.store, OPS))


@pytest.mark.parametrize("action", GUARDED)
def test_a_retry_with_another_guard_beside_its_first_try_is_one_request(desk: Desk, action: str) -> None:
    """The first try comes through between the second one's look and its write: the second gets the first answer."""
    ask, seen = GUARDED[action]
    fresh = seen(desk)
    meddled, others = Intervening(desk.store), list[BaseModel]()
    meddled.before("transact", lambda: others.append(ask(desk, fresh)))
    ours = ask(desk.over(meddled), "m" if isinstance(fresh, str) else fresh)

    assert [ours.model_dump()] == [each.model_dump() for each in others]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_retry_beside_its_first_try_is_one_request(desk: Desk, case: Case) -> None:
    """The first try is still under way, or its reply was lost and the transaction comes again: one of them counts."""
    case.before(desk)
    meddled, others = Intervening(desk.store), list[BaseModel]()
    meddled.before("transact", lambda: others.append(case.ask(desk, "k", False)))
    ours = case.ask(desk.over(meddled), "k", False)
    before = everything(desk.store)

    assert [ours.model_dump()] == [each.model_dump() for each in others]
    assert ours.model_dump() == case.ask(desk, "k", False).model_dump()
    assert before == everything(desk.store)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_key_of_a_week_ago_is_free(desk: Desk, case: Case) -> None:
    """After seven days the same key is another request, with an answer of its own or a refusal of its own."""
    case.before(desk)
    case.ask(desk, "k", False)
    a_week_passes(desk.store, desk.clock)
    with suppress(Conflict):  # an automatic answer to what is not the last message any more
        case.ask(desk, "k", False)
    claims = [row for row in rows(desk.store, OPS) if row["pk"].startswith("request#")]
    is_refused = case is CASES["answer"]

    assert [not is_refused] == [claim["created_at"] > START + 7 * DAY for claim in claims] or is_refused


def test_a_key_of_a_week_ago_is_free_for_a_request_of_several_transactions(desk: Desk) -> None:
    """A claim that has expired holds none of them off, though the store may not have dropped it yet."""
    mark("admin")(desk, "k", False)
    a_week_passes(desk.store, desk.clock)
    more_than_a_transaction_holds(desk)

    assert 120 == desk.chat.mark_read(desk.name, "admin", actor="ann", key="k").marked


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_audit_finds_what_a_key_stands_for(desk: Desk, case: Case) -> None:
    """A key that was used is no damage, whatever it was used for."""
    case.before(desk)
    case.ask(desk, "k", False)

    assert [] == AuditService(desk.store, desk.clock).run("root").findings


def test_equal_keys_of_two_admins_are_two_requests(desk: Desk) -> None:
    """Nobody gets the answer of somebody else, whose decision theirs is not."""
    desk.leads.decide(desk.lead, "approved", "ann", commission="5", key="k")
    theirs = desk.leads.decide(desk.lead, "approved", "bob", commission="5", key="k")

    assert not theirs.changed


def test_equal_keys_of_two_actions_are_two_requests(desk: Desk) -> None:
    """A key that closed a conversation may open it again."""
    desk.chat.close(desk.name, "ann", key="k")

    assert desk.chat.reopen(desk.name, "ann", key="k").changed


def test_a_refused_request_leaves_its_key_free(desk: Desk) -> None:
    """What was refused was not carried out: once the reason is gone, the same request goes through."""
    desk.leads.decide(desk.lead, "rejected", "bob")
    with pytest.raises(Conflict):
        desk.leads.decide(desk.lead, "approved", "ann", commission="5", key="k")
    desk.leads.reset(desk.lead, "bob")

    assert desk.leads.decide(desk.lead, "approved", "ann", commission="5", key="k").changed


def test_a_retry_is_answered_though_its_time_has_passed(desk: Desk) -> None:
    """What was put off until a day is told so on the day after, too; a new request for such a time is refused."""
    until = desk.clock.now + DAY
    first = desk.work.snooze(desk.name, "ann", until, key="k")
    desk.clock.advance(2 * DAY)

    assert first == desk.work.snooze(desk.name, "ann", until, key="k")
    with pytest.raises(Invalid, match="a time ahead"):
        desk.work.snooze(desk.name, "ann", until, key="l")


@pytest.mark.parametrize("action", ["close", "approve"])
def test_a_retry_is_answered_though_the_record_is_gone(desk: Desk, action: str) -> None:
    """Where somebody deleted the record meanwhile, the repetition still tells what it did."""
    case, table = CASES[action], {"close": CONVERSATIONS, "approve": LEADS}[action]
    first = case.ask(desk, "k", False)
    [item] = rows(desk.store, table)
    desk.store.transact(Delete(table, table.key_of(item)))

    assert first.model_dump() == case.ask(desk, "k", False).model_dump()
