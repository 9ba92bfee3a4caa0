"""The audit: it names every kind of damage, repairs it while others work, and finds nothing where nothing is wrong."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from commercive_cli.domain.answers import Finding
from commercive_cli.domain.errors import Damaged, Invalid
from commercive_cli.domain.ids import new_id
from commercive_cli.domain.models import (
    AffiliateLink,
    AffiliateStats,
    AuditRow,
    Conversation,
    Lead,
    Message,
    Record,
)
from commercive_cli.services.affiliates import AffiliateService
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat import ChatService
from commercive_cli.services.leads import LeadService
from commercive_cli.services.ledger import code_place, primary_place
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Store
from commercive_cli.store.schema import (
    AFFILIATE_LINKS,
    AFFILIATE_STATS,
    CONVERSATIONS,
    LEADS,
    MESSAGES,
    OPS,
    TABLES,
    Table,
)
from commercive_cli.store.writes import Delete, Put, Update
from tests.e2e.stores import ENGINES, engine_store
from tests.services.books import errors_in, everything, rows
from tests.services.fakes import START, Codes, Intervening, ManualClock

FORM = {"name": "Jane", "email": "jane@example.com"}
LEGACY = "legacy/42"


@dataclass(frozen=True)
class World:
    """A store in which everything there is has happened once, and the names of it all."""

    store: Store
    open: str
    closed: str
    answered: str
    pending: str
    approved: str
    rejected: str
    codes: tuple[str, str, str]
    keyed_message: str

    def change(self, table: Table, name: str, *, remove: tuple[str, ...] = (), **attributes: object) -> None:
        """Change attributes behind the services' back."""
        key = {part: self.row(table, name)[part] for part in table.key_names}
        self.store.transact(Update(table, key, set=attributes, remove=remove))

    def drop(self, table: Table, name: str) -> None:
        """Delete an item behind the services' back."""
        self.store.transact(Delete(table, {part: self.row(table, name)[part] for part in table.key_names}))

    def drop_messages(self, conversation: str) -> None:
        """Delete all messages of a conversation behind the services' back."""
        for row in rows(self.store, MESSAGES):
            if row["conversation_id"] == conversation:
                self.drop(MESSAGES, row["message_id"])

    def drop_link_but_no_lead(self, code: str) -> None:
        """Delete a link behind the services' back, as if its lead had come through the second one."""
        self.drop(AFFILIATE_LINKS, code)
        self.change(LEADS, self.pending, link_id=self.codes[1])

    def drop_at(self, table: Table, key: Key) -> None:
        assert self.store.get(table, key) is not None
        self.store.transact(Delete(table, key))

    def row(self, table: Table, name: str) -> Item:
        """Return the one item with this name as its first or second key attribute."""
        (found,) = [row for row in rows(self.store, table) if name in [row[part] for part in table.key_names]]
        return found

    def last_message(self, conversation: str) -> str:
        return str(self.row(CONVERSATIONS, conversation)["last_message_id"])

    def write_message(self, conversation: str, at: int, sender: str = "user", **attributes: object) -> None:
        """Store a message without telling its conversation."""
        message = {
            "conversation_id": conversation,
            "message_id": new_id(at),
            "sender_type": sender,
            "sender_id": "user-1",
            "message_text": "smuggled",
            "created_at": at,
            "is_read": True,
        }
        self.store.transact(Put(MESSAGES, message | attributes))


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    return made(store, clock)


def made(store: Store, clock: ManualClock) -> World:
    chat, leads = ChatService(store, clock), LeadService(store, clock)
    affiliates = AffiliateService(store, clock, Codes("AAAA0000", "BBBB0000", "CCCC0000"))
    one = affiliates.create_link("aff-1", "a@example.com", "a.example").link_id
    two = affiliates.create_link("aff-1", "a@example.com", "b.example").link_id
    three = affiliates.create_link("aff-2", "b@example.com", "a.example").link_id
    opened = chat.send("user-1", "Hello").conversation_id
    keyed = chat.send("user-1", "again", conversation_id=opened, key="message-key").message_id
    answered = chat.send("user-2", "Hello").conversation_id
    chat.reply(answered, "admin-1", "Hi")
    closed = chat.send("user-3", "Hello").conversation_id
    chat.reply(closed, "admin-1", "Bye", close=True)
    reopened = chat.send("user-3", "Hello").conversation_id
    chat.close(reopened, "admin-1")
    chat.reopen(reopened, "admin-1")
    chat.mark_read(reopened, "admin")
    pending = leads.submit(one, FORM).lead_id
    approved = leads.submit(two, FORM).lead_id
    leads.decide(approved, "approved", "admin-1", commission="12.34")
    rejected = leads.submit(three, FORM, key="lead-key").lead_id
    leads.decide(rejected, "rejected", "admin-1")
    import_conversation(store)
    clock.advance(60_000)
    return World(store, opened, closed, answered, pending, approved, rejected, (one, two, three), keyed)


