"""A person sets right what has no right answer: keys stay, stats stay exact, and a row says who did it."""

from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.domain.errors import Damaged, Invalid, NotFound
from commercive_cli.services.audit.mend import Changes, MendService
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.dry_run import DryRun
from commercive_cli.store.items import Item, OtherValue
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Put, Update
from tests.services.audit.world import LEGACY, World
from tests.services.fakes import START, Intervening, ManualClock
from tests.services.raw_data import everything, rows


@pytest.fixture
def service(world: World, clock: ManualClock) -> MendService:
    """Return the service over a store in which everything has happened once."""
    return MendService(world.store, clock)


def mend(service: MendService, table: Table, key: str, *remove: str, **values: Any) -> bool:
    """Mend one item as root; return whether anything changed."""
    return service.mend(table.name, key, "root", Changes(values, remove)).changed


def test_what_is_damaged_is_set_right(world: World, service: MendService, clock: ManualClock) -> None:
    """Values of the right kind go in, the rest of the item stays, and the audit has nothing to say any more."""
    world.change(LEADS, world.pending, lead_name=True, lead_phone=[1], reviewed_at="today")
    before = world.row(LEADS, world.pending)
    changed = mend(service, LEADS, world.pending, "lead_phone", "reviewed_at", lead_name="Ann")
    after = world.row(LEADS, world.pending)

    assert changed
    assert {**before, "lead_name": "Ann"} == after | {name: before[name] for name in ("lead_phone", "reviewed_at")}
    assert {"lead_phone", "reviewed_at"} == before.keys() - after.keys()
    assert [] == AuditService(world.store, clock).run("root").findings


def test_the_same_again_changes_nothing(world: World, service: MendService) -> None:
    """What is there already is not written, and leaves no row."""
    mend(service, LEADS, world.pending, lead_name="Ann")
    before = everything(world.store)
    again = mend(service, LEADS, world.pending, "lead_colour", lead_name="Ann")

    assert not again
    assert before == everything(world.store)


def test_a_rehearsal_writes_nothing(world: World, clock: ManualClock) -> None:
    """It plans the change of the item, of the stats and the audit row."""
    before, rehearsal = everything(world.store), DryRun(world.store)
    mend(MendService(rehearsal, clock), LEADS, world.approved, commission_amount=5)

    assert before == everything(world.store)
    assert ["leads", "ops", "affiliate_stats"] == [
        each.table.removeprefix(rehearsal.prefix) for each in rehearsal.changes
    ]


STATES: list[tuple[str, Item, tuple[str, ...], tuple[object, ...]]] = [
    ("approved", {"commission_amount": Decimal("25.50")}, (), (2, 1, 1, 0, Decimal("25.50"))),
    ("approved", {"status": "rejected"}, ("commission_amount",), (2, 0, 1, 1, Decimal(0))),
    ("pending", {"status": "approved", "commission_amount": 5}, (), (2, 2, 0, 0, Decimal("17.34"))),
    ("pending", {"status": "rejected"}, (), (2, 1, 0, 1, Decimal("12.34"))),
    ("pending", {"affiliate_id": "aff-9"}, (), (1, 1, 0, 0, Decimal("12.34"))),
]


def counts(world: World, affiliate: str = "aff-1") -> tuple[object, ...]:
    stats = world.row(AFFILIATE_STATS, affiliate)
    numbers = ("total_leads", "approved_leads", "pending_leads", "rejected_leads", "total_commission")
    return tuple(stats[name] for name in numbers)


@pytest.mark.parametrize(("lead", "values", "remove", "stats"), STATES)
def test_stats_move_with_a_lead(
    world: World, service: MendService, clock: ManualClock, lead: str, values: Item, remove: Any, stats: Any
) -> None:
    """Status, money and affiliate of a lead change in one transaction with what is counted of it."""
    mend(service, LEADS, getattr(world, lead), *remove, **values)

    assert stats == counts(world)
    assert [] == AuditService(world.store, clock).run("root").findings


@pytest.mark.parametrize("counted", [(2, 1, 1, 0), (1, 1, 0, 0)])
def test_a_lead_that_could_not_be_counted_is_counted_when_mended(
    world: World, service: MendService, clock: ManualClock, counted: Any
) -> None:
    """Whatever the stats held of it, afterwards they are what the leads say, in the same transaction."""
    world.change(LEADS, world.pending, status="maybe")
    names = ("total_leads", "approved_leads", "pending_leads", "rejected_leads")
    world.change(AFFILIATE_STATS, "aff-1", **dict(zip(names, counted, strict=True)))
    mend(service, LEADS, world.pending, status="rejected")

    assert (2, 1, 0, 1, Decimal("12.34")) == counts(world)
    assert [] == AuditService(world.store, clock).run("root").findings


