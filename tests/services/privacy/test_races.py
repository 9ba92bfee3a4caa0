"""Concurrent changes of items that an erasure changes: it retries with the current item, and overwrites nothing."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from commercive_cli.domain.answers.privacy import PersonErased
from commercive_cli.domain.errors import Unavailable
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.privacy.erasure_journal import unfinished_erasure
from commercive_cli.services.privacy.identifiers import MARKER, Identifiers
from commercive_cli.services.privacy.service import PrivacyService
from commercive_cli.services.records.link_claims import code_claim_key, primary_claim_key
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Delete, Put, Update
from tests.services.fakes import START, Codes, Intervening, ManualClock
from tests.services.raw_data import errors_in, rows

ANA, EMAIL, CODE = "affiliate-ana", "ana@example.com", "AAAA0000"
LINK = {"affiliate_id": ANA, "link_id": CODE}
CLAIM = code_claim_key(CODE)
SHOP = primary_claim_key(ANA, "a.example")
Action = Callable[[], object]


class Erasure:
    """The erasure of Ana, with a concurrent action before one of its writes."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store, self.clock = store, clock

    def run(self, table: Table, action: Action, *, who: str = EMAIL, include: tuple[str, ...] = ()) -> PersonErased:
        """Erase, and run the action right before the first write to a table other than that of the journal."""
        meddled = Intervening(self.store)
        meddled.before("transact", lambda: None, OPS)
        meddled.before("transact", action, table)
        return PrivacyService(meddled, self.clock).erase(who, "dpo", include=include)

    def identifiers(self) -> Identifiers:
        """Return what makes the pseudonyms of the unfinished erasure."""
        entry = unfinished_erasure(self.store, ANA)
        assert entry is not None
        return Identifiers(entry.identity, entry.secret)


@pytest.fixture
def erasure(store: Store, clock: ManualClock) -> Erasure:
    return Erasure(store, clock)


@pytest.fixture
def link(store: Store, clock: ManualClock) -> None:
    """Make Ana an affiliate with a link."""
    AffiliateService(store, clock, Codes(CODE)).create_link(ANA, EMAIL, "a.example")


@pytest.mark.usefixtures("link")
def test_two_who_erase_a_person_at_once_make_one_pseudonym(store: Store, clock: ManualClock) -> None:
    """The second finds that somebody has begun, and goes on with the same secret."""
    meddled, first = Intervening(store), Intervening(store)
    done: list[PersonErased] = []

    def another() -> None:
        with suppress(KeyboardInterrupt):
            first.before("transact", _stopped, AFFILIATE_STATS)
            PrivacyService(first, clock).erase(EMAIL, "dpo", include=[ANA])

    meddled.before("transact", another, OPS)
    done.append(PrivacyService(meddled, clock).erase(EMAIL.upper(), "dpo", include=[ANA]))

    assert [each["affiliate_id"] for each in rows(store, AFFILIATE_LINKS)] == [
        name for name in done[0].pseudonyms if name == rows(store, AFFILIATE_STATS)[0]["affiliate_id"]
    ]
    assert unfinished_erasure(store, EMAIL) is None
    assert 1 == len({row["pk"] for row in rows(store, OPS) if row["pk"].startswith("audit#person#")})


def _stopped() -> None:
    raise KeyboardInterrupt


def put(store: Store, table: Table, *items: Item) -> Action:
    return lambda: store.transact(*(Put(table, item) for item in items))


def changed(store: Store, table: Table, key: Item, **attributes: object) -> Action:
    return lambda: store.transact(Update(table, key, set=attributes))


def only(store: Store, table: Table) -> Item:
    [item] = rows(store, table)
    return item


def test_an_answer_that_came_meanwhile_stays_the_last_message(
    erasure: Erasure, chat: ChatService, store: Store
) -> None:
    """A preview that names the person is replaced, but not the preview of a newer message."""
    name = chat.send("user-bea", f"write to {EMAIL}").conversation_id
    erasure.run(CONVERSATIONS, lambda: chat.reply(name, "admin-1", "Done"))

    assert "Done" == only(store, CONVERSATIONS)["last_message"]
    assert [f"write to {MARKER}", "Done"] == [message.message_text for message in chat.messages(name).messages]


