"""Times that are still to come: other programs and wrong clocks leave them, and later work is not done by them."""

from collections.abc import Callable

import pytest

from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.feeds import FeedService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.waiting_index import fill_waiting
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, LEADS, MESSAGES, OPS
from commercive_cli.store.writes import Put, Update
from tests.services.fakes import DAY, Intervening, ManualClock
from tests.services.raw_data import errors_in, rows

MONTH = 30 * DAY
LEGACY = "conv_1"


@pytest.fixture
def chat(either: Store, clock: ManualClock) -> ChatService:
    return ChatService(either, clock)


@pytest.fixture
def name(chat: ChatService, clock: ManualClock) -> str:
    """Return a conversation whose only message is ten days old, and whose times another program put a month ahead."""
    one = chat.send("user-1", "Hello").conversation_id
    clock.advance(10 * DAY)
    put_ahead(chat.store, one, clock.now + MONTH)
    return one


def put_ahead(store: Store, conversation_id: str, at: int) -> None:
    (found,) = (each for each in rows(store, CONVERSATIONS) if each["conversation_id"] == conversation_id)
    times = {"updated_at": at, "last_message_at": at}
    store.transact(Update(CONVERSATIONS, CONVERSATIONS.key_of(found), set=times))


WORK: dict[str, Callable[[ChatService, str], object]] = {
    "send": lambda chat, name: chat.send("user-1", "still there?", conversation_id=name),
    "reply": lambda chat, name: chat.reply(name, "ann", "Hi", close=True),
    "close": lambda chat, name: chat.close(name, "ann"),
    "close, seen": lambda chat, name: chat.close(name, "ann", as_of=chat.conversation(name).updated_at),
    "reopen": lambda chat, name: (chat.close(name, "ann"), chat.reopen(name, "ann")),
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_what_is_done_now_has_the_time_of_now(
    chat: ChatService, name: str, clock: ManualClock, work: Callable[[ChatService, str], object]
) -> None:
    """Nothing is put behind a time at which nothing stands."""
    began = clock.now
    work(chat, name)
    shown, history = chat.show(name), [row for row in rows(chat.store, OPS) if row["pk"].startswith("audit#")]
    told = [shown.conversation.updated_at, shown.conversation.closed_at or began, *(row["at"] for row in history)]

    assert all(began <= at <= clock.now for at in told)
    assert all(message.created_at <= clock.now for message in shown.messages)
    AuditService(chat.store, clock).run("root", fix=True)
    assert [] == errors_in(chat.store)


def test_messages_stay_in_order_though_two_come_at_once(chat: ChatService, name: str, clock: ManualClock) -> None:
    """Both find the time that is to come; the one that is second looks again."""
    meddled = Intervening(chat.store)
    meddled.before("transact", lambda: None)  # the first try, which finds the time
    meddled.before("transact", lambda: chat.send("user-1", "second", conversation_id=name))
    ChatService(meddled, clock).reply(name, "ann", "third")
    messages = chat.messages(name).messages

    assert ["Hello", "second", "third"] == [message.message_text for message in messages]
    assert all(message.created_at <= clock.now for message in messages)
    assert [] == errors_in(chat.store)


def test_idle_is_by_the_messages(chat: ChatService, name: str, clock: ManualClock) -> None:
    """A time to come hides no conversation from those that are closed for having been idle, nor shows a busy one so."""
    busy = chat.send("user-2", "Hello").conversation_id
    put_ahead(chat.store, busy, clock.now + MONTH)
    found = [each.conversation_id for each in chat.idle(clock.now - 7 * DAY)]

    assert [name] == found
    assert chat.close(name, "ann", as_of=chat.conversation(name).updated_at).changed


def test_the_audit_takes_the_times_back(chat: ChatService, name: str, clock: ManualClock) -> None:
    """It names what is to come, and puts what the messages say in its place."""
    named = AuditService(chat.store, clock).run("root").findings
    AuditService(chat.store, clock).run("root", fix=True)
    sent = chat.messages(name).messages[0].created_at
    found = chat.conversation(name)

    assert {"updated-at", "last-message"} == {each.invariant for each in named}
    assert (sent, sent) == (found.updated_at, found.last_message_at)
    assert [] == AuditService(chat.store, clock).run("root").findings


def test_a_message_that_is_to_come_keeps_its_place(chat: ChatService, name: str, clock: ManualClock) -> None:
    """A clock that was ahead wrote it: what follows stands behind it, and the audit names it and leaves it alone."""
    AuditService(chat.store, clock).run("root", fix=True)
    ahead = ChatService(chat.store, ManualClock(clock.now + MONTH)).reply(name, "bob", "from the future")
    after = chat.send("user-1", "Thanks", conversation_id=name)
    findings = AuditService(chat.store, clock).run("root", fix=True).findings

    assert after.created_at == ahead.created_at + 1
    assert [("message-time", False)] * 2 == [(each.invariant, each.fixed) for each in findings]
    assert {ahead.message_id, after.message_id} == {each.id for each in findings}
    assert [after.created_at] == [each["updated_at"] for each in rows(chat.store, CONVERSATIONS)]
    assert [] == list(chat.idle(clock.now - 7 * DAY))


@pytest.mark.parametrize("ids", [True, False], ids=["a conversation", "all"])
def test_a_watch_tells_what_comes_before_the_time_to_come(store: Store, clock: ManualClock, ids: bool) -> None:
    """A watch that saw the wrong time tells messages of now, and nothing twice."""
    chat = ChatService(store, clock)
    name = chat.send("user-1", "Hello").conversation_id
    put_ahead(store, name, clock.now + MONTH)
    clock.advance(DAY)
    feed = FeedService(store, clock).threads([name]) if ids else FeedService(store, clock).whole()
    before = list(feed.poll())
    chat.send("user-1", "still there?", conversation_id=name)
    told = [each.message.message_text for each in feed.poll() if each.message is not None]

    assert [] == before
    assert ["still there?"] == told
    assert [] == list(feed.poll())


def test_an_imported_conversation_stands_in_the_queue_by_its_messages(chat: ChatService, clock: ManualClock) -> None:
    """Not behind everybody, for as long as the time that another program left is to come."""
    at = clock.now - DAY
    imported = {"conversation_id": LEGACY, "user_id": "u", "store_url": "", "status": "open", "unread_admin": 1}
    message = {"conversation_id": LEGACY, "message_id": "msg_1", "sender_type": "user", "sender_id": "u"}
    told = {"message_text": "Hello", "created_at": at, "is_read": False}
    chat.store.batch_put(CONVERSATIONS, [{**imported, "created_at": at, "updated_at": clock.now + MONTH}])
    chat.store.batch_put(MESSAGES, [{**message, **told}])

    assert 1 == fill_waiting(chat.store, clock)
    assert [at] == [each["waiting_since"] for each in rows(chat.store, CONVERSATIONS)]


def test_a_decision_has_the_time_of_now(either: Store, clock: ManualClock) -> None:
    """Also of a lead whose last change is to come; behind a decision that is to come stands the next one."""
    lead = {"lead_id": "L-1", "affiliate_id": "aff-1", "link_id": "l", "status": "pending", "created_at": clock.now}
    either.transact(Put(LEADS, {**lead, "updated_at": clock.now + MONTH}))
    decided = LeadService(either, clock).decide("L-1", "approved", "ann", commission="5").lead
    ahead = LeadService(either, ManualClock(clock.now + MONTH)).reset("L-1", "bob").lead
    again = LeadService(either, clock).decide("L-1", "rejected", "ann").lead
    history = LeadService(either, clock).history("L-1").history

    assert decided.updated_at <= clock.now < ahead.updated_at < again.updated_at
    assert ["approve", "reset", "reject"] == [row.event for row in history]