def test_stats_wait_for_the_last_lead_that_cannot_be_counted(
    world: World, service: MendService, clock: ManualClock
) -> None:
    """Each lead can be mended alone; with the last one the stats are right again."""
    world.change(LEADS, world.pending, status="maybe")
    world.change(LEADS, world.approved, commission_amount="a lot")
    world.change(AFFILIATE_STATS, "aff-1", total_leads=9)
    mend(service, LEADS, world.pending, status="pending")
    waiting = counts(world)
    mend(service, LEADS, world.approved, commission_amount=3)

    assert 9 == waiting[0]
    assert (2, 1, 1, 0, Decimal(3)) == counts(world)
    assert [] == AuditService(world.store, clock).run("root").findings


def test_a_lead_without_affiliate_is_credited_when_it_gets_one(
    world: World, service: MendService, clock: ManualClock
) -> None:
    """Nobody has counted it before."""
    lead = {name: value for name, value in world.row(LEADS, world.approved).items() if name != "affiliate_id"}
    world.store.transact(Put(LEADS, lead | {"lead_id": "LEAD-1"}))
    AuditService(world.store, clock).run("root", fix=True)
    mend(service, LEADS, "LEAD-1", affiliate_id="aff-1")

    assert (3, 2, 1, 0, Decimal("24.68")) == counts(world)
    assert [] == AuditService(world.store, clock).run("root").findings


def test_stats_that_are_no_numbers_are_in_the_way(world: World, service: MendService) -> None:
    """Nothing can be added to them, so nothing is written, and the message says what repairs them."""
    world.change(AFFILIATE_STATS, "aff-1", pending_leads="many")
    before = everything(world.store)
    with pytest.raises(Damaged, match=r"pending_leads is no number.*audit --fix"):
        mend(service, LEADS, world.pending, status="rejected")

    assert before == everything(world.store)


def test_histories_tell_who_mended_a_state(world: World, service: MendService, clock: ManualClock) -> None:
    """Leads and conversations have a row of their states, behind all rows before; others one that names attributes."""
    mend(service, LEADS, world.approved, "commission_amount", status="rejected")
    mend(service, CONVERSATIONS, world.closed, "closed_at", "closed_by", status="open")
    mend(service, MESSAGES, f"{world.open}/{world.keyed_message}", is_read=True)
    lead = LeadService(world.store, clock).history(world.approved).history[-1]
    conversation = ChatService(world.store, clock).history(world.closed).history[-1]
    row = next(each for each in rows(world.store, OPS) if each["pk"].startswith("audit#item#"))

    assert ("root", "mend", {"status": "rejected"}) == (lead.actor, lead.event, lead.after)
    assert ({"status": "closed"}, {"status": "open"}) == (conversation.before, conversation.after)
    assert (f"messages/{world.open}/{world.keyed_message}", {"mended": "is_read"}) == (row["subject"], row["after"])
    assert [("unread-admin", True)] == [
        (each.invariant, each.fixed) for each in AuditService(world.store, clock).run("root", fix=True).findings
    ]


REFUSED: list[tuple[Table, Item, tuple[str, ...], str]] = [
    (LEADS, {"lead_id": "x"}, (), "lead_id is part of the item's key"),
    (LEADS, {}, ("created_at",), "created_at is part of the item's key"),
    (LEADS, {}, ("status",), "status must be there; pass --set status=VALUE"),
    (LEADS, {}, (), "nothing to mend"),
    (LEADS, {"lead_name": "x"}, ("lead_name",), "lead_name is both set and removed"),
    (LEADS, {"lead_name": 5}, (), "lead_name must be text that somebody wrote, not '5'"),
    (LEADS, {"lead_name": None}, (), "lead_name must be text that somebody wrote, not 'None'"),
    (LEADS, {"status": "Approved"}, (), "status must be one of pending, approved, rejected, not 'Approved'"),
    (LEADS, {"commission_amount": "5"}, (), "commission_amount must be USD, 0 to 1,000,000, not '5'; write --set"),
    (LEADS, {"commission_amount": True}, (), "commission_amount must be USD"),
    (LEADS, {"reviewed_at": "today"}, (), "reviewed_at must be milliseconds since the Unix epoch"),
    (LEADS, {"updated_at": 10**15}, (), "updated_at must be a time before the year 6429"),
    (LEADS, {"commission_amount": 5}, (), "a lead cannot be so: pending, its commission is 5"),
    (LEADS, {"status": "approved"}, (), "a lead cannot be so: approved, its commission is missing"),
    (LEADS, {"status": "approved", "commission_amount": Decimal("0.005")}, (), "a lead cannot be so"),
    (LEADS, {"stauts": "approved"}, (), "leads have no attribute 'stauts'; did you mean status?"),
    (CONVERSATIONS, {"user_id": ""}, (), "user_id is a key and must be text that is not empty"),
    (CONVERSATIONS, {"unread_admin": Decimal("1.5")}, (), "unread_admin must be a whole number"),
    (CONVERSATIONS, {"human_requested": "true"}, (), "human_requested must be true or false"),
]


