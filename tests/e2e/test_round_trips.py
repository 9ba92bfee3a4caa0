"""Round trips: each action costs exactly what ARCHITECTURE.md says, counted on a real server."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest

from commercive_cli.domain.models import Message
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.feeds import FeedService
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.whole_feed import WholeFeed, is_anything
from commercive_cli.services.leads.approval import Approver
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.records.rate_limits import RateLimits
from commercive_cli.store.port import Store
from commercive_cli.store.schema import MESSAGES
from tests.e2e.stores import server_store
from tests.services.fakes import ManualClock

START = 1_750_000_000_000
FORM = {"name": "Jane", "email": "jane@example.com"}
WRITE, READ, BATCH, QUERY = "TransactWriteItems", "GetItem", "BatchGetItem", "Query"


class TickingClock:
    """Never tells one time twice, so that no message has to wait for the next millisecond."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        self.now += 1_000
        return self.now


@dataclass
class Counted:
    """The services on a real server, and the requests they have sent since `asked` was last read."""

    store: Store
    requests: list[str]
    clock: TickingClock = field(default_factory=TickingClock)

    def __post_init__(self) -> None:
        self.chat = ChatService(self.store, self.clock)
        self.leads = LeadService(self.store, self.clock)
        self.affiliates = AffiliateService(self.store, self.clock)

    def asked(self) -> list[str]:
        """Return the operations since the last time, and forget them."""
        asked = self.requests.copy()
        self.requests.clear()
        return asked


@pytest.fixture(scope="module")
def shared(real_endpoint: str) -> Iterator[Counted]:
    requests: list[str] = []
    with server_store(real_endpoint, requests.append) as store:
        yield Counted(store, requests)


@pytest.fixture
def counted(shared: Counted) -> Counted:
    """Return services on a store that the module's tests share, with nothing counted yet."""
    shared.asked()
    return shared


def test_sending(counted: Counted) -> None:
    """A message costs one transaction: new or in a conversation, keyed or not, once or again, limited or not."""
    chat, asked = counted.chat, counted.asked
    name = chat.send("user-1", "Hello", store="shop.example").conversation_id
    assert [WRITE] == asked()
    chat.send("user-1", "again", conversation_id=name)
    assert [WRITE] == asked()
    first = chat.send("user-1", "keyed", conversation_id=name, key="k")
    assert [WRITE] == asked()
    assert first == chat.send("user-1", "keyed", conversation_id=name, key="k")
    assert [WRITE] == asked()
    opened = chat.send("user-1", "keyed", key="k2")
    assert [WRITE] == asked()
    assert opened == chat.send("user-1", "keyed", key="k2")
    assert [WRITE] == asked()
    limits = RateLimits(b"key").of_user("send", "user-1", "messages")
    for conversation in (None, name, name):
        chat.send("user-1", "limited", conversation_id=conversation, limits=limits)
        assert [WRITE] == asked()


def test_replying(counted: Counted) -> None:
    """A reply costs one transaction, also with a key, with `if_last` and when it closes behind itself."""
    chat, asked = counted.chat, counted.asked
    sent = chat.send("user-1", "Hello")
    asked()
    reply = chat.reply(sent.conversation_id, "admin-1", "Hi", if_last=sent.message_id, key="k")
    assert [WRITE] == asked()
    assert reply == chat.reply(sent.conversation_id, "admin-1", "Hi", if_last=sent.message_id, key="k")
    # Two conditions fail here; a server that reports the claim among them needs no other read.
    assert [WRITE] == asked()
    chat.reply(sent.conversation_id, "admin-1", "Bye", close=True)
    assert [WRITE] == asked()


