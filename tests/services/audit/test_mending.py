"""What has one right answer is checked as that in the same run, and written by a repair that touches nothing else."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.services.audit.mend import Changes, MendService
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.items import OtherValue
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, Table
from tests.e2e.stores import ENGINES, engine_store
from tests.services.audit.world import World, made
from tests.services.fakes import START, Intervening, ManualClock
from tests.services.raw_data import errors_in, everything

MENDED: list[tuple[Table, str, object, object]] = [
    (LEADS, "pending_orders", 5, "5"),
    (LEADS, "lead_phone", Decimal("491512.50"), "491512.5"),
    (LEADS, "lead_email", -1, "-1"),
    (LEADS, "order_volume", 0, "0"),
    (LEADS, "reviewed_by", 7, "7"),
    (LEADS, "status", " Approved\n", "approved"),
    (LEADS, "commission_amount", "12.34", Decimal("12.34")),
    (LEADS, "commission_amount", " +12.340 ", Decimal("12.34")),
    (CONVERSATIONS, "store_url", 12, "12"),
    (CONVERSATIONS, "unread_admin", "2", 2),
    (CONVERSATIONS, "last_message", 5, "5"),
    (CONVERSATIONS, "status", "OPEN", "open"),
    (CONVERSATIONS, "human_requested", "True", True),
    (MESSAGES, "is_read", "false", False),
    (MESSAGES, "is_read", "TRUE ", True),
    (MESSAGES, "message_text", 42, "42"),
    (MESSAGES, "sender_id", 42, "42"),
    (AFFILIATE_LINKS, "affiliate_email", 1, "1"),
]


def _name(world: World, table: Table) -> str:
    names = {LEADS: world.approved, CONVERSATIONS: world.open, MESSAGES: world.keyed_message}
    return names.get(table) or world.codes[0]


@pytest.mark.parametrize(
    ("table", "name", "stored", "right"), MENDED, ids=[f"{t.name}-{n}-{s}" for t, n, s, _ in MENDED]
)
def test_what_has_one_right_answer_is_named_and_mended(
    world: World, clock: ManualClock, table: Table, name: str, stored: Any, right: object
) -> None:
    """The attribute alone becomes what it must have meant: no time moves, and nothing else is touched."""
    place = _name(world, table)
    world.change(table, place, **{name: stored})
    before, written = world.row(table, place), everything(world.store)
    audit = AuditService(world.store, clock)
    looked = _malformed(audit.run("root").findings)
    unwritten = everything(world.store)
    mended = _malformed(audit.run("root", fix=True).findings)
    after = world.row(table, place)

    assert written == unwritten
    assert [(f"{name} is ", False)] == [(each.problem[: len(name) + 4], each.fixed) for each in looked]
    assert [(each.id, each.problem, True) for each in looked] == [
        (each.id, each.problem, each.fixed) for each in mended
    ]
    assert (type(right), before | {name: right}) == (type(after[name]), after)
    assert [] == _malformed(audit.run("root").findings)


def _malformed(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.invariant == "malformed"]


NO_ANSWER: list[tuple[Table, str, object]] = [
    (LEADS, "lead_phone", True),
    (LEADS, "lead_phone", [1]),
    (LEADS, "reviewed_at", "1763306687674"),
    (LEADS, "reviewed_at", Decimal("0.5")),
    (LEADS, "lead_name", OtherValue("SS", ("a", "b"))),
    (CONVERSATIONS, "closed_at", "2025-11-20T12:00:00Z"),
    (CONVERSATIONS, "human_requested", "yes"),
    (MESSAGES, "is_read", 0),
    (MESSAGES, "message_text", OtherValue("B", (b"x",))),
]


@pytest.mark.parametrize(("table", "name", "stored"), NO_ANSWER, ids=[f"{t.name}-{n}-{s}" for t, n, s in NO_ANSWER])
def test_what_only_a_person_can_say_is_named_and_left_alone(
    world: World, clock: ManualClock, table: Table, name: str, stored: Any
) -> None:
    """Times are never guessed, and no word but true and false is a flag."""
    place = _name(world, table)
    world.change(table, place, **{name: stored})
    before = world.row(table, place)
    found = AuditService(world.store, clock).run("root", fix=True).findings

    assert [(place, False)] == [(each.id.split("/")[0 if table is not MESSAGES else 1], each.fixed) for each in found]
    assert [name] == [each.problem.split()[0] for each in found]
    assert before == world.row(table, place)


@pytest.mark.parametrize("status", ["maybe", "approved!"])
def test_a_status_that_is_none_goes_to_the_check_of_states(world: World, clock: ManualClock, status: str) -> None:
    """Only the last audit row can tell what it was."""
    world.change(LEADS, world.approved, status=status)
    found = AuditService(world.store, clock).run("root").findings

    assert [("lead-state", f"status is {status!r}")] == [(each.invariant, each.problem) for each in found]


@pytest.mark.parametrize("name", ["unread_admin", "unread_user", "last_message", "last_message_at", "last_message_id"])
@pytest.mark.parametrize("stored", [["x"], OtherValue("NS", ("1",)), True])
def test_what_follows_from_messages_is_counted_anew(world: World, clock: ManualClock, name: str, stored: Any) -> None:
    """What cannot be read of it is dropped, and then the messages say what it must be."""
    sound = world.row(CONVERSATIONS, world.answered)
    world.change(CONVERSATIONS, world.answered, **{name: stored})
    audit = AuditService(world.store, clock)
    found = audit.run("root", fix=True).findings

    assert {"malformed"} <= {each.invariant for each in found}
    assert all(each.fixed for each in found)
    assert sound == world.row(CONVERSATIONS, world.answered)
    assert [] == audit.run("root").findings


def test_one_run_mends_and_checks_the_rest(world: World, clock: ManualClock) -> None:
    """An odd attribute hides nothing: money, counters and links of the same items are checked all the same."""
    world.change(LEADS, world.approved, status="APPROVED", pending_orders=5, commission_amount=Decimal("99.99"))
    world.change(CONVERSATIONS, world.open, store_url=5, unread_admin=7)
    world.change(MESSAGES, world.keyed_message, is_read="true")
    audit = AuditService(world.store, clock)
    looked = [(each.invariant, each.id) for each in audit.run("root").findings]
    mended = audit.run("root", fix=True).findings

    assert {"malformed", "audit-row", "unread-admin", "stats"} == {invariant for invariant, _ in looked}
    assert looked == [(each.invariant, each.id) for each in mended]
    assert all(each.fixed for each in mended)
    assert [] == audit.run("root").findings
    assert [] == errors_in(world.store)


def test_one_item_can_have_both(world: World, clock: ManualClock) -> None:
    """What has a right answer is mended, and every attribute that has none is named."""
    world.change(LEADS, world.pending, pending_orders=5, lead_phone=6, lead_name=True, product_link=["x"])
    found = AuditService(world.store, clock).run("root", fix=True).findings

    assert [
        ("lead_phone is 6; pending_orders is 5", True),
        ("lead_name is True; product_link is ['x']", False),
    ] == [(each.problem, each.fixed) for each in found]


def test_null_is_missing(world: World, clock: ManualClock) -> None:
    """NULL in place of what need not be there is nothing to complain about, and all checks work on."""
    nothing: dict[str, Any] = dict.fromkeys(("commission_amount", "lead_phone", "reviewed_at"))
    world.change(LEADS, world.pending, **nothing)
    world.change(CONVERSATIONS, world.open, closed_at=None, closed_by=None, human_requested=None)
    audit = AuditService(world.store, clock)
    sound = audit.run("root", fix=True).findings
    world.change(LEADS, world.approved, commission_amount=None)
    world.change(CONVERSATIONS, world.open, unread_admin=9)
    broken = audit.run("root", fix=True).findings

    assert [] == sound
    assert ["lead-state", "unread-admin"] == sorted(each.invariant for each in broken if each.fixed)
    assert [] == audit.run("root").findings


def test_null_in_place_of_a_counter_is_dropped(world: World, clock: ManualClock) -> None:
    """No store adds to NULL, so the next message could not be counted."""
    world.change(CONVERSATIONS, world.open, unread_user=None)
    found = AuditService(world.store, clock).run("root", fix=True).findings
    ChatService(world.store, clock).reply(world.open, "admin-1", "Here")

    assert ["unread_user is NULL"] == [each.problem for each in found]
    assert 1 == world.row(CONVERSATIONS, world.open)["unread_user"]


@pytest.mark.parametrize("engine", ENGINES)
def test_repairs_hold_odd_values_against_what_was_read(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> None:
    """Both engines compare NULL, sets and flags as they are, so what nobody touched meanwhile is repaired."""
    with engine_store(engine, request, tmp_path) as store:
        world = made(store, clock)
        sets: dict[str, Any] = {"last_message": OtherValue("SS", ("a", "b")), "last_message_id": [{"x": None}]}
        world.change(CONVERSATIONS, world.open, unread_user=None, unread_admin=OtherValue("B", (b"2",)), **sets)
        world.change(LEADS, world.pending, commission_amount=None, lead_phone=5, lead_name=OtherValue("NS", ("1",)))
        audit = AuditService(store, clock)
        LeadService(store, clock).decide(world.pending, "approved", "admin-1", commission=1)
        MendService(store, clock).mend("leads", world.pending, "root", Changes({"lead_name": "Ann"}))
        fixed = audit.run("root", fix=True).findings

        assert fixed
        assert all(each.fixed for each in fixed)
        assert [] == audit.run("root").findings
        assert [] == errors_in(store)


def test_a_mend_gives_way_to_others(world: World, clock: ManualClock) -> None:
    """Whoever sets the attribute right meanwhile is not overruled."""
    world.change(LEADS, world.pending, pending_orders=5)
    meddled = Intervening(world.store)
    meddled.before("transact", lambda: world.change(LEADS, world.pending, pending_orders="seven"))
    found = AuditService(meddled, clock).run("root", fix=True).findings

    assert [] == found
    assert "seven" == world.row(LEADS, world.pending)["pending_orders"]


@pytest.mark.parametrize("sender", ["ai", "bot", "system 7", ""])
def test_any_sender_is_lawful_and_counts_nowhere(world: World, clock: ManualClock, sender: str) -> None:
    """Senders of other kinds than user and admin are shown, and nobody has to read them."""
    world.write_message(world.open, START + 500, sender, is_read=False)
    AuditService(world.store, clock).run("root", fix=True)
    conversation = world.row(CONVERSATIONS, world.open)

    assert (2, 0) == (conversation["unread_admin"], conversation["unread_user"])
    assert sender in [each.sender_type for each in ChatService(world.store, clock).messages(world.open).messages]
    assert [] == AuditService(world.store, clock).run("root").findings


@pytest.mark.parametrize(
    ("senders", "human_requested", "waits"),
    [
        (("ai",), None, False),
        (("ai",), False, False),
        (("ai",), True, True),
        (("ai", "user"), None, True),
        (("bot",), None, True),
        (("admin", "bot"), True, False),
        (("admin", "ai"), True, False),
        (("user", "ai", "bot"), False, False),
    ],
)
def test_automatic_answers_end_waiting_until_a_person_is_asked_for(
    world: World, clock: ManualClock, senders: tuple[str, ...], human_requested: bool | None, waits: bool
) -> None:
    """An answer of the machine is one, unless the user has asked for a person; other senders change nothing."""
    for number, sender in enumerate(senders):
        world.write_message(world.open, START + 500 + number, sender)
    if human_requested is not None:
        world.change(CONVERSATIONS, world.open, human_requested=human_requested)
    audit = AuditService(world.store, clock)
    audit.run("root", fix=True)

    assert waits == ("waiting_since" in world.row(CONVERSATIONS, world.open))
    assert [] == audit.run("root").findings
    assert [] == errors_in(world.store)