def import_conversation(store: Store) -> None:
    """Store a conversation as the old system kept it, which is nothing to complain about."""
    conversation = {"conversation_id": LEGACY, "created_at": 5, "user_id": "user-9", "status": "open", "updated_at": 9}
    messages = [
        {
            "conversation_id": LEGACY,
            "message_id": f"m{9 - number}",
            "sender_type": "user",
            "sender_id": "user-9",
            "message_text": "old",
            "created_at": number,
            "is_read": False,
        }
        for number in range(3)
    ]
    store.batch_put(CONVERSATIONS, [conversation | {"unread_admin": 3, "unread_user": 0}])
    store.batch_put(MESSAGES, messages)


def test_sound_books_are_left_alone(world: World, clock: ManualClock) -> None:
    """Where nothing is wrong the audit finds nothing, writes nothing even when it may, and says what it read."""
    before = everything(world.store)
    for fix in (False, True):
        audit = AuditService(world.store, clock).run("root", fix=fix)

        assert [] == audit.findings
        assert {table.name: len(before[table.name]) for table in TABLES} == audit.checked
        assert before == everything(world.store)


@dataclass(frozen=True)
class Damage:
    """A way to break the books, and what must be said about it: the invariants, and words of the problem."""

    name: str
    inflict: Callable[[World], object]
    found: tuple[str, ...]
    words: str


def _claimed(place: Callable[[World], Key], affiliate: str, code: int) -> Callable[[World], object]:
    """Return what makes the claim of some place one for that link of that affiliate."""
    return lambda w: w.store.transact(
        Put(OPS, {**place(w), "affiliate_id": affiliate, "link_id": w.codes[code], "created_at": START})
    )


def _stats(**attributes: Any) -> Callable[[World], object]:
    return lambda world: world.change(AFFILIATE_STATS, "aff-1", **attributes)