def test_an_answer_that_came_meanwhile_keeps_its_preview(erasure: Erasure, chat: ChatService, store: Store) -> None:
    """The same for a preview whose cut goes through an address."""
    name = chat.send("user-bea", "x" * 190 + f" {EMAIL} " + "y" * 90).conversation_id
    erasure.run(CONVERSATIONS, lambda: chat.reply(name, "admin-1", "Done"))

    assert "Done" == only(store, CONVERSATIONS)["last_message"]
    assert MARKER in chat.messages(name).messages[0].message_text


@pytest.mark.parametrize("newer", [{"last_message_id": "an answer"}, {"last_message": "Done"}], ids=["id", "words"])
def test_a_preview_is_renewed_only_while_it_is_that_of_the_message(
    erasure: Erasure, chat: ChatService, store: Store, newer: Item
) -> None:
    """What names another message by then, or has other words, is not what the erasure looked at."""
    chat.send("user-bea", "x" * 190 + f" {EMAIL} " + "y" * 90)
    conversation = only(store, CONVERSATIONS)
    erasure.run(CONVERSATIONS, changed(store, CONVERSATIONS, CONVERSATIONS.key_of(conversation), **newer))

    assert (conversation | newer)["last_message"] == only(store, CONVERSATIONS)["last_message"]


def test_an_answer_in_the_same_words_keeps_its_preview(erasure: Erasure, chat: ChatService, store: Store) -> None:
    """Nothing of the conversation tells it apart from what the person wrote but whose message is the last one."""
    name = chat.send(ANA, "Hi").conversation_id
    last = chat.conversation(name).last_message_id
    waiting = rows(store, CONVERSATIONS)[0]
    answered = {**waiting, "last_message_id": "an answer"}
    put(store, MESSAGES, {**rows(store, MESSAGES)[0], "message_id": "an answer", "sender_id": "admin-1"})()
    erasure.run(CONVERSATIONS, put(store, CONVERSATIONS, answered), who=ANA)

    assert last != "an answer"
    assert "Hi" == only(store, CONVERSATIONS)["last_message"]


def test_a_lead_that_another_program_decided_meanwhile_is_counted_as_it_is(
    clock: ManualClock, leads: LeadService, store: Store
) -> None:
    """Also where that program says nothing of when, and the erasure dies after its next write: the stats are right."""
    AffiliateService(store, clock, Codes(CODE)).create_link(ANA, EMAIL, "a.example")
    leads.submit(CODE, {"name": "Bea", "email": "bea@example.com"})
    meddled = Intervening(store)

    def decide_and_die_later() -> None:
        decided = Update(LEADS, LEADS.key_of(only(store, LEADS)), set={"status": "rejected"})
        counted = {"pending_leads": -1, "rejected_leads": 1}
        store.transact(decided, Update(AFFILIATE_STATS, {"affiliate_id": ANA}, add=counted))
        meddled.before("transact", _stopped)

    meddled.before("transact", decide_and_die_later, LEADS)
    with suppress(KeyboardInterrupt):
        PrivacyService(meddled, clock).erase(ANA, "dpo")

    assert not [each for each in errors_in(store) if "stats" in each]


def test_what_is_taken_when_an_erasure_is_resumed_is_known_to_the_next_one(
    store: Store, clock: ManualClock, leads: LeadService, code: str
) -> None:
    """A run that was killed, and again after it was told more, goes on with all of it."""
    chat = ChatService(store, clock)
    chat.send(ANA, "Hello")
    lead_id = leads.submit(code, {"name": "Ana", "email": EMAIL}).lead_id
    for also, include, table in ((), (), CONVERSATIONS), ((EMAIL,), (lead_id,), LEADS):
        meddled = Intervening(store)
        meddled.before("transact", _stopped, table)
        with suppress(KeyboardInterrupt):
            PrivacyService(meddled, clock).erase(ANA, "dpo", also=also, include=include)
    PrivacyService(store, clock).erase(ANA, "dpo")

    assert MARKER == leads.lead(lead_id).lead_name
    assert EMAIL not in str(rows(store, LEADS))
    assert unfinished_erasure(store, ANA) is None


