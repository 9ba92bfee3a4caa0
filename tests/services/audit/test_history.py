"""History that is missing is no evidence: what no audit row tells stands as it is, and repairs leave times alone."""

from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.domain.clock import CLOCKS_DIFFER_MS
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, CONVERSATIONS, LEADS, OPS, Table
from commercive_cli.store.writes import Put
from tests.services.audit.world import LEGACY, World
from tests.services.fakes import START, ManualClock
from tests.services.raw_data import errors_in, everything, rows

STANDING: list[tuple[Item, str]] = [
    ({"status": "approved"}, "approved, its commission is missing; "),
    ({"commission_amount": 5}, "pending, its commission is 5; "),
    ({"status": "rejected", "commission_amount": 5}, "rejected, its commission is 5; "),
    ({"status": "approved", "commission_amount": Decimal("12.345")}, "approved, its commission is 12.345; "),
    ({"status": "maybe"}, "status is 'maybe'; "),
    ({"status": "approved", "commission_amount": "a lot"}, "approved, its commission is 'a lot'; "),
]


@pytest.mark.parametrize(("state", "words"), STANDING, ids=[words for _, words in STANDING])
@pytest.mark.parametrize("lead_id", [None, "LEAD-4322E581"])
def test_an_impossible_lead_that_no_row_tells_of_stands(
    world: World, clock: ManualClock, state: Item, words: str, lead_id: str | None
) -> None:
    """It is named, with the way to decide it anew, and neither money nor status nor time is made up."""
    name = lead_id or world.pending
    world.store.transact(Put(LEADS, world.row(LEADS, world.pending) | {"lead_id": name} | state))
    before = rows(world.store, LEADS)
    found = [each for each in AuditService(world.store, clock).run("root", fix=True).findings if each.table == "leads"]

    assert [("lead-state", name, False)] == [(each.invariant, each.id, each.fixed) for each in found]
    assert found[0].problem.startswith(words + "no audit row tells what it was; ")
    assert "`tables mend`" in found[0].problem
    assert before == rows(world.store, LEADS)


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_what_stands_can_be_decided_anew(world: World, clock: ManualClock, decision: Any) -> None:
    """Money that was left on a rejected lead was never counted, so the stats stay exact."""
    world.store.transact(Put(LEADS, world.row(LEADS, world.pending) | {"status": "rejected", "commission_amount": 5}))
    audit, leads = AuditService(world.store, clock), LeadService(world.store, clock)
    audit.run("root", fix=True)
    counted = world.row(AFFILIATE_STATS, "aff-1")["total_commission"]
    leads.decide(world.pending, decision, "admin-1", commission="7" if decision == "approved" else None, amend=True)

    assert Decimal("12.34") == counted
    assert (
        Decimal("19.34" if decision == "approved" else "12.34")
        == world.row(AFFILIATE_STATS, "aff-1")["total_commission"]
    )
    assert [] == audit.run("root").findings


def test_a_commission_of_null_can_be_decided(world: World, clock: ManualClock) -> None:
    """NULL is no commission."""
    world.change(LEADS, world.pending, commission_amount=None)
    LeadService(world.store, clock).decide(world.pending, "approved", "admin-1", commission="7")

    assert [] == AuditService(world.store, clock).run("root").findings
    assert [] == errors_in(world.store)


def test_fractions_of_a_cent_count_as_the_nearest(world: World, clock: ManualClock) -> None:
    """An amount that others wrote so counts in whole cents, before and after somebody decides anew."""
    lead = world.row(LEADS, world.approved) | {"lead_id": "LEAD-1", "commission_amount": Decimal("12.346")}
    world.store.transact(Put(LEADS, lead))
    audit = AuditService(world.store, clock)
    audit.run("root", fix=True)
    counted = world.row(AFFILIATE_STATS, "aff-1")["total_commission"]
    LeadService(world.store, clock).decide("LEAD-1", "approved", "admin-1", commission="1", amend=True)

    assert Decimal("24.69") == counted
    assert Decimal("13.34") == world.row(AFFILIATE_STATS, "aff-1")["total_commission"]
    assert [] == audit.run("root").findings


