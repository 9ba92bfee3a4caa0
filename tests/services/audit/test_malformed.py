"""Items that nothing can be computed from: the audit names them for a person to mend, and checks all else."""

from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.attributes import attributes_of
from commercive_cli.domain.errors import Damaged, Invalid
from commercive_cli.domain.ids import uuid7
from commercive_cli.domain.models import AffiliateLink, AffiliateStats, AuditRow, Conversation, Lead, Message, Record
from commercive_cli.services.access.duplicates import DuplicateIds
from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.items import Item, OtherValue
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Put, Update
from tests.services.audit.world import LEGACY, World
from tests.services.fakes import START, ManualClock
from tests.services.raw_data import everything, rows

MALFORMED = [
    (MESSAGES, {"remove": ("sender_type",)}, "sender_type is missing"),
    (MESSAGES, {"remove": ("created_at",)}, "created_at is missing"),
    (MESSAGES, {"is_read": "perhaps"}, "is_read is 'perhaps'"),
    (CONVERSATIONS, {"remove": ("updated_at",)}, "updated_at is missing"),
    (CONVERSATIONS, {"closed_by": True}, "closed_by is True"),
    (LEADS, {"remove": ("affiliate_id",)}, "affiliate_id is missing"),
    (LEADS, {"updated_at": 10**30}, f"updated_at is {10**30}"),
    (LEADS, {"lead_email": ["x"]}, "lead_email is ['x']"),
    (LEADS, {"updated_at": "today"}, "updated_at is 'today'"),
    (LEADS, {"updated_at": OtherValue("NS", ("1", "2"))}, "updated_at is a set of 2"),
    (LEADS, {"updated_at": OtherValue("B", (b"today",))}, "updated_at is 5 bytes"),
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
def test_whatever_commands_call_damaged_is_named(
    world: World, clock: ManualClock, table: Table, record: type[Record], name: str
) -> None:
    """Whatever attribute of an item commands show as damaged, a finding names, be it missing or of the wrong kind."""
    sound = next(row for row in rows(world.store, table) if table is not OPS or row["pk"].startswith("audit#lead"))
    damaged: set[tuple[str, str]] = set()
    for number, item in enumerate(_broken(table, record, sound)):
        item[name] = uuid7(START, number) if name == "sk" else f"broken-{number:03}"
        with suppress(Invalid):  # no engine takes such a key of an index
            world.store.transact(Put(table, item))
            damaged.update((item[name], attribute) for attribute in record.of(item).damaged)
    findings = AuditService(world.store, clock).run("root").findings
    named = {(part, word) for each in findings for part in each.id.split("/") for word in _about(each)}

    optional = {name for name, each in attributes_of(record).items() if not each.required}
    of_indexes = {attribute.name for key in table.index_keys for attribute in key}
    refused = {"damaged", *table.key_names, *(optional & of_indexes)}
    assert {attribute for _, attribute in damaged} == record.model_fields.keys() - refused
    assert set() == damaged - named


def _about(finding: Finding) -> list[str]:
    """Return the attributes that a finding is about; a state is a matter of status and commission together."""
    if finding.invariant == "lead-state":
        return ["status", "commission_amount"]
    return finding.problem.replace("cannot be read", " ".join(AffiliateStats.model_fields)).split()


def _broken(table: Table, record: type[Record], sound: Item) -> Iterator[Item]:
    """Yield the item with one attribute missing or odd, for every attribute of the record that is no key."""
    for attribute in sorted(record.model_fields.keys() - {"damaged", *table.key_names}):
        yield {name: value for name, value in sound.items() if name != attribute}
        for value in ODD_VALUES:
            yield {**sound, attribute: value}
            yield {**sound, attribute: {"x": value}}


@pytest.mark.parametrize("status", ["approved", "maybe"])
def test_a_lead_that_is_stored_twice_is_named_and_counted_by_nobody(
    world: World, clock: ManualClock, status: str
) -> None:
    """Which of the two is true, only a person can say; until then the money of their affiliate stays as it is."""
    before, twin = world.row(AFFILIATE_STATS, "aff-1"), world.row(LEADS, world.approved)
    world.store.transact(Put(LEADS, twin | {"created_at": twin["created_at"] + 1, "status": status}))
    found = AuditService(world.store, clock).run("root", fix=True).findings

    assert [("twins", world.approved, False)] == [(each.invariant, each.id, each.fixed) for each in found]
    assert before == world.row(AFFILIATE_STATS, "aff-1")
    assert (world.approved,) == RecomputeService(world.store, clock).all("root").damaged
    with pytest.raises(Damaged, match=r"stored twice|is damaged"):
        RecomputeService(world.store, clock).one("aff-1", "root")


def test_twins_are_found_across_pages() -> None:
    """Where one page ends and the next begins makes no difference."""
    twins = DuplicateIds(LEADS)
    pages = [[{"lead_id": "a"}, {"lead_id": "b"}], [], [{"lead_id": "b"}, {"lead_id": "c"}], [{"lead_id": "c"}]]

    assert [[], [], ["b", "b"], ["c", "c"]] == [[item["lead_id"] for item in twins.among(page)] for page in pages]


def test_a_conversation_that_is_stored_twice_is_named(world: World, clock: ManualClock) -> None:
    """Staff would answer in the one, and see the other."""
    twin = world.row(CONVERSATIONS, world.open)
    world.store.transact(Put(CONVERSATIONS, twin | {"created_at": twin["created_at"] + 1}))
    found = AuditService(world.store, clock).run("root").findings

    assert ("twins", world.open, False) in [(each.invariant, each.id, each.fixed) for each in found]


@pytest.mark.parametrize("table", [LEADS, CONVERSATIONS])
def test_what_is_lost_is_named_for_as_long_as_its_audit_rows_are_there(
    world: World, clock: ManualClock, table: Table
) -> None:
    """Nothing here deletes leads or conversations, so what was once decided or closed must be there."""
    kind, name = ("lead", world.approved) if table is LEADS else ("conversation", world.closed)
    if table is CONVERSATIONS:
        world.drop_messages(name)
    world.drop(table, name)
    audit = AuditService(world.store, clock)
    audit.run("root", fix=True)
    left = audit.run("root", fix=True).findings

    assert [(f"lost-{kind}", name, False)] == [(each.invariant, each.id, each.fixed) for each in left]


def test_times_that_no_id_can_tell_are_named_and_break_nothing(world: World, clock: ManualClock) -> None:
    """Microseconds in a message stay what they are; its conversation goes on, and everything else is mended."""
    world.write_message(world.open, 1_700_000_000_000_000 % (1 << 48), created_at=1_700_000_000_000_000)
    world.write_message(LEGACY, START, message_id="x", created_at=1_700_000_000_000_000)
    world.change(CONVERSATIONS, world.answered, unread_user=9)
    audit = AuditService(world.store, clock)
    repaired = sorted(each.invariant for each in audit.run("root", fix=True).findings)
    left = audit.run("root").findings
    ChatService(world.store, clock).reply(world.open, "admin-1", "Still here")

    assert ["malformed", "malformed", "unread-user"] == repaired
    assert ["created_at is 1700000000000000"] * 2 == [each.problem for each in left]


@pytest.mark.parametrize("name", ["zzz", "ffffffff-ffff-7fff-bfff-ffffffffffff"])
def test_an_audit_row_outside_of_time_tells_nothing(world: World, clock: ManualClock, name: str) -> None:
    """It would sort behind every row that is still to come, so a person must mend it; it is named, and no more."""
    [row] = [each for each in rows(world.store, OPS) if each["pk"] == f"audit#lead#{world.rejected}"]
    world.store.transact(Put(OPS, {**row, "sk": name, "after": {"status": "pending"}}))
    found = AuditService(world.store, clock).run("root", fix=True).findings

    assert ["malformed"] == [each.invariant for each in found]


def test_a_message_whose_id_is_of_no_time_is_named(world: World, clock: ManualClock) -> None:
    """Its time is not taken from such an id."""
    name = "ffffffff-ffff-7fff-bfff-ffffffffffff"
    world.write_message(world.open, START + 500, message_id=name)
    AuditService(world.store, clock).run("root", fix=True)
    left = AuditService(world.store, clock).run("root").findings

    assert [("message-order", name)] == [(each.invariant, each.id) for each in left]
    assert START + 500 == world.row(MESSAGES, name)["created_at"]


@pytest.mark.parametrize(("name", "at"), [("zzz", START - 1), (None, None)])
def test_messages_of_one_time_or_in_no_order_are_named(
    world: World, clock: ManualClock, name: str | None, at: int | None
) -> None:
    """Times within a conversation strictly increase; when such messages were written, only a person can say."""
    last = world.row(MESSAGES, world.last_message(world.open))
    name = name or uuid7(last["created_at"], (1 << 74) - 1)
    world.write_message(world.open, START, message_id=name, created_at=last["created_at"] if at is None else at)
    AuditService(world.store, clock).run("root", fix=True)
    left = AuditService(world.store, clock).run("root").findings

    assert [("message-order", name, False)] == [(each.invariant, each.id, each.fixed) for each in left]


@pytest.mark.parametrize("change", [{"remove": ("fingerprint",)}, {"remove": ("expires_at",)}, {"expires_at": "soon"}])
def test_a_damaged_request_claim_is_named_and_repeats_nothing(
    world: World, clock: ManualClock, change: dict[str, Any]
) -> None:
    """Whoever sends the request again hears what is wrong with it, in words, and there is still one message."""
    claim = next(row for row in rows(world.store, OPS) if row["sk"] == "message-key")
    attributes = {name: value for name, value in change.items() if name != "remove"}
    place = {"pk": claim["pk"], "sk": claim["sk"]}
    world.store.transact(Update(OPS, place, set=attributes, remove=change.get("remove", ())))
    chat, before = ChatService(world.store, clock), rows(world.store, MESSAGES)
    with suppress(Damaged):
        chat.send("user-1", "again", conversation_id=world.open, key="message-key")

    assert ["malformed"] == [each.invariant for each in AuditService(world.store, clock).run("root").findings]
    assert before == rows(world.store, MESSAGES)