def test_the_desk(counted: Counted) -> None:
    """Claims cost two reads and a transaction, the next one four requests and a transaction, lists one for claims."""
    desk, asked = DeskService(counted.chat), counted.asked
    name = counted.chat.send("user-1", "Hello").conversation_id
    asked()
    desk.claim(name, "mira")
    assert [READ, READ, WRITE] == asked()
    desk.release(name, "mira")
    assert [WRITE] == asked()
    desk.note(name, "mira", "a remark")
    assert [WRITE] == asked()
    desk.notes(name)
    assert [QUERY] == asked()
    assert desk.claim_next("mira") is not None
    assert [QUERY, QUERY, BATCH, BATCH, WRITE] == asked()
    desk.list_conversations(ConversationFilter(sort="waiting"))
    assert [QUERY, QUERY, BATCH, BATCH] == asked()


def test_watching(counted: Counted) -> None:
    """A quiet look costs one request by id, at most three at what one holds, and a page of each status at all."""
    chat, asked = ChatService(counted.store), counted.asked
    name = chat.send("user-1", "Hello").conversation_id
    DeskService(chat).claim(name, "watcher")
    feeds = FeedService(counted.store)
    thread, held = feeds.threads([name]), feeds.held("watcher")
    list(held.poll())
    asked()
    looks = []
    for _ in range(2):
        looks.append([(list(feed.poll()), asked())[1] for feed in (thread, held)])
        chat.send("user-1", "again", conversation_id=name)
        asked()

    assert [[BATCH], [QUERY, BATCH, BATCH]] == looks[0]
    assert [[BATCH, QUERY], [QUERY, BATCH, BATCH, QUERY]] == looks[1]


def test_watching_everything(counted: Counted) -> None:
    """A page of each status; while something has happened in the last minute, the store's time before that."""
    later = ManualClock(counted.store.clock().now or 0)
    chat, asked = ChatService(counted.store, later), counted.asked
    later.advance(3_600_000)  # behind whatever others wrote
    feed = WholeFeed(counted.store, later, "watch", is_anything, later.now - 60_000, {})
    asked()
    list(feed.poll())
    quiet = asked()
    chat.send("user-1", "Hello")
    asked()
    list(feed.poll())
    first = asked()
    list(feed.poll())

    assert [QUERY, QUERY] == quiet
    assert [QUERY, QUERY, READ, QUERY, QUERY, QUERY] == first
    assert [READ, QUERY, QUERY] == asked()


def test_answering_automatically(counted: Counted) -> None:
    """An automatic answer costs one transaction, and a second where the user has asked for a person."""
    chat, asked = counted.chat, counted.asked
    sent = chat.send("user-1", "Hello")
    asked()
    answered = chat.answer(sent.conversation_id, "Hi", if_last=sent.message_id, key="k")
    assert [WRITE] == asked()
    assert answered == chat.answer(sent.conversation_id, "Hi", if_last=sent.message_id, key="k")
    assert [WRITE] == asked()
    sent = chat.send("user-1", "A person, please", conversation_id=sent.conversation_id, request_human=True)
    assert [WRITE] == asked()
    chat.answer(sent.conversation_id, "Soon", if_last=sent.message_id)
    assert [WRITE, WRITE] == asked()


def test_closing_and_reopening(counted: Counted) -> None:
    """Closing and reopening cost one transaction, also when it is so already; one more where a user waits again."""
    chat, asked = counted.chat, counted.asked
    name = chat.send("user-1", "Hello").conversation_id
    asked()
    for action, changed in ((chat.close, True), (chat.close, False), (chat.reopen, True), (chat.reopen, False)):
        assert changed == action(name, "admin-1").changed
        expected = [WRITE, WRITE] if (action, changed) == (chat.reopen, True) else [WRITE]
        assert expected == asked()
    chat.reply(name, "admin-1", "Hi", close=True)
    asked()
    chat.reopen(name, "admin-1")
    assert [WRITE] == asked()