@pytest.mark.parametrize(("table", "values", "remove", "words"), REFUSED, ids=[words for *_, words in REFUSED])
def test_what_an_item_must_not_hold_is_refused_by_name(
    world: World, service: MendService, table: Table, values: Item, remove: tuple[str, ...], words: str
) -> None:
    """The message names the attribute and the kind that belongs there; nothing is written."""
    before = everything(world.store)
    with pytest.raises(Invalid) as refused:
        mend(service, table, world.pending if table is LEADS else world.open, *remove, **values)

    assert words in refused.value.message
    assert before == everything(world.store)


def test_unknown_tables_and_items_are_refused(service: MendService) -> None:
    """The table's name may carry the prefix of the store."""
    with pytest.raises(Invalid, match="did you mean leads"):
        service.mend("lead", "x", "root", Changes({"status": "pending"}))
    for key in ("nowhere", "a b", "", "/", "x" * 5_000, "a 99999999999999999999"):
        with pytest.raises(NotFound, match="there is no item"):
            service.mend(service.store.prefix + "leads", key, "root", Changes({"lead_name": "x"}))
    with pytest.raises(Invalid, match="well-formed"):
        service.mend("leads", "\udc80", "root", Changes({"lead_name": "x"}))


KEYS: list[tuple[Table, str]] = [
    (LEADS, "{approved}"),
    (CONVERSATIONS, LEGACY),
    (CONVERSATIONS, f"{LEGACY}/5"),
    (CONVERSATIONS, f"{LEGACY} 5"),
    (MESSAGES, "{open} {keyed_message}"),
    (MESSAGES, "{open}/{keyed_message}"),
    (MESSAGES, f"{LEGACY}/m9"),
    (AFFILIATE_LINKS, "aff-2"),
    (AFFILIATE_LINKS, "aff-1/AAAA0000"),
    (AFFILIATE_STATS, "aff-1"),
    (OPS, "link#AAAA0000 claim"),
    (OPS, "link#AAAA0000"),
]


@pytest.mark.parametrize(("table", "typed"), KEYS)
def test_keys_are_found_as_they_are_typed(world: World, service: MendService, table: Table, typed: str) -> None:
    """The id where it says enough, or both parts of the key as findings and rehearsals show them."""
    key = typed.format(approved=world.approved, open=world.open, keyed_message=world.keyed_message)
    name = {AFFILIATE_STATS: "last_updated", OPS: "created_at", MESSAGES: "is_read", LEADS: "reviewed_at"}.get(table)
    value: object = True if table is MESSAGES else START + 9
    changed = mend(service, table, key, **({name: value} if name else {"store_url": "other.example"}))

    assert changed or (table, value) == (MESSAGES, True)
    assert not mend(service, table, key, **({name: value} if name else {"store_url": "other.example"}))


def test_several_items_are_told_apart(world: World, service: MendService) -> None:
    """An id that is not enough is refused, with keys that are."""
    for key in (world.open, "aff-1"):
        with pytest.raises(Invalid, match=r"may be several items of .*; name one whole, such as '"):
            mend(service, MESSAGES if key == world.open else AFFILIATE_LINKS, key, affiliate_email="x", is_read=True)