DAMAGES = [
    Damage(
        "updated before the last message",
        lambda w: w.change(CONVERSATIONS, w.open, updated_at=5),
        ("updated-at",),
        "updated_at is 5",
    ),
    Damage(
        "fractions of a cent",
        lambda w: w.change(LEADS, w.approved, commission_amount=Decimal("5.004")),
        ("audit-row", "lead-state", "stats"),
        "5.004",
    ),
    Damage(
        "code claimed for another link",
        _claimed(lambda w: code_place(w.codes[0]), "aff-2", 2),
        ("link-claim", "link-code"),
        "names a link that is not the one it is for",
    ),
    Damage(
        "store claimed for another affiliate's link",
        _claimed(lambda _: primary_place("aff-1", "a.example"), "aff-2", 2),
        ("link-claim", "primary-link"),
        "names a link that is not the one it is for",
    ),
    Damage(
        "store claimed for the link of another store",
        _claimed(lambda _: primary_place("aff-1", "a.example"), "aff-1", 1),
        ("link-claim", "primary-link"),
        "names a link that is not the one it is for",
    ),
    Damage(
        "request claim that answers nothing",
        lambda w: w.store.transact(
            Put(OPS, {"pk": "request#chat/send#u", "sk": "k", "answer": {}, "created_at": START, "expires_at": START})
        ),
        ("request-claim",),
        "answers with what is not there",
    ),
    Damage("admin counter", lambda w: w.change(CONVERSATIONS, w.open, unread_admin=7), ("unread-admin",), "is 7, 2"),
    Damage(
        "negative counter", lambda w: w.change(CONVERSATIONS, w.open, unread_admin=-1), ("unread-admin",), "is -1, 2"
    ),
    Damage("user counter", lambda w: w.change(CONVERSATIONS, w.answered, unread_user=0), ("unread-user",), "is 0, 1"),
    Damage(
        "counter is gone",
        lambda w: w.change(CONVERSATIONS, w.open, remove=("unread_admin",)),
        ("unread-admin",),
        "is 0, 2",
    ),
    Damage("imported counter", lambda w: w.change(CONVERSATIONS, LEGACY, unread_admin=4), ("unread-admin",), "is 4, 3"),
    Damage(
        "message marked read",
        lambda w: w.change(MESSAGES, w.keyed_message, is_read=True),
        ("unread-admin",),
        "2, 1 messages are unread",
    ),
    Damage(
        "message deleted",
        lambda w: w.drop(MESSAGES, w.last_message(w.answered)),
        ("last-message", "unread-user", "waiting-since"),
        "the last message is",
    ),
    Damage(
        "message smuggled in",
        lambda w: w.write_message(w.open, START + 50, is_read=False),
        ("last-message", "unread-admin", "updated-at"),
        "is 2, 3",
    ),
    Damage(
        "wrong last message",
        lambda w: w.change(CONVERSATIONS, w.open, last_message_id="other"),
        ("last-message",),
        "not other",
    ),
    Damage(
        "all messages deleted",
        lambda w: w.drop_messages(w.open),
        ("last-message", "request-claim", "unread-admin", "waiting-since"),
        "there is no message",
    ),
    Damage(
        "wrong time of the last message",
        lambda w: w.change(CONVERSATIONS, w.answered, last_message_at=START - 5),
        ("last-message",),
        f"last_message_at is {START - 5}",
    ),
    Damage(
        "waits since before the first message",
        lambda w: w.change(CONVERSATIONS, w.open, waiting_since=5),
        ("waiting-since",),
        "waiting_since is 5",
    ),
    Damage(
        "waits since after the last message",
        lambda w: w.change(CONVERSATIONS, w.open, waiting_since=START * 2),
        ("waiting-since",),
        f"waiting_since is {START * 2}",
    ),
    Damage(
        "waits without reason",
        lambda w: w.change(CONVERSATIONS, w.answered, waiting_since=START),
        ("waiting-since",),
        "not None",
    ),
    Damage(
        "waits unnoticed",
        lambda w: w.change(CONVERSATIONS, w.open, remove=("waiting_since",)),
        ("waiting-since",),
        "waiting_since is None",
    ),
    Damage(
        "message after the close",
        lambda w: w.write_message(w.closed, START + 5_000, "admin"),
        ("closed-conversation", "last-message", "updated-at"),
        "after it was closed",
    ),
    Damage(
        "unknown status",
        lambda w: w.change(CONVERSATIONS, w.open, status="ajar"),
        ("audit-row", "conversation-status"),
        "'ajar'",
    ),
    Damage(
        "closed without a trace",
        lambda w: w.change(CONVERSATIONS, w.open, status="closed", closed_at=START + 50, closed_by="x"),
        ("audit-row",),
        "is closed, its last audit row says open",
    ),
    Damage(
        "opened without a trace",
        lambda w: w.change(CONVERSATIONS, w.closed, status="open", remove=("closed_at", "closed_by")),
        ("audit-row",),
        "is open, its last audit row says closed",
    ),
    Damage("conversation deleted", lambda w: w.drop(CONVERSATIONS, w.answered), ("orphan-messages",), "2 messages"),
    Damage(
        "closed conversation deleted", lambda w: w.drop(CONVERSATIONS, w.closed), ("orphan-messages",), "2 messages"
    ),
    Damage("imported deleted", lambda w: w.drop(CONVERSATIONS, LEGACY), ("orphan-messages",), "3 messages"),
    Damage(
        "message time",
        lambda w: w.change(MESSAGES, w.keyed_message, created_at=START - 1),
        ("message-order",),
        f"created_at is {START - 1}",
    ),
    Damage("lead count", _stats(total_leads=9), ("stats",), "total_leads is 9, not 2"),
    Damage("status counts", _stats(pending_leads=0, approved_leads=2), ("stats",), "pending_leads is 0, not 1"),
    Damage("one cent", _stats(total_commission=Decimal("12.35")), ("stats",), "12.35, not 12.34"),
    Damage("stats deleted", lambda w: w.drop(AFFILIATE_STATS, "aff-1"), ("stats",), "total_leads is 0, not 2"),
    Damage(
        "stats of nobody",
        lambda w: w.store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "ghost", "total_leads": 1})),
        ("stats",),
        "total_leads is 1, not 0",
    ),
    Damage("count as text", _stats(total_leads="2"), ("stats",), "total_leads is 0, not 2"),
    Damage("count as a flag", _stats(pending_leads=True), ("stats",), "total_leads is 0, not 2"),
    Damage("sum as a flag", _stats(total_commission=True), ("stats",), "total_commission is 0.00, not 12.34"),
    Damage("endless sum", _stats(total_commission=10**30), ("stats",), "total_commission is 0.00, not 12.34"),
    Damage("version as text", _stats(version="x"), ("stats",), "total_leads is 0, not 2"),
    Damage("time of stats as text", _stats(last_updated="today"), ("stats",), "total_leads is 0, not 2"),
    Damage(
        "stats of nobody that cannot be read",
        lambda w: w.store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "ghost", "last_updated": "today"})),
        ("stats",),
        "cannot be read",
    ),
    Damage("lead deleted", lambda w: w.drop(LEADS, w.approved), ("stats",), "approved_leads is 1, not 0"),
    Damage(
        "approved for nothing known",
        lambda w: w.change(LEADS, w.pending, status="approved"),
        ("audit-row", "lead-state"),
        "approved with the commission None",
    ),
    Damage(
        "rejected for money",
        lambda w: w.change(LEADS, w.rejected, commission_amount=5),
        ("audit-row", "lead-state"),
        "rejected with a commission of 5",
    ),
    Damage(
        "pending for money",
        lambda w: w.change(LEADS, w.pending, commission_amount=5),
        ("audit-row", "lead-state"),
        "pending with a commission of 5",
    ),
    Damage(
        "commission beyond the range",
        lambda w: w.change(LEADS, w.approved, commission_amount=1_000_001),
        ("audit-row", "lead-state", "stats"),
        "approved with the commission 1000001",
    ),
    Damage(
        "unknown lead status",
        lambda w: w.change(LEADS, w.pending, status="maybe"),
        ("audit-row", "lead-state"),
        "'maybe'",
    ),
    Damage(
        "commission as text",
        lambda w: w.change(LEADS, w.approved, commission_amount="a lot"),
        ("audit-row", "lead-state", "stats"),
        "approved with the commission a lot",
    ),
    Damage(
        "commission as a flag",
        lambda w: w.change(LEADS, w.approved, commission_amount=True),
        ("audit-row", "lead-state", "stats"),
        "approved with the commission True",
    ),
    Damage(
        "commission as a list",
        lambda w: w.change(LEADS, w.approved, commission_amount=[5]),
        ("audit-row", "lead-state", "stats"),
        "approved with the commission [5]",
    ),
    Damage(
        "rejected without a trace",
        lambda w: w.change(LEADS, w.pending, status="rejected"),
        ("audit-row", "stats"),
        "is rejected, its last audit row says pending",
    ),
    Damage(
        "commission without a trace",
        lambda w: w.change(LEADS, w.approved, commission_amount=Decimal("99.99")),
        ("audit-row", "stats"),
        "is approved for 99.99, its last audit row says approved for 12.34",
    ),
    Damage(
        "decision row deleted",
        lambda w: w.drop(OPS, f"audit#lead#{w.approved}"),
        ("audit-row",),
        "its last audit row says pending",
    ),
    Damage(
        "code claim deleted",
        lambda w: w.drop_at(OPS, code_place(w.codes[0])),
        ("link-code",),
        "claimed by nobody",
    ),
    Damage(
        "primary claim deleted",
        lambda w: w.drop_at(OPS, primary_place("aff-1", "a.example")),
        ("primary-link",),
        "no primary link",
    ),
    Damage(
        "link deleted",
        lambda w: w.drop_link_but_no_lead(w.codes[0]),
        ("link-claim", "link-claim"),
        "has no link",
    ),
    Damage(
        "code of two affiliates",
        lambda w: w.store.transact(
            Put(
                AFFILIATE_LINKS,
                {
                    "affiliate_id": "aff-3",
                    "link_id": w.codes[0],
                    "affiliate_url": f"https://x/?ref={w.codes[0]}",
                    "created_at": START,
                    "updated_at": START,
                },
            )
        ),
        ("link-code",),
        "its code belongs to aff-1",
    ),
    Damage(
        "answered message deleted",
        lambda w: w.drop(MESSAGES, w.keyed_message),
        ("last-message", "request-claim", "unread-admin"),
        "answers with what is not there",
    ),
    Damage(
        "answered lead deleted",
        lambda w: w.drop(LEADS, w.rejected),
        ("request-claim", "stats"),
        "answers with what is not there",
    ),
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_damage_is_named_and_repaired(world: World, clock: ManualClock, damage: Damage) -> None:
    """Each kind of damage is named without touching it; repaired when asked; and gone when looked for again."""
    damage.inflict(world)
    before = everything(world.store)
    audit = AuditService(world.store, clock)
    looked = audit.run("root").findings

    assert list(damage.found) == sorted(finding.invariant for finding in looked)
    assert any(damage.words in finding.problem for finding in looked), looked
    assert not any(finding.fixed for finding in looked)
    assert before == everything(world.store)

    repaired = audit.run("root", fix=True).findings

    assert [(f.invariant, f.table, f.id) for f in looked] == [(f.invariant, f.table, f.id) for f in repaired]
    assert all(finding.fixed for finding in repaired)
    assert [] == audit.run("root").findings
    assert [] == errors_in(world.store)