def test_words_that_came_meanwhile_are_kept_without_the_person(
    erasure: Erasure, leads: LeadService, code: str, store: Store
) -> None:
    """What another program notes about somebody else's lead while the person is erased from it is not undone."""
    lead_id = leads.submit(code, {"name": "Bea", "email": "bea@example.com"}).lead_id
    leads.decide(lead_id, "rejected", "admin-1", notes=f"as {EMAIL} says")
    key = LEADS.key_of(only(store, LEADS))
    erasure.run(LEADS, changed(store, LEADS, key, admin_notes=f"no, {EMAIL} was wrong"))
    notes = str(only(store, LEADS)["admin_notes"])

    assert notes.startswith("no, ")
    assert notes.endswith(" was wrong")
    assert EMAIL not in notes


def test_the_time_of_a_lead_goes_on_whatever_happened_meanwhile(
    erasure: Erasure, leads: LeadService, code: str, store: Store
) -> None:
    """A lead that was decided by a clock ahead, and set back, as it is erased, is changed behind that."""
    lead_id = leads.submit(code, {"name": "Ana", "email": EMAIL}).lead_id
    ahead = LeadService(store, ManualClock(START + 3_600_000))

    def decide_and_reset() -> None:
        ahead.decide(lead_id, "approved", "admin-1", commission=5)
        ahead.reset(lead_id, "admin-1")

    erasure.run(LEADS, decide_and_reset, include=(lead_id,))

    assert START + 3_600_000 < only(store, LEADS)["updated_at"]


def test_an_erasure_that_ended_meanwhile_is_not_begun_by_what_is_added(store: Store, clock: ManualClock) -> None:
    """Who goes on with an erasure and knows more of the person learns that it is over, and asks again."""
    chat = ChatService(store, clock)
    chat.send(ANA, "Hello")
    meddled = Intervening(store)
    meddled.before("transact", _stopped, CONVERSATIONS)
    with suppress(KeyboardInterrupt):
        PrivacyService(meddled, clock).erase(ANA, "dpo")
    second = Intervening(store)
    second.before("transact", lambda: PrivacyService(store, clock).erase(ANA, "dpo"), OPS)
    with pytest.raises(Unavailable, match="ended just now"):
        PrivacyService(second, clock).erase(ANA, "dpo", also=(EMAIL,))

    assert unfinished_erasure(store, ANA) is None


def test_a_decision_that_was_made_meanwhile_stays_older_than_the_erasure(
    erasure: Erasure, leads: LeadService, code: str, store: Store
) -> None:
    """`updated_at` of a lead never decreases, so that decisions with `as_of` can rely on it."""
    lead_id = leads.submit(code, {"name": "Ana", "email": EMAIL}).lead_id
    decided: list[int] = []
    erasure.run(
        LEADS,
        lambda: decided.append(leads.decide(lead_id, "approved", "admin-1", commission="5").lead.updated_at),
        include=(lead_id,),
    )

    assert decided[0] < leads.lead(lead_id).updated_at
    assert (MARKER, "approved") == (leads.lead(lead_id).lead_name, leads.lead(lead_id).status)
    assert [] == errors_in(store)


@pytest.mark.usefixtures("link")
def test_a_lead_that_is_counted_meanwhile_is_counted_for_the_pseudonym(erasure: Erasure, store: Store) -> None:
    """A lead that is stored for the person's id meanwhile is moved to the pseudonym and counted for it."""
    lead = {"lead_id": "late", "created_at": START, "updated_at": START, "link_id": CODE, "affiliate_id": ANA}
    counted = Update(AFFILIATE_STATS, {"affiliate_id": ANA}, add={"total_leads": 1, "pending_leads": 1, "version": 1})
    submitted = Put(LEADS, {**lead, "status": "pending"})
    erasure.run(AFFILIATE_STATS, lambda: store.transact(submitted, counted), who=ANA)

    assert only(store, LEADS)["affiliate_id"] == only(store, AFFILIATE_STATS)["affiliate_id"] != ANA
    assert [] == errors_in(store)