def test_what_is_not_declared_can_be_set_where_it_is(world: World, service: MendService) -> None:
    """Attributes that others made may be set and removed where they are; any other name is taken for a slip."""
    world.change(LEADS, world.pending, rejection_reason=OtherValue("SS", ("a",)))
    mend(service, LEADS, world.pending, rejection_reason="Volume too low")
    world.store.transact(Update(OPS, {"pk": "other", "sk": "1"}, set={"hits": 1}))
    mend(service, OPS, "other 1", anything={"x": [1]})

    assert "Volume too low" == world.row(LEADS, world.pending)["rejection_reason"]
    assert {"pk": "other", "sk": "1", "hits": 1, "anything": {"x": [1]}} in rows(world.store, OPS)


def test_an_audit_row_can_be_mended(world: World, service: MendService, clock: ManualClock) -> None:
    """What its states may hold is checked as well."""
    row = next(each for each in rows(world.store, OPS) if each["pk"] == f"audit#lead#{world.approved}")
    world.store.transact(Update(OPS, OPS.key_of(row), set={"after": {"status": ["approved"]}}))
    with pytest.raises(Invalid, match="after may hold only texts and numbers by name"):
        mend(service, OPS, f"{row['pk']} {row['sk']}", after={"status": ["x"]})
    mend(service, OPS, f"{row['pk']} {row['sk']}", after=row["after"])

    assert [] == AuditService(world.store, clock).run("root").findings


def test_others_are_not_overruled(world: World, clock: ManualClock) -> None:
    """A lead that is decided meanwhile is mended as it is then, and counted once."""
    meddled = Intervening(world.store)
    leads = LeadService(world.store, clock)
    meddled.before("transact", lambda: leads.decide(world.pending, "approved", "admin-1", commission=1))
    mend(MendService(meddled, clock), LEADS, world.pending, commission_amount=2, status="approved")

    assert (2, 2, 0, 0, Decimal("14.34")) == counts(world)
    assert [] == AuditService(world.store, clock).run("root").findings


def test_a_lead_that_moves_takes_along_what_it_is_then(world: World, clock: ManualClock) -> None:
    """Stats count the lead as others have left it, though the mend is about its affiliate alone."""
    meddled = Intervening(world.store)
    leads = LeadService(world.store, clock)
    meddled.before("transact", lambda: leads.decide(world.pending, "approved", "admin-1", commission=1))
    mend(MendService(meddled, clock), LEADS, world.pending, affiliate_id="aff-9")

    assert (1, 1, 0, 0, Decimal("12.34")) == counts(world)
    assert (1, 1, Decimal(1)) == tuple(
        world.row(AFFILIATE_STATS, "aff-9")[name] for name in ("total_leads", "approved_leads", "total_commission")
    )
    assert [] == AuditService(world.store, clock).run("root").findings


@pytest.mark.parametrize("table", [LEADS, AFFILIATE_LINKS], ids=lambda table: table.name)
def test_an_item_that_vanishes_is_not_made_again(world: World, clock: ManualClock, table: Table) -> None:
    """Setting an attribute that was not there makes no item of it alone."""
    name, new = {LEADS: (world.pending, "admin_notes"), AFFILIATE_LINKS: (world.codes[0], "store_url")}[table]
    world.change(table, name, remove=(new,))
    left = [row for row in rows(world.store, table) if name not in row.values()]
    meddled = Intervening(world.store)
    meddled.before("transact", lambda: world.drop(table, name))
    with pytest.raises(NotFound):
        mend(MendService(meddled, clock), table, f"aff-1 {name}" if table is AFFILIATE_LINKS else name, **{new: "x"})

    assert left == rows(world.store, table)


def test_ids_too_long_for_an_audit_trail_can_be_mended(world: World, service: MendService, clock: ManualClock) -> None:
    """The row then stands under the beginning of the id."""
    name = "x" * 2_048
    world.store.transact(Put(LEADS, world.row(LEADS, world.pending) | {"lead_id": name, "lead_name": True}))
    mend(service, LEADS, name, lead_name="Ann")

    assert "Ann" == world.row(LEADS, name)["lead_name"]
    assert ["stats"] == [each.invariant for each in AuditService(world.store, clock).run("root").findings]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://ann@evil.example"])
def test_no_dangerous_link_is_mended_in(world: World, service: MendService, link: str) -> None:
    """What other doors refuse, this one refuses too."""
    for table, key, name in ((LEADS, world.pending, "product_link"), (CONVERSATIONS, world.open, "store_url")):
        with pytest.raises(Invalid, match=f"{name} (has the scheme javascript|names a user)"):
            mend(service, table, key, **{name: link})