@pytest.mark.parametrize(
    ("change", "invariant", "words"),
    [
        ({"status": "ajar"}, "conversation-status", "status is 'ajar'; no audit row tells"),
        ({"status": "closed"}, "closed-conversation", "closed, and no audit row tells since when; "),
    ],
)
def test_an_impossible_conversation_that_no_row_tells_of_stands(
    world: World, clock: ManualClock, change: Item, invariant: str, words: str
) -> None:
    """It is named and left alone; all else about it is repaired."""
    world.change(CONVERSATIONS, world.open, **change, unread_admin=9)
    before = world.row(CONVERSATIONS, world.open)
    found = AuditService(world.store, clock).run("root", fix=True).findings
    unfixed = [each for each in found if not each.fixed]

    assert [(invariant, world.open)] == [(each.invariant, each.id) for each in unfixed]
    assert unfixed[0].problem.startswith(words)
    del before["waiting_for"]  # only open conversations wait
    assert before | {"unread_admin": 2} == world.row(CONVERSATIONS, world.open)


def test_a_close_without_time_can_be_reopened(world: World, clock: ManualClock) -> None:
    """The way out that the finding names is one."""
    world.change(CONVERSATIONS, world.open, status="closed")
    ChatService(world.store, clock).reopen(world.open, "admin-1")

    assert [] == AuditService(world.store, clock).run("root").findings


FOREIGN_LEADS: list[Item] = [
    {"lead_id": "LEAD-1", "status": "approved", "commission_amount": 5},
    {"lead_id": "LEAD-2", "status": "rejected"},
    {"lead_id": "3f1c6d5e-1111-4c3d-9a52-0d7b1f6f2a11", "status": "rejected"},
]


@pytest.mark.parametrize("lead", FOREIGN_LEADS, ids=[str(lead["lead_id"]) for lead in FOREIGN_LEADS])
def test_what_others_made_needs_no_history(world: World, clock: ManualClock, lead: Item) -> None:
    """A state without audit rows is the state; only the stats are counted, and no row is written about it."""
    world.store.transact(Put(LEADS, world.row(LEADS, world.pending) | lead))
    world.change(CONVERSATIONS, LEGACY, status="closed")
    before, told = everything(world.store), len(rows(world.store, OPS))
    found = AuditService(world.store, clock).run("root", fix=True).findings
    after = everything(world.store)

    assert ["stats"] == [each.invariant for each in found]
    assert (before["leads"], before["conversations"]) == (after["leads"], after["conversations"])
    assert told + 1 == len(after["ops"])


def test_what_others_made_has_a_history_from_our_first_change_on(world: World, clock: ManualClock) -> None:
    """From then on, a state that the last row does not tell is accounted for."""
    lead = world.row(LEADS, world.pending) | {"lead_id": "LEAD-1", "status": "rejected"}
    world.store.transact(Put(LEADS, lead))
    AuditService(world.store, clock).run("root", fix=True)
    LeadService(world.store, clock).decide("LEAD-1", "approved", "admin-1", commission=5, amend=True)
    world.change(LEADS, "LEAD-1", commission_amount=6)
    found = AuditService(world.store, clock).run("root", fix=True).findings

    assert ["audit-row", "stats"] == [each.invariant for each in found]
    assert [] == AuditService(world.store, clock).run("root").findings


def _without_times(items: list[Item]) -> list[Item]:
    return [{name: value for name, value in item.items() if name != "updated_at"} for item in items]