@pytest.mark.usefixtures("link")
def test_a_link_that_changed_meanwhile_moves_as_it_is(erasure: Erasure, store: Store) -> None:
    """The current link is moved to the pseudonym, not an older state of it."""
    erasure.run(AFFILIATE_LINKS, changed(store, AFFILIATE_LINKS, LINK, updated_at=7), who=ANA)

    assert 7 == only(store, AFFILIATE_LINKS)["updated_at"]
    assert ANA != only(store, AFFILIATE_LINKS)["affiliate_id"]


def test_a_link_that_is_gone_does_not_come_back(erasure: Erasure, store: Store) -> None:
    """A deleted link is not stored again, not even under the pseudonym, nor one that had only a key."""
    store.batch_put(AFFILIATE_LINKS, [LINK])
    erasure.run(AFFILIATE_LINKS, lambda: store.transact(Delete(AFFILIATE_LINKS, LINK)), who=ANA)

    assert [] == rows(store, AFFILIATE_LINKS)


@pytest.mark.usefixtures("link")
@pytest.mark.parametrize("place", ["link", "shop"])
def test_what_lies_where_a_link_would_move_to_is_not_replaced(erasure: Erasure, store: Store, place: str) -> None:
    """The link stays and is reported as remaining; the erasure ends."""
    found: list[Item] = []

    def take_its_place() -> None:
        identifiers = erasure.identifiers()
        alias = identifiers.pseudonym(ANA)
        key = {"affiliate_id": alias, "link_id": CODE}
        claim = primary_claim_key(alias, identifiers.shop_pseudonym("a.example"))
        found.append({**key, "note": "mine"} if place == "link" else {**claim, "note": "mine"})
        store.batch_put(AFFILIATE_LINKS if place == "link" else OPS, found)

    erased = erasure.run(AFFILIATE_LINKS, take_its_place, who=ANA)

    assert [f"affiliate_links {ANA} {CODE}: something else lies where the item would move to"] == erased.remaining
    assert found[0] in rows(store, AFFILIATE_LINKS if place == "link" else OPS)
    assert unfinished_erasure(store, ANA) is None


@pytest.mark.parametrize("place", [CLAIM, SHOP], ids=["code", "shop"])
def test_a_claim_that_was_made_meanwhile_moves_with_its_link(erasure: Erasure, store: Store, place: Item) -> None:
    """A claim that an audit adds meanwhile is moved to the pseudonym with its link."""
    imported = {**LINK, "affiliate_email": EMAIL, "store_url": "a.example", "created_at": 1, "updated_at": 1}
    store.batch_put(AFFILIATE_LINKS, [imported])
    erasure.run(AFFILIATE_LINKS, put(store, OPS, {**place, **LINK, "created_at": 1}), who=ANA)
    claims = [row for row in rows(store, OPS) if row.get("link_id") == CODE]

    assert [only(store, AFFILIATE_LINKS)["affiliate_id"]] == [claim["affiliate_id"] for claim in claims]


def test_a_code_that_was_given_to_the_link_meanwhile_moves_with_it(erasure: Erasure, store: Store) -> None:
    """A claim that becomes the link's meanwhile is moved with the link."""
    imported = {**LINK, "affiliate_email": EMAIL, "created_at": 1, "updated_at": 1}
    other = {**imported, "affiliate_id": "affiliate-dan", "affiliate_email": "dan@example.com"}
    store.batch_put(AFFILIATE_LINKS, [imported, other])
    store.batch_put(OPS, [{**CLAIM, "affiliate_id": "affiliate-dan", "link_id": CODE}])
    erasure.run(AFFILIATE_LINKS, changed(store, OPS, CLAIM, affiliate_id=ANA), who=ANA)
    links = {row["affiliate_id"] for row in rows(store, AFFILIATE_LINKS)}

    assert links - {"affiliate-dan"} == {(store.get(OPS, CLAIM) or {})["affiliate_id"]}