def test_many_damages_at_once_are_all_found(world: World, clock: ManualClock) -> None:
    """Damage in every table at once is found, each piece under its own item, and repaired in one run."""
    world.change(CONVERSATIONS, world.open, unread_admin=7)
    world.change(CONVERSATIONS, world.answered, unread_user=7)
    world.change(LEADS, world.pending, status="rejected")
    world.change(AFFILIATE_STATS, "aff-2", total_leads=7)
    world.drop_at(OPS, code_place(world.codes[0]))
    audit = AuditService(world.store, clock)
    found = {(finding.invariant, finding.id) for finding in audit.run("root", fix=True).findings}

    assert {
        ("unread-admin", world.open),
        ("unread-user", world.answered),
        ("audit-row", world.pending),
        ("stats", "aff-1"),
        ("stats", "aff-2"),
        ("link-code", f"aff-1/{world.codes[0]}"),
    } == found
    assert [] == audit.run("root").findings


def test_repairs_say_who_made_them(world: World, clock: ManualClock) -> None:
    """A repair that changes money or status leaves an audit row with the name of whoever asked for it."""
    world.change(LEADS, world.pending, status="approved")
    world.change(CONVERSATIONS, world.open, status="ajar")
    AuditService(world.store, clock).run("maria", fix=True)
    lead = LeadService(world.store, clock).history(world.pending).history[-1]
    conversation = ChatService(world.store, clock).history(world.open).history[-1]

    assert ("maria", "audit", {"status": "approved"}, {"status": "pending"}) == (
        lead.actor,
        lead.event,
        lead.before,
        lead.after,
    )
    assert ("maria", {"status": "ajar"}, {"status": "open"}) == (
        conversation.actor,
        conversation.before,
        conversation.after,
    )


