"""Every kind of damage that the audit repairs: it is named, mended, and gone when looked for again."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.records.link_claims import code_claim_key, primary_claim_key
from commercive_cli.store.items import Key
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS
from commercive_cli.store.writes import Put
from tests.services.audit.world import LEGACY, World
from tests.services.books import errors_in, everything
from tests.services.fakes import START, ManualClock


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


def _all_of(*steps: Callable[[World], object]) -> Callable[[World], object]:
    return lambda world: [step(world) for step in steps]


def _stats(**attributes: Any) -> Callable[[World], object]:
    return lambda world: world.change(AFFILIATE_STATS, "aff-1", **attributes)


def _answered(action: str, answer: dict[str, Any]) -> Damage:
    """Return the damage that a request was answered with something that is not there."""
    claim = {
        "pk": f"request#{action}#u",
        "sk": "k",
        "answer": answer,
        "created_at": START,
        "expires_at": START,
        "fingerprint": "f",
    }
    return Damage(
        f"{action} that answers nothing",
        lambda w: w.store.transact(Put(OPS, claim)),
        ("request-claim",),
        "answers with what is not there",
    )


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
        ("lead-state",),
        "5.004",
    ),
    Damage(
        "code claimed for another link",
        _claimed(lambda w: code_claim_key(w.codes[0]), "aff-2", 2),
        ("link-claim", "link-code"),
        "names a link that is not the one it is for",
    ),
    Damage(
        "store claimed for another affiliate's link",
        _claimed(lambda _: primary_claim_key("aff-1", "a.example"), "aff-2", 2),
        ("link-claim", "primary-link"),
        "names a link that is not the one it is for",
    ),
    Damage(
        "store claimed for the link of another store",
        _claimed(lambda _: primary_claim_key("aff-1", "a.example"), "aff-1", 1),
        ("link-claim", "primary-link"),
        "names a link that is not the one it is for",
    ),
    _answered("chat/send", {}),
    _answered("chat/reply", {"conversation_id": "gone", "message_id": "gone", "created_at": START}),
    _answered("chat/close", {"conversation_id": "gone", "status": "closed", "changed": True}),
    _answered("affiliate/create-link", {"affiliate_id": "aff-1", "link_id": "GONE0000", "created": True}),
    _answered("admin/approve-lead", {"lead": {"lead_id": "gone"}, "changed": True}),
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
        lambda w: w.change(CONVERSATIONS, w.closed, status="ajar"),
        ("conversation-status",),
        "'ajar'",
    ),
    Damage(
        "status of a conversation in capitals",
        lambda w: w.change(CONVERSATIONS, w.closed, status="CLOSED"),
        ("malformed",),
        "'CLOSED'",
    ),
    Damage(
        "closed, nobody knows since when",
        lambda w: w.change(CONVERSATIONS, w.closed, remove=("closed_at",)),
        ("closed-conversation",),
        "closed, and not since when",
    ),
    Damage(
        "open, and closed since",
        lambda w: w.change(CONVERSATIONS, w.open, closed_at=START * 2),
        ("closed-conversation",),
        f"open, and closed since {START * 2}",
    ),
    Damage(
        "message after a close that lost its time",
        _all_of(
            lambda w: w.change(CONVERSATIONS, w.closed, remove=("closed_at",)),
            lambda w: w.write_message(w.closed, START + 5_000, "admin"),
        ),
        ("closed-conversation", "last-message", "updated-at"),
        "after it was closed",
    ),
    Damage(
        "closed without a trace",
        lambda w: w.change(CONVERSATIONS, w.open, status="closed", closed_at=START + 50, closed_by="x"),
        ("audit-row", "waiting-for"),
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
    Damage("lead deleted", lambda w: w.drop(LEADS, w.pending), ("stats",), "pending_leads is 1, not 0"),
    Damage(
        "rejected for money",
        lambda w: w.change(LEADS, w.rejected, commission_amount=5),
        ("lead-state",),
        "rejected, its commission is 5",
    ),
    Damage(
        "commission beyond the range",
        lambda w: w.change(LEADS, w.approved, commission_amount=1_000_001),
        ("lead-state",),
        "approved, its commission is 1000001",
    ),
    Damage(
        "unknown lead status",
        lambda w: w.change(LEADS, w.rejected, status="maybe"),
        ("lead-state",),
        "'maybe'",
    ),
    Damage(
        "commission as text",
        lambda w: w.change(LEADS, w.approved, commission_amount="a lot"),
        ("lead-state",),
        "approved, its commission is 'a lot'",
    ),
    Damage(
        "commission as a flag",
        lambda w: w.change(LEADS, w.approved, commission_amount=True),
        ("lead-state",),
        "approved, its commission is True",
    ),
    Damage(
        "commission as a list",
        lambda w: w.change(LEADS, w.approved, commission_amount=[5]),
        ("lead-state",),
        "approved, its commission is [5]",
    ),
    Damage(
        "status in capitals",
        lambda w: w.change(LEADS, w.approved, status="APPROVED"),
        ("malformed",),
        "status is 'APPROVED'",
    ),
    Damage(
        "commission lost",
        lambda w: w.change(LEADS, w.approved, remove=("commission_amount",)),
        ("lead-state",),
        "approved, its commission is missing",
    ),
    Damage(
        "sum with fractions of a cent",
        _stats(total_commission=Decimal("12.344")),
        ("stats",),
        "total_commission is 0.00, not 12.34",
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
        lambda w: w.drop_at(OPS, code_claim_key(w.codes[0])),
        ("link-code",),
        "claimed by nobody",
    ),
    Damage(
        "primary claim deleted",
        lambda w: w.drop_at(OPS, primary_claim_key("aff-1", "a.example")),
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
        _all_of(lambda w: w.drop(LEADS, w.rejected), lambda w: w.drop(OPS, f"audit#lead#{w.rejected}")),
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


def test_a_repaired_state_is_the_one_that_was_audited(world: World, clock: ManualClock) -> None:
    """Where a state cannot be, the last audit row says what it was: confirmed money stays, a closed door stays shut."""
    lead, conversation = world.row(LEADS, world.approved), world.row(CONVERSATIONS, world.closed)
    world.change(LEADS, world.approved, status="APPROVED!", commission_amount="12.34")
    world.change(CONVERSATIONS, world.closed, status="CLOSED", remove=("closed_at",))
    AuditService(world.store, clock).run("maria", fix=True)
    row = LeadService(world.store, clock).history(world.approved).history[-1]

    assert lead == world.row(LEADS, world.approved)
    assert conversation == world.row(CONVERSATIONS, world.closed)
    assert ("maria", {"status": "APPROVED!", "commission_amount": Decimal("12.34")}) == (row.actor, row.before)
    assert {"status": "approved", "commission_amount": Decimal("12.34")} == row.after


def test_many_damages_at_once_are_all_found(world: World, clock: ManualClock) -> None:
    """Damage in every table at once is found, each piece under its own item, and repaired in one run."""
    world.change(CONVERSATIONS, world.open, unread_admin=7)
    world.change(CONVERSATIONS, world.answered, unread_user=7)
    world.change(LEADS, world.pending, status="rejected")
    world.change(AFFILIATE_STATS, "aff-2", total_leads=7)
    world.drop_at(OPS, code_claim_key(world.codes[0]))
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