def test_requests_with_a_key(counted: Counted) -> None:
    """A key costs no request where something changes or the request comes again, one where nothing is left to do."""
    chat, leads, asked = counted.chat, counted.leads, counted.asked
    name = chat.send("user-1", "Hello").conversation_id
    code = counted.affiliates.create_link("aff-3", "a@example.com").link_id
    lead_id = leads.submit(code, FORM).lead_id
    asked()
    for key, requests in (("k", [WRITE]), ("other", [WRITE, WRITE])):
        assert (key == "k") == chat.close(name, "admin-1", key=key).changed
        assert requests == asked()
    chat.reopen(name, "admin-2")
    asked()
    assert chat.close(name, "admin-1", key="k").changed
    assert [WRITE] == asked()
    for key, requests in (("k", [READ, WRITE]), ("k", [READ, WRITE]), ("other", [READ, WRITE])):
        assert (key == "k") == leads.decide(lead_id, "approved", "admin-1", commission="5", key=key).changed
        assert requests == asked()
    leads.decide(lead_id, "rejected", "admin-2", amend=True)
    asked()
    assert leads.decide(lead_id, "approved", "admin-1", commission="5", key="k").changed
    assert [READ, READ] == asked()
    for key, requests in (("k", [WRITE]), ("k", [WRITE]), ("other", [WRITE, READ, WRITE])):
        assert (key == "k") == counted.affiliates.create_link("aff-3", "a@example.com", "s", key=key).created
        assert requests == asked()


def test_marking_read_up_to_a_message(counted: Counted) -> None:
    """The message that was seen costs one read more; a key costs none."""
    chat, asked = counted.chat, counted.asked
    seen = chat.send("user-1", "Hello")
    name = seen.conversation_id
    chat.send("user-1", "later", conversation_id=name)
    asked()
    for _ in range(2):
        assert 1 == chat.mark_read(name, "admin", up_to=seen.message_id, key="k").marked
        assert [READ, READ, QUERY, WRITE] == asked()


def test_listing_conversations(counted: Counted) -> None:
    """A user's list costs one query, an admin's one for each status, whatever the limit and the filters."""
    chat, asked = counted.chat, counted.asked
    for _ in range(5):
        chat.send("lister", "Hello")
    chat.close(chat.send("lister", "Hello").conversation_id, "admin-1")
    asked()
    assert 6 == len(chat.conversations("lister").conversations)
    assert [QUERY] == asked()
    page = chat.conversations("lister", limit=2)
    assert [QUERY] == asked()
    chat.conversations("lister", limit=2, cursor=page.next_cursor)
    assert [QUERY] == asked()
    for status, queries in (("open", 1), ("closed", 1), ("all", 2)):
        for limit in (1, 3, 500):
            assert chat.list_conversations(ConversationFilter(status), limit=limit).conversations
            assert [QUERY] * queries == asked()
    chat.list_conversations(ConversationFilter(user_id="lister"))
    assert [QUERY] == asked()


def test_reading_messages(counted: Counted) -> None:
    """Messages cost one query a page; for their owner the conversation is read beside it."""
    chat, asked = counted.chat, counted.asked
    first = chat.send("user-1", "Hello")
    name = first.conversation_id
    chat.send("user-1", "again", conversation_id=name)
    asked()
    chat.messages(name)
    assert [QUERY] == asked()
    chat.messages(name, since=first.created_at)
    assert [QUERY] == asked()
    page = chat.messages(name, limit=1)
    assert [QUERY] == asked()
    chat.messages(name, limit=1, cursor=page.next_cursor)
    assert [QUERY] == asked()
    chat.messages(name, owner="user-1")
    assert [READ, QUERY] == sorted(asked())


def test_a_long_thread_costs_one_query_a_page(counted: Counted) -> None:
    """A thread of more than 1 MB comes in pages of 1 MB, one query each."""
    name = counted.chat.send("user-1", "Hello").conversation_id
    messages = [
        Message(
            message_id=f"ffffffff-ffff-7fff-bfff-{number:012}",
            conversation_id=name,
            sender_type="user",
            sender_id="user-1",
            message_text="👍" * 10_000,
            created_at=START + number,
        )
        for number in range(30)
    ]
    counted.store.batch_put(MESSAGES, [message.item() for message in messages])
    counted.asked()

    assert 31 == len(counted.chat.messages(name).messages)
    assert [QUERY, QUERY] == counted.asked()