def test_a_link_without_a_code_of_its_own_gets_one(world: World, clock: ManualClock) -> None:
    """Where two affiliates have one code, the visitors stay with its owner, and the other gets a new link."""
    item = {
        "affiliate_id": "aff-3",
        "link_id": world.codes[0],
        "affiliate_url": f"https://x/?ref={world.codes[0]}",
        "created_at": START,
        "updated_at": START,
    }
    world.store.transact(Put(AFFILIATE_LINKS, item))
    AuditService(world.store, clock).run("root", fix=True)
    affiliates = AffiliateService(world.store, clock)
    owner = affiliates.resolve_link(world.codes[0]).affiliate_link
    other = affiliates.get_link("aff-3").affiliate_link

    assert owner is not None
    assert other is not None
    assert "aff-1" == owner.affiliate_id
    assert world.codes[0] != other.link_id
    assert f"https://x/?ref={other.link_id}" == other.affiliate_url
    assert other == affiliates.resolve_link(other.link_id).affiliate_link


def test_a_change_in_flight_is_no_finding(world: World, clock: ManualClock) -> None:
    """Whatever is written while the audit reads its tables, one after another, is not mistaken for damage."""
    chat, leads = ChatService(world.store, clock), LeadService(world.store, clock)
    code = world.codes[0]

    def work() -> None:
        clock.advance(1)
        name = chat.send("user-1", "x", key=f"k{clock.now}").conversation_id
        chat.send("user-1", "x", conversation_id=world.open)
        chat.reply(world.answered, "admin-1", "x")
        chat.mark_read(world.answered, "user")
        chat.close(name, "admin-1")
        chat.reopen(world.closed, "admin-1")
        chat.close(world.closed, "admin-1")
        lead_id = leads.submit(code, FORM, key=f"k{clock.now}").lead_id
        leads.decide(lead_id, "approved", "admin-1", commission="5")
        leads.decide(world.approved, "approved", "admin-1", commission=clock.now % 1_000, amend=True)
        AffiliateService(world.store, clock).create_link(f"new-{clock.now}", "n@example.com")

    for fix in (False, True):
        for call in ("scan", "get", "query", "transact"):
            meddled = Intervening(world.store)
            for _ in range(12):
                meddled.before(call, work)

            assert [] == AuditService(meddled, clock).run("root", fix=fix).findings
    assert [] == errors_in(world.store)


