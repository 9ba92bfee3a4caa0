"""Items that nothing can be computed from: the audit names them for a person to mend, and checks all else."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.domain.errors import Damaged, Invalid
from commercive_cli.domain.models import (
    AffiliateLink,
    AffiliateStats,
    AuditRow,
    Conversation,
    Lead,
    Message,
    Record,
)
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.leads import LeadService
from commercive_cli.store.items import Item
from commercive_cli.store.schema import (
    AFFILIATE_LINKS,
    AFFILIATE_STATS,
    CONVERSATIONS,
    LEADS,
    MESSAGES,
    OPS,
    Table,
)
from commercive_cli.store.writes import Put, Update
from tests.services.audit_world import World
from tests.services.books import everything, rows
from tests.services.fakes import ManualClock

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
