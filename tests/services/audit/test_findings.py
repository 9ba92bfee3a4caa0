"""The audit finds nothing where nothing is wrong, repairs while others work, and invents no damage."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from threading import Event

import pytest

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, TABLES
from commercive_cli.store.writes import Put, Update
from tests.e2e.stores import ENGINES, engine_store
from tests.services.audit.world import FORM, LEGACY, World, made
from tests.services.fakes import START, Intervening, ManualClock
from tests.services.raw_data import errors_in, everything


def test_sound_books_are_left_alone(world: World, clock: ManualClock) -> None:
    """Where nothing is wrong the audit finds nothing, writes nothing even when it may, and says what it read."""
    before = everything(world.store)
    for fix in (False, True):
        audit = AuditService(world.store, clock).run("root", fix=fix)

        assert [] == audit.findings
        assert {table.name: len(before[table.name]) for table in TABLES} == audit.checked
        assert before == everything(world.store)


def test_repairs_say_who_made_them(world: World, clock: ManualClock) -> None:
    """A repair that changes money or status leaves an audit row with the name of whoever asked for it."""
    world.change(LEADS, world.rejected, status="approved")
    world.change(CONVERSATIONS, world.closed, status="ajar")
    AuditService(world.store, clock).run("maria", fix=True)
    lead = LeadService(world.store, clock).history(world.rejected).history[-1]
    conversation = ChatService(world.store, clock).history(world.closed).history[-1]

    assert ("maria", "audit", {"status": "approved"}, {"status": "rejected"}) == (
        lead.actor,
        lead.event,
        lead.before,
        lead.after,
    )
    assert ("maria", {"status": "ajar"}, {"status": "closed"}) == (
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
def a_hundred_sends(store: Store, name: str, code: str) -> Iterator[Event]:
    """Send and submit from eight threads, 100 of each kind; the event is set when half of it is done."""
    chat, leads = ChatService(store), LeadService(store)
    half = Event()

    def work(number: int) -> None:
        chat.send("user-1", f"{number}", conversation_id=name)
        leads.submit(code, FORM)
        if number == 50:
            half.set()

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(work, number) for number in range(100)]
        yield half
        for future in futures:
            future.result()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("damaged", [True, False])
def test_repairs_during_100_sends(engine: str, damaged: bool, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Repairing while 100 messages and leads come in leaves exact counters, and invents no damage."""
    with engine_store(engine, request, tmp_path) as store:
        world = made(store, ManualClock())
        audit = AuditService(store)
        runs: list[list[Finding]] = []
        with a_hundred_sends(store, world.open, world.codes[0]) as half:
            for wait in (False, True):
                if damaged:
                    _skew(store, world)
                if wait:
                    assert half.wait(60)
                runs.append(audit.run("root", fix=True).findings)
                runs.append(audit.run("root").findings)
        after = ChatService(store).conversation(world.open)

        assert [damaged, False] * 2 == [bool(findings) for findings in runs]
        assert 102 == after.unread_admin
        assert 102 == AffiliateService(store).stats("aff-1").stats.total_leads
        assert [] == errors_in(store)
        assert [] == audit.run("root").findings


def _skew(store: Store, world: World) -> None:
    """Put the counters off by a number that no traffic makes up for."""
    item = world.row(CONVERSATIONS, world.open)
    key = CONVERSATIONS.key_of(item)
    store.transact(
        Update(CONVERSATIONS, key, add={"unread_admin": 1_000, "unread_user": -1_000}),
        Update(
            AFFILIATE_STATS, {"affiliate_id": "aff-1"}, add={"total_leads": -1_000, "total_commission": Decimal("0.01")}
        ),
    )


def test_a_conversation_that_was_closed_is_made_again_open_with_an_audit_row(world: World, clock: ManualClock) -> None:
    """The status of a lost conversation changes from closed to open, and its history says who did that."""
    world.drop(CONVERSATIONS, world.closed)
    AuditService(world.store, clock).run("maria", fix=True)
    row = ChatService(world.store, clock).history(world.closed).history[-1]

    assert "open" == world.row(CONVERSATIONS, world.closed)["status"]
    assert ("maria", "audit", {"status": "closed"}, {"status": "open"}) == (row.actor, row.event, row.before, row.after)


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
    """A lead whose code differs from its link's only as people paste codes, or names another's link, is no orphan."""
    world.change(LEADS, world.pending, link_id=f"{world.codes[0].lower()}&utm_source=x")
    world.change(LEADS, world.rejected, link_id=world.codes[0])

    assert [] == AuditService(world.store, clock).run("root").findings


def test_dangerous_links_are_named(world: World, clock: ManualClock) -> None:
    """An address that a browser would run, or that hides its host, is named each time; a person knows what is right."""
    world.change(CONVERSATIONS, world.open, store_url="javascript:alert(1)")
    world.change(LEADS, world.pending, product_link="java\tscript:alert(1)")
    world.change(
        AFFILIATE_LINKS, world.codes[0], affiliate_url="https://ours.example@evil.example/", store_url="My shop"
    )
    audit = AuditService(world.store, clock)
    audit.run("root", fix=True)
    left = audit.run("root").findings

    assert [("dangerous-link", False)] * 3 == [(each.invariant, each.fixed) for each in left]
    assert {world.open, world.pending, f"aff-1/{world.codes[0]}"} == {each.id for each in left}
    assert "its store_url has the scheme javascript:, and only http and https are taken" in {e.problem for e in left}