def test_the_actor_is_needed(world: World) -> None:
    """Whoever audits has a name."""
    with pytest.raises(Invalid, match="actor"):
        AuditService(world.store).run("")


@contextmanager
def two_hundred_sends(store: Store, name: str, code: str) -> Iterator[Event]:
    """Send and submit from eight threads, 200 of each kind; the event is set when half of it is done."""
    chat, leads = ChatService(store), LeadService(store)
    half = Event()

    def work(number: int) -> None:
        chat.send("user-1", f"{number}", conversation_id=name)
        leads.submit(code, FORM)
        if number == 100:
            half.set()

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(work, number) for number in range(200)]
        yield half
        for future in futures:
            future.result()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("damaged", [True, False])
def test_repairs_during_200_sends(engine: str, damaged: bool, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Repairing while 200 messages and leads come in leaves exact counters, and invents no damage."""
    with engine_store(engine, request, tmp_path) as store:
        world = made(store, ManualClock())
        audit = AuditService(store)
        runs: list[list[Finding]] = []
        with two_hundred_sends(store, world.open, world.codes[0]) as half:
            for wait in (False, True):
                if damaged:
                    _skew(store, world)
                if wait:
                    half.wait(60)
                runs.append(audit.run("root", fix=True).findings)
                runs.append(audit.run("root").findings)
        after = ChatService(store).conversation(world.open)

        assert [damaged, False] * 2 == [bool(findings) for findings in runs]
        assert 202 == after.unread_admin
        assert 202 == AffiliateService(store).stats("aff-1").stats.total_leads
        assert [] == errors_in(store)
        assert [] == audit.run("root").findings


def _skew(store: Store, world: World) -> None:
    """Put the counters off by a number that no traffic makes up for."""
    item = world.row(CONVERSATIONS, world.open)
    key = {name: item[name] for name in CONVERSATIONS.key_names}
    store.transact(
        Update(CONVERSATIONS, key, add={"unread_admin": 1_000, "unread_user": -1_000}),
        Update(
            AFFILIATE_STATS, {"affiliate_id": "aff-1"}, add={"total_leads": -1_000, "total_commission": Decimal("0.01")}
        ),
    )


MALFORMED = [
    (MESSAGES, {"remove": ("sender_type",)}, "sender_type is missing"),
    (MESSAGES, {"remove": ("created_at",)}, "created_at is missing"),
    (MESSAGES, {"sender_type": "bot"}, "sender_type is 'bot'"),
    (CONVERSATIONS, {"remove": ("updated_at",)}, "updated_at is missing"),
    (CONVERSATIONS, {"unread_admin": "two"}, "unread_admin is 'two'"),
    (LEADS, {"remove": ("affiliate_id",)}, "affiliate_id is missing"),
    (LEADS, {"updated_at": 10**30}, f"updated_at is {10**30}"),
    (LEADS, {"lead_email": 5}, "lead_email is 5"),
    (LEADS, {"updated_at": "today"}, "updated_at is 'today'"),
]


@pytest.mark.parametrize(("table", "change", "words"), MALFORMED, ids=[words for *_, words in MALFORMED])
def test_an_item_that_lacks_what_it_must_have_is_named_and_left_alone(
    world: World, clock: ManualClock, table: Table, change: dict[str, Any], words: str
) -> None:
    """Nothing can be computed from such an item, so a person must mend it; everything else is checked all the same."""
    name = {MESSAGES: world.keyed_message, CONVERSATIONS: world.open, LEADS: world.approved}[table]
    world.change(table, name, **change)
    world.change(AFFILIATE_STATS, "aff-2", total_leads=99)
    before = everything(world.store)
    service = AuditService(world.store, clock)
    seen = service.run("auditor")
    untouched = everything(world.store)
    mended = service.run("auditor", fix=True)

    assert before == untouched
    assert {"malformed", "stats"} <= {finding.invariant for finding in seen.findings}
    assert [words] == [finding.problem for finding in seen.findings if finding.invariant == "malformed"]
    assert [False] == [finding.fixed for finding in mended.findings if finding.invariant == "malformed"]
    assert ["malformed"] == [finding.invariant for finding in service.run("auditor").findings]


def test_stats_that_are_no_numbers_are_counted_anew(world: World, clock: ManualClock) -> None:
    """Damaged stats lose nothing: the leads say what they must be."""
    sound = world.row(AFFILIATE_STATS, "aff-1")["total_leads"]
    world.change(AFFILIATE_STATS, "aff-1", total_leads="many")
    AuditService(world.store, clock).run("auditor", fix=True)

    assert sound == world.row(AFFILIATE_STATS, "aff-1")["total_leads"]
    assert [] == AuditService(world.store, clock).run("auditor").findings


@pytest.mark.parametrize("name", ["after", "at", "before", "actor"])
@pytest.mark.parametrize("sound_row_before", [True, False])
def test_a_malformed_audit_row_tells_nothing(
    world: World, clock: ManualClock, name: str, sound_row_before: bool
) -> None:
    """Such a row is named for a person to mend; its lead is held against the last sound row, and accounted for anew."""
    lead = world.approved
    if sound_row_before:
        LeadService(world.store, clock).decide(lead, "approved", "admin-1", commission=1, amend=True)
    last = [row for row in rows(world.store, OPS) if row["pk"] == f"audit#lead#{lead}"][-1]
    world.store.transact(Update(OPS, {"pk": last["pk"], "sk": last["sk"]}, remove=(name,)))
    audit = AuditService(world.store, clock)
    seen = [(finding.invariant, finding.fixed) for finding in audit.run("root").findings]
    mended = [(finding.invariant, finding.fixed) for finding in audit.run("root", fix=True).findings]

    assert [("malformed", False), ("audit-row", False)] == seen
    assert [("malformed", False), ("audit-row", True)] == mended
    assert ["malformed"] == [finding.invariant for finding in audit.run("root", fix=True).findings]


def test_a_conversation_that_was_closed_is_made_again_open_with_an_audit_row(world: World, clock: ManualClock) -> None:
    """The status of a lost conversation changes from closed to open, and its history says who did that."""
    world.drop(CONVERSATIONS, world.closed)
    AuditService(world.store, clock).run("maria", fix=True)
    row = ChatService(world.store, clock).history(world.closed).history[-1]

    assert "open" == world.row(CONVERSATIONS, world.closed)["status"]
    assert ("maria", "audit", {"status": "closed"}, {"status": "open"}) == (row.actor, row.event, row.before, row.after)


ODD_VALUES: tuple[object, ...] = (5, Decimal("1.5"), True, "x", "", -1, 10**30, ["x"], {"x": 5})
RECORDS: list[tuple[Table, type[Record], str]] = [
    (CONVERSATIONS, Conversation, "conversation_id"),
    (MESSAGES, Message, "message_id"),
    (LEADS, Lead, "lead_id"),
    (AFFILIATE_LINKS, AffiliateLink, "link_id"),
    (AFFILIATE_STATS, AffiliateStats, "affiliate_id"),
    (OPS, AuditRow, "sk"),
]


@pytest.mark.parametrize(("table", "record", "name"), RECORDS, ids=[table.name for table, *_ in RECORDS])
def test_whatever_no_command_can_read_is_named(
    world: World, clock: ManualClock, table: Table, record: type[Record], name: str
) -> None:
    """An item that a command calls damaged is a finding, whichever attribute is missing or of the wrong kind."""
    sound = next(row for row in rows(world.store, table) if table is not OPS or row["pk"].startswith("audit#lead"))
    refused: set[str] = set()
    for number, item in enumerate(_broken(table, record, sound)):
        item[name] = f"broken-{number:03}"
        try:
            world.store.transact(Put(table, item))
            record.of(item)
        except Invalid:
            continue  # no engine takes such a key of an index
        except Damaged:
            refused.add(item[name])
    findings = AuditService(world.store, clock).run("root").findings
    found = {part for finding in findings for part in finding.id.split("/")}

    assert refused
    assert set() == refused - found


def _broken(table: Table, record: type[Record], sound: Item) -> Iterator[Item]:
    """Yield the item with one attribute missing or odd, for every attribute of the record that is no key."""
    for attribute in sorted(record.model_fields.keys() - set(table.key_names)):
        yield {name: value for name, value in sound.items() if name != attribute}
        for value in ODD_VALUES:
            yield {**sound, attribute: value}
            yield {**sound, attribute: {"x": value}}


def test_a_lead_that_no_other_check_names_is_named_when_it_cannot_be_counted(world: World, clock: ManualClock) -> None:
    """The stats of its affiliate stay as they are, so a person hears which lead stands in the way."""
    twin = world.row(LEADS, world.approved)
    world.store.transact(Put(LEADS, twin | {"created_at": twin["created_at"] + 1, "status": "maybe"}))
    findings = AuditService(world.store, clock).run("root", fix=True).findings

    assert [("uncounted-lead", world.approved, False)] == [(each.invariant, each.id, each.fixed) for each in findings]


def test_a_conversation_that_lost_all_messages_points_to_none(world: World, clock: ManualClock) -> None:
    """Nothing is left of what it told of its messages, and the next one is told like any other."""
    world.drop_messages(world.open)
    AuditService(world.store, clock).run("root", fix=True)
    emptied = world.row(CONVERSATIONS, world.open)
    ChatService(world.store, clock).reply(world.open, "admin-1", "Sorry")

    assert "" == emptied["last_message"]
    assert set() == {"last_message_id", "last_message_at", "waiting_since"} & emptied.keys()
    assert "Sorry" == world.row(CONVERSATIONS, world.open)["last_message"]
    assert [] == AuditService(world.store, clock).run("root").findings


def test_users_wait_from_the_first_unanswered_message_on(world: World, clock: ManualClock) -> None:
    """A wrong time of waiting becomes that of the first message that nobody answered."""
    first = world.row(CONVERSATIONS, world.open)["waiting_since"]
    world.change(CONVERSATIONS, world.open, waiting_since=5)
    AuditService(world.store, clock).run("root", fix=True)

    assert first == world.row(CONVERSATIONS, world.open)["waiting_since"]


def test_what_an_imported_conversation_tells_of_new_messages_is_no_damage(world: World, clock: ManualClock) -> None:
    """There a user waits from the first message on that came in after the import, whatever else is mended."""
    clock.advance(10)
    sent = ChatService(world.store, clock).send("user-9", "x" * 5_000, conversation_id=LEGACY)
    audit = AuditService(world.store, clock)
    untouched = audit.run("root").findings
    world.change(CONVERSATIONS, LEGACY, unread_admin=99)
    mended = [finding.invariant for finding in audit.run("root", fix=True).findings]

    assert [] == untouched
    assert ["unread-admin"] == mended
    assert sent.created_at == world.row(CONVERSATIONS, LEGACY)["waiting_since"]


def test_leads_of_a_lost_link_are_named(world: World, clock: ManualClock) -> None:
    """The claims of a lost link are dropped; its leads stay as they are, and a person hears of them each time."""
    world.drop(AFFILIATE_LINKS, world.codes[0])
    audit = AuditService(world.store, clock)
    seen, mended, left = (audit.run("root", fix=fix).findings for fix in (False, True, False))
    orphan = ("orphan-lead", world.pending, False)

    for findings in (seen, mended, left):
        assert [orphan] == [(each.invariant, each.id, each.fixed) for each in findings if each.table == "leads"]
    assert ["orphan-lead"] == [each.invariant for each in left]


def test_leads_keep_their_code_however_it_is_spelled(world: World, clock: ManualClock) -> None:
    """A lead whose code differs from its link's only as people type codes, or names another's link, is no orphan."""
    world.change(LEADS, world.pending, link_id=world.codes[0].lower().replace("0", "o"))
    world.change(LEADS, world.rejected, link_id=world.codes[0])

    assert [] == AuditService(world.store, clock).run("root").findings