@pytest.mark.usefixtures("link")
def test_a_code_that_was_given_to_another_meanwhile_stays_theirs(erasure: Erasure, store: Store) -> None:
    """A claim that becomes another affiliate's meanwhile is not moved to the pseudonym."""
    store.batch_put(AFFILIATE_LINKS, [{"affiliate_id": "affiliate-dan", "link_id": CODE}])
    erasure.run(AFFILIATE_LINKS, changed(store, OPS, CLAIM, affiliate_id="affiliate-dan"), who=ANA)

    assert "affiliate-dan" == (store.get(OPS, CLAIM) or {})["affiliate_id"]


@pytest.mark.usefixtures("link")
def test_a_shop_that_was_given_to_another_link_meanwhile_stays_that_link_s(erasure: Erasure, store: Store) -> None:
    """Of two links of one shop, the one that became the primary link meanwhile remains it."""
    other = {"affiliate_id": ANA, "link_id": "BBBB0000", "store_url": "a.example", "created_at": 1, "updated_at": 1}
    store.batch_put(AFFILIATE_LINKS, [other])
    erasure.run(AFFILIATE_LINKS, changed(store, OPS, SHOP, link_id="BBBB0000"), who=ANA)

    assert ["BBBB0000"] == [row["link_id"] for row in rows(store, OPS) if row["pk"].startswith("primary#")]
    assert 1 == len({row["affiliate_id"] for row in rows(store, AFFILIATE_LINKS)})


@pytest.mark.parametrize("claimed", [True, False], ids=["claim", "imported link"])
def test_a_lead_that_comes_after_the_last_look_is_credited_to_the_pseudonym(
    either: Store, clock: ManualClock, *, claimed: bool
) -> None:
    """Whoever looked up the code before an erasure, and stores the lead behind it, looks it up again."""
    AffiliateService(either, clock, Codes(CODE)).create_link(ANA, EMAIL, "a.example")
    if not claimed:
        either.transact(Delete(OPS, CLAIM))
    meddled = Intervening(either)
    meddled.before("transact", lambda: PrivacyService(either, clock).erase(ANA, "dpo"), LEADS)
    LeadService(meddled, clock).submit(CODE, {"name": "Bea", "email": "bea@example.com"}, key="k")

    assert only(either, LEADS)["affiliate_id"] == only(either, AFFILIATE_STATS)["affiliate_id"] != ANA
    assert not any(ANA in str(row) for row in rows(either, OPS))
    assert [] == errors_in(either)


@pytest.mark.parametrize("table", [LEADS, AFFILIATE_STATS, OPS], ids=lambda table: table.name)
def test_a_form_that_is_sent_again_while_its_link_moves_is_stored_once(
    either: Store, clock: ManualClock, table: Table
) -> None:
    """At any moment of the affiliate's erasure, and after it, it gets its first answer."""
    AffiliateService(either, clock, Codes(CODE)).create_link(ANA, EMAIL, "a.example")
    leads, form = LeadService(either, clock), {"name": "Bea", "email": "bea@example.com"}
    answers = [leads.submit(CODE, form, key="k")]
    meddled = Intervening(either)
    meddled.before("scan", lambda: answers.append(leads.submit(CODE, form, key="k")), table)
    for _ in range(2):
        meddled.before("scan", lambda: answers.append(leads.submit(CODE, form, key="k")), table)
    PrivacyService(meddled, clock).erase(ANA, "dpo")
    answers.append(leads.submit(CODE, form, key="k"))

    assert (5, 1) == (len(answers), len({each.lead_id for each in answers}))
    assert 1 == len(rows(either, LEADS))
    assert [] == errors_in(either)


def test_a_dangling_claim_that_was_given_to_another_meanwhile_stays(erasure: Erasure, store: Store) -> None:
    """A claim without a link is deleted, unless it became somebody else's meanwhile."""
    theirs = {**CLAIM, "affiliate_id": "affiliate-dan", "link_id": CODE}
    store.batch_put(OPS, [{**CLAIM, **LINK}])
    erasure.run(OPS, put(store, OPS, theirs), who=ANA)

    assert theirs in rows(store, OPS)


