"""UUIDs in capitals: every door finds what is stored in lower case, unless something is stored exactly so."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from commercive_cli.bootstrap import Services
from commercive_cli.domain.errors import Conflict, NotFound
from commercive_cli.services.audit.mend import Changes
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.store.items import Item
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, Table
from tests.api.world import services_over
from tests.e2e.stores import ENGINES, engine_store
from tests.services.fakes import START, ManualClock
from tests.services.raw_data import errors_in, rows

USER = "8c1f0a3e-5b7d-4e2a-9f60-aa00bb11cc22"
AFFILIATE = "1d2e3f4a-aaaa-4bbb-8ccc-ddddeeeeffff"
ADMIN = "ffffffff-1111-4222-8333-abcdefabcdef"
OLD = "7b3a4c9e-1d2f-4a5b-8c6d-0e1f2a3b4c5d"
FORM = {"name": "Jane", "email": "jane@example.com"}


@dataclass
class Named:
    """Services over a store in which a conversation, a lead and a link lie under lower-case UUIDs."""

    services: Services
    conversation: str
    message: str
    lead: str

    def items(self) -> int:
        tables = (CONVERSATIONS, LEADS, AFFILIATE_LINKS, AFFILIATE_STATS)
        return sum(len(rows(self.services.store, table)) for table in tables)


@pytest.fixture(params=ENGINES)
def named(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Named]:
    with engine_store(request.param, request, tmp_path) as store:
        services = services_over(store, ManualClock())
        sent = services.chat.send(USER, "Hello", store="a.example")
        link = services.affiliates.create_link(AFFILIATE, "a@example.com", "a.example")
        lead = services.leads.submit(link.link_id, FORM)
        yield Named(services, sent.conversation_id, sent.message_id, lead.lead_id)


def _of_user(named: Named, user: str, sort: str = "recent") -> list[str]:
    wanted = ConversationFilter(user_id=user, sort=sort)
    found = named.services.chat.list_conversations(wanted).conversations
    return [each.conversation_id for each in found]


READS: dict[str, Callable[[Named], bool]] = {
    "messages": lambda n: bool(n.services.chat.messages(n.conversation.upper()).messages),
    "own messages": lambda n: bool(n.services.chat.messages(n.conversation.upper(), owner=USER).messages),
    "show": lambda n: bool(n.services.chat.show(n.conversation.upper()).messages),
    "history of a conversation": lambda n: n.services.chat.history(n.conversation.upper()).history == [],
    "mark read": lambda n: n.services.chat.mark_read(n.conversation.upper(), "admin").marked == 1,
    "a user's": lambda n: bool(n.services.chat.conversations(USER.upper()).conversations),
    "list by user": lambda n: _of_user(n, USER.upper()) == [n.conversation],
    "queue by user": lambda n: _of_user(n, USER.upper(), "waiting") == [n.conversation],
    "lead": lambda n: n.services.leads.show(n.lead.upper()).lead.lead_id == n.lead,
    "history of a lead": lambda n: n.services.leads.history(n.lead.upper()).history == [],
    "leads by affiliate": lambda n: bool(n.services.leads.list_leads(LeadFilter(affiliate_id=AFFILIATE.upper())).leads),
    "stats": lambda n: n.services.affiliates.stats(AFFILIATE.upper()).stats.total_leads == 1,
    "affiliate": lambda n: n.services.affiliates.show(AFFILIATE.upper()).affiliate_id == AFFILIATE,
    "get link": lambda n: n.services.affiliates.get_link(AFFILIATE.upper()).affiliate_link is not None,
    "recompute": lambda n: n.services.recompute.one(AFFILIATE.upper(), ADMIN).affiliate_id == AFFILIATE,
}


@pytest.mark.parametrize("read", READS)
def test_what_is_read_is_found(read: str, named: Named) -> None:
    """By every id that a reader takes, also in filters."""
    before = named.items()

    assert READS[read](named)
    assert before == named.items()


def test_what_is_written_goes_where_it_belongs(named: Named) -> None:
    """Writes find what is there, and make no second conversation, lead, link or affiliate."""
    services, before = named.services, named.items()
    name = named.conversation.upper()
    services.chat.send(USER.upper(), "again", conversation_id=name)
    with pytest.raises(Conflict, match="somebody wrote since"):
        services.chat.reply(name, ADMIN.upper(), "Hi", if_last=named.message.upper())
    last = services.chat.messages(name).messages[-1].message_id
    answered = services.chat.answer(name, "Hm", if_last=last.upper()).message_id
    replied = services.chat.reply(name, ADMIN.upper(), "Hi", if_last=answered.upper())
    closed, reopened = services.chat.close(name, ADMIN.upper()), services.chat.reopen(name, ADMIN)
    decided = services.leads.decide(named.lead.upper(), "approved", ADMIN.upper(), commission="5")
    made = services.affiliates.create_link(AFFILIATE.upper(), "a@example.com", "a.example")
    services.mending.mend("leads", named.lead.upper(), ADMIN.upper(), Changes({"lead_phone": "5"}))

    assert before == named.items()
    assert [named.conversation] * 3 == [each.conversation_id for each in (replied, closed, reopened)]
    assert (named.lead, ADMIN) == (decided.lead.lead_id, decided.lead.reviewed_by)
    assert (AFFILIATE, False) == (made.affiliate_id, made.created)
    assert {ADMIN} == {row.actor for row in services.leads.history(named.lead).history}
    assert [] == errors_in(services.store)


def test_what_is_new_is_stored_in_lower_case(named: Named) -> None:
    """So that whoever comes next finds it, however they write it."""
    services = named.services
    one = services.chat.send(OLD.upper(), "Hello").conversation_id
    link = services.affiliates.create_link(OLD.upper(), "b@example.com")

    assert (OLD, OLD) == (services.chat.conversation(one).user_id, link.affiliate_id)
    assert [one] == [each.conversation_id for each in services.chat.conversations(OLD).conversations]
    assert not services.affiliates.create_link(OLD, "b@example.com").created


def test_what_is_stored_exactly_so_comes_first(named: Named) -> None:
    """Ids that others made in capitals are what they are, also beside the same ones in lower case."""
    services = named.services
    _store_in_capitals(named)
    capital = OLD.upper()

    assert capital == services.chat.show(capital).conversation.conversation_id
    assert capital == services.chat.send(capital, "again", conversation_id=capital).conversation_id
    assert capital == services.chat.reply(capital, ADMIN, "Hi").conversation_id
    assert [capital] == [each.conversation_id for each in services.chat.conversations(capital).conversations]
    assert [capital] == _of_user(named, capital)
    assert capital == services.leads.decide(capital, "rejected", ADMIN).lead.lead_id
    assert 1 == services.affiliates.stats(capital).stats.rejected_leads
    assert capital == services.affiliates.show(capital).affiliate_id
    assert [capital] == [each.lead_id for each in services.leads.list_leads(LeadFilter(affiliate_id=capital)).leads]
    assert capital == services.mending.mend("leads", capital, ADMIN, Changes({"lead_phone": "5"})).id.split()[0]
    for ask in (services.chat.show, services.leads.show, services.affiliates.show):
        with pytest.raises(NotFound):
            ask(OLD)


def test_who_asks_to_be_erased_is_erased_in_every_case(named: Named) -> None:
    """Whoever wrote the id down in capitals meant the same person; both become one pseudonym."""
    services = named.services
    _store_in_capitals(named)
    services.chat.send(OLD, "I am Jo", store="jo.example")
    erased = services.privacy.erase(OLD, ADMIN)

    assert 1 == len(erased.pseudonyms)
    assert not [each for table in (CONVERSATIONS, MESSAGES, AFFILIATE_STATS) for each in _naming(named, table, OLD)]
    assert 2 == len(_naming(named, CONVERSATIONS, erased.pseudonyms[0]))


def _naming(named: Named, table: Table, person: str) -> list[Item]:
    people = ("user_id", "sender_id", "affiliate_id")
    found = rows(named.services.store, table)
    return [item for item in found if person in [str(item.get(name)).lower() for name in people]]


def _store_in_capitals(named: Named) -> None:
    """Store a conversation, a lead and stats under one UUID in capitals, as another program might."""
    store, capital = named.services.store, OLD.upper()
    times = {"created_at": START - 9, "updated_at": START - 9}
    conversation = {"conversation_id": capital, "user_id": capital, "status": "open", **times, "unread_admin": 1}
    message = {
        "conversation_id": capital,
        "message_id": capital,
        "sender_type": "user",
        "sender_id": capital,
        "message_text": "old",
        "created_at": START - 9,
        "is_read": False,
    }
    lead = {"lead_id": capital, "affiliate_id": capital, "link_id": "OLDLINK", "status": "pending", **times}
    stats = {"affiliate_id": capital, "total_leads": 1, "pending_leads": 1, "approved_leads": 0, "rejected_leads": 0}
    for table, item in (
        (CONVERSATIONS, conversation),
        (MESSAGES, message),
        (LEADS, lead),
        (AFFILIATE_STATS, {**stats, "total_commission": 0, "last_updated": START - 9}),
    ):
        store.batch_put(table, [item])