def test_repairs_of_states_leave_times_alone(world: World, clock: ManualClock) -> None:
    """The row tells of the change as of the time that the item has, behind all rows before; the item's time stays."""
    world.change(LEADS, world.approved, commission_amount=Decimal("99.99"))
    world.change(LEADS, world.rejected, status="approved")
    world.change(LEADS, world.pending, status="rejected")
    world.change(CONVERSATIONS, world.closed, status="ajar")
    world.write_message(world.answered, START + 50, "user")
    clock.advance(10_000_000)
    before = {item["lead_id"]: item["updated_at"] for item in rows(world.store, LEADS)}
    closed = world.row(CONVERSATIONS, world.closed)["updated_at"]
    AuditService(world.store, clock).run("root", fix=True)
    history = LeadService(world.store, clock).history(world.approved).history

    assert before == {item["lead_id"]: item["updated_at"] for item in rows(world.store, LEADS)}
    assert closed == world.row(CONVERSATIONS, world.closed)["updated_at"]
    assert history[-2].at < history[-1].at < clock() - 1_000_000
    assert [] == AuditService(world.store, clock).run("root").findings


@pytest.mark.parametrize(
    ("table", "ours"), [(LEADS, True), (LEADS, False), (CONVERSATIONS, True), (CONVERSATIONS, False)]
)
def test_a_change_that_is_still_to_come_is_taken_back(
    world: World, clock: ManualClock, table: Table, ours: bool
) -> None:
    """It becomes the latest time that anything about the item tells: a decision, a close, a message, an audit row."""
    place = {LEADS: world.approved, CONVERSATIONS: world.closed}[table]
    sound = world.row(table, place)
    if not ours:
        sound = world.row(table, place if table is LEADS else LEGACY)
        sound |= {"lead_id": "LEAD-1", "reviewed_at": START + 7} if table is LEADS else {}
    name = table.partition.name
    world.store.transact(Put(table, sound | {"updated_at": clock() + CLOCKS_DIFFER_MS + 60_000}))
    found = [
        each for each in AuditService(world.store, clock).run("root", fix=True).findings if each.table == table.name
    ]
    after = world.row(table, sound[name])

    assert [("updated-at", True)] == [(each.invariant, each.fixed) for each in found if each.invariant == "updated-at"]
    assert sound | {"updated_at": _latest(sound, ours=ours)} == after
    assert [] == [each for each in AuditService(world.store, clock).run("root").findings if each.table == table.name]


def _latest(sound: Item, *, ours: bool) -> int:
    """Return the time that the item had when it was sound, or what others left of it."""
    at: int = sound["updated_at"] if ours else max(sound.get("reviewed_at", 0), sound["created_at"])
    return at


def test_clocks_may_differ(world: World, clock: ManualClock) -> None:
    """A writer whose clock is five minutes ahead has done nothing wrong."""
    world.change(LEADS, world.pending, updated_at=clock() + CLOCKS_DIFFER_MS)

    assert [] == AuditService(world.store, clock).run("root").findings


@pytest.mark.parametrize(("stored", "left"), [(0, 0), (2, 2), (3, 3), (4, 3), (-1, 0), ("2", 2), ("-2", None)])
def test_counters_of_what_others_made_say_what_was_read(
    world: World, clock: ManualClock, stored: Any, left: int | None
) -> None:
    """Their messages stay unread for ever, so no counter is raised; only what cannot be is taken back."""
    world.change(CONVERSATIONS, LEGACY, unread_admin=stored)
    found = AuditService(world.store, clock).run("root", fix=True).findings

    assert (stored != left) == bool(found)
    assert all(each.fixed for each in found)
    assert left == world.row(CONVERSATIONS, LEGACY).get("unread_admin")
    assert [] == AuditService(world.store, clock).run("root").findings


def test_nobody_is_made_to_read_again_what_lost_its_conversation(world: World, clock: ManualClock) -> None:
    """Messages of a lost conversation that others made get one without counters; the user waits all the same."""
    world.drop(CONVERSATIONS, LEGACY)
    AuditService(world.store, clock).run("root", fix=True)
    made = world.row(CONVERSATIONS, LEGACY)

    assert (0, 0, 0) == (made["unread_admin"], made["unread_user"], made["waiting_since"])


def test_an_older_message_of_others_moves_no_time(world: World, clock: ManualClock, store: Store) -> None:
    """A conversation that others made may be older than its messages."""
    world.change(CONVERSATIONS, LEGACY, updated_at=1)

    assert [] == AuditService(store, clock).run("root", fix=True).findings