def test_a_key_that_was_used_again_meanwhile_still_tells_requests_apart(
    erasure: Erasure, leads: LeadService, code: str, store: Store
) -> None:
    """The fingerprint of the person's form is erased, but not that of another request that replaced the claim."""
    mine = leads.submit(code, {"name": "Ana", "email": EMAIL}, key="k").lead_id
    other = leads.submit(code, {"name": "Bea", "email": "bea@example.com"}, key="other").lead_id
    [claim, theirs] = [row for row in rows(store, OPS) if row["pk"].startswith("request#")]
    again = {**theirs, "sk": claim["sk"]}
    erasure.run(OPS, put(store, OPS, again), include=(mine,))

    assert other == again["answer"]["lead_id"]
    assert again in rows(store, OPS)


def test_a_key_that_was_used_again_meanwhile_is_forgotten_too(
    erasure: Erasure, chat: ChatService, store: Store
) -> None:
    """A claim of the person is deleted, and likewise one that replaced it meanwhile."""
    chat.send(ANA, "Hello", key="k")
    [claim] = [row for row in rows(store, OPS) if row["pk"].startswith("request#")]
    store.batch_put(OPS, [{**claim, "created_at": 1}])
    found: list[object] = []
    erasure.run(OPS, lambda: found.extend((put(store, OPS, claim)(), store.get(OPS, OPS.key_of(claim)))), who=ANA)

    assert [None, claim] == found
    assert not [row for row in rows(store, OPS) if row["pk"].startswith("request#")]


def test_a_decision_key_that_was_used_again_meanwhile_keeps_its_answer(
    erasure: Erasure, leads: LeadService, code: str, store: Store
) -> None:
    """The person's lead is erased from an answer, but not in place of another answer that the key got since."""
    mine = leads.submit(code, {"name": "Ana", "email": EMAIL}).lead_id
    theirs = leads.submit(code, {"name": "Bea", "email": "bea@example.com"}).lead_id
    for key, lead_id in (("k", mine), ("other", theirs)):
        leads.decide(lead_id, "rejected", "admin-1", key=key)
    [claim, other] = [row for row in rows(store, OPS) if row["pk"].startswith("request#")]
    again = {**other, "sk": claim["sk"]}
    erasure.run(OPS, put(store, OPS, again), include=(mine,))

    assert (mine, theirs) == (claim["answer"]["lead"]["lead_id"], again["answer"]["lead"]["lead_id"])
    assert again in rows(store, OPS)


def test_a_row_that_changed_meanwhile_moves_as_it_is(erasure: Erasure, store: Store) -> None:
    """A row with the person's id in its key keeps what was written meanwhile."""
    key = {"pk": f"audit#affiliate#{ANA}", "sk": "1"}
    store.batch_put(OPS, [{**key, "subject": ANA, "event": "old"}])
    erasure.run(OPS, changed(store, OPS, key, event="new"), who=ANA)
    [row] = [row for row in rows(store, OPS) if row["event"] != "erase"]

    assert ("new", f"audit#affiliate#{row['subject']}") == (row["event"], row["pk"])
    assert row["subject"].startswith("erased-")


def test_of_two_rows_that_would_become_one_both_are_kept(erasure: Erasure, store: Store) -> None:
    """Of two rows that would get the same key, one stays and is reported as remaining, and the erasure ends."""
    one = "5f0c2f9e-6d1b-4c55-9a52-0d7b1f6f2a11"
    store.batch_put(OPS, [{"pk": f"held#{each}", "sk": "1", "of": each[0:2]} for each in (one, one.upper())])
    erased = erasure.run(OPS, lambda: None, who=one)

    assert ["5F", "5f"] == sorted(row["of"] for row in rows(store, OPS) if "of" in row)
    assert 1 == len(erased.remaining)
    assert unfinished_erasure(store, one) is None