@pytest.mark.parametrize(("unread", "round_trips"), [(1, 3), (99, 3), (100, 4), (250, 5)])
def test_marking_read(counted: Counted, unread: int, round_trips: int) -> None:
    """Nothing unread costs one read; n unread cost a read, a query, and a transaction for each 99."""
    chat, asked = counted.chat, counted.asked
    name = chat.send("user-1", "0").conversation_id
    for number in range(1, unread):
        chat.send("user-1", str(number), conversation_id=name)
    asked()
    assert unread == chat.mark_read(name, "admin").marked
    requests = asked()
    assert [READ, QUERY] + [WRITE] * (round_trips - 2) == requests
    assert 2 + -(-unread // 99) == len(requests)
    assert 0 == chat.mark_read(name, "admin").marked
    assert [READ] == asked()


def test_leads(counted: Counted) -> None:
    """Submitting costs two round trips, deciding two, a decision that stands already one, lists one per status.

    An approval by somebody with a known address costs three, as the link is read.
    """
    leads, asked = counted.leads, counted.asked
    code = counted.affiliates.create_link("aff-2", "a@example.com").link_id
    asked()
    lead_id = leads.submit(code, FORM).lead_id
    assert [BATCH, WRITE] == asked()
    first = leads.submit(code, FORM, key="k")
    assert [BATCH, WRITE] == asked()
    assert first == leads.submit(code, FORM, key="k")
    assert [BATCH, WRITE] == asked()
    limits = partial(RateLimits(b"key").lead, "2001:db8::1")
    for number in range(3):
        leads.submit(code, FORM, key=f"limited {number}", limits=limits)
        assert [BATCH, WRITE] == asked()
    assert leads.decide(lead_id, "approved", "admin-1", commission="5").changed
    assert [READ, WRITE] == asked()
    assert not leads.decide(lead_id, "approved", "admin-1", commission="5").changed
    assert [READ] == asked()
    assert leads.decide(lead_id, "rejected", "admin-1", amend=True).changed
    assert [READ, WRITE] == asked()
    assert leads.reset(lead_id, "admin-1").changed
    assert [READ, WRITE] == asked()
    known = Approver("admin-1", "boss@example.com")
    assert leads.decide(lead_id, "approved", "admin-1", commission="5", approver=known).changed
    assert [READ, READ, WRITE] == asked()
    assert not leads.decide(lead_id, "approved", "admin-1", commission="5", approver=known).changed
    assert [READ] == asked()
    for status, queries in (("pending", 1), ("approved", 1), ("rejected", 1), ("all", 3)):
        leads.list_leads(LeadFilter(status))
        assert [QUERY] * queries == asked()
    leads.list_leads(LeadFilter(affiliate_id="aff-2"))
    assert [QUERY] == asked()


def test_affiliates(counted: Counted) -> None:
    """A link costs one transaction, and one read more when it exists; getting, resolving and stats cost one read."""
    affiliates, asked = counted.affiliates, counted.asked
    limits = RateLimits(b"key").of_user("create-link", "aff-1", "new links")
    made = affiliates.create_link("aff-1", "a@example.com", "shop.example", limits=limits)
    assert [WRITE] == asked()
    assert not affiliates.create_link("aff-1", "a@example.com", "shop.example").created
    assert [WRITE, READ] == asked()
    affiliates.get_link("aff-1")
    assert [QUERY] == asked()
    affiliates.get_link("nobody")
    assert [QUERY] == asked()
    affiliates.resolve_link(made.link_id)
    assert [READ, READ] == asked()
    affiliates.stats("aff-1")
    assert [READ] == asked()
    affiliates.stats("nobody")
    assert [READ] == asked()
