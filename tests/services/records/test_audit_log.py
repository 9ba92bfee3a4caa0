"""The audit log: a row for every change, none of which another one replaces."""

from collections.abc import Callable

import pytest

from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.records.audit_log import AuditEntry, read_audit_log
from commercive_cli.store.limits import PARTITION_KEY_BYTES
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, OPS
from commercive_cli.store.writes import Update
from tests.services.fakes import Ids, ManualClock
from tests.services.raw_data import rows

Change = Callable[[Store, ManualClock, Ids, str], object]


def _closed(store: Store, clock: ManualClock, ids: Ids, subject: str) -> object:
    ChatService(store, clock).reopen(subject, "admin-1")
    return ChatService(store, clock, ids).close(subject, "admin-2")


def _closed_by_a_reply(store: Store, clock: ManualClock, ids: Ids, subject: str) -> object:
    ChatService(store, clock).reopen(subject, "admin-1")
    # The first id is that of the message.
    return ChatService(store, clock, Ids(ids(0), ids(0))).reply(subject, "admin-2", "Bye", close=True)


def _decided(store: Store, clock: ManualClock, ids: Ids, subject: str) -> object:
    return LeadService(store, clock, ids).decide(subject, "approved", "admin-2", commission="5", amend=True)


def _recomputed(store: Store, clock: ManualClock, ids: Ids, subject: str) -> object:
    store.transact(Update(AFFILIATE_STATS, {"affiliate_id": subject}, set={"total_leads": 9}))
    return RecomputeService(store, clock, ids).one(subject, "admin-2")


@pytest.mark.parametrize("letter", ["x", "\u00e9"])
def test_the_longest_id_has_rows_too(store: Store, letter: str) -> None:
    """Another program's id may fill a whole key, so that no more fits before it; its rows are found all the same."""
    subject = letter * (PARTITION_KEY_BYTES // len(letter.encode()))
    store.transact(AuditEntry("conversation", subject, "close", "admin-1", {}, {}).row(1, Ids("row-1")))

    assert [subject] == [row.subject for row in read_audit_log(store, "conversation", subject)]


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("conversation", _closed),
        ("conversation", _closed_by_a_reply),
        ("lead", _decided),
        ("affiliate", _recomputed),
    ],
)
def test_an_id_that_repeats_replaces_no_row(
    store: Store, clock: ManualClock, code: str, kind: str, change: Change
) -> None:
    """Should chance hand out an id twice, the change is made with another one, and the older row tells what it told."""
    chat, leads = ChatService(store, clock), LeadService(store, clock)
    conversation, lead = chat.send("user-1", "Hello").conversation_id, leads.submit(code, {"name": "J", "email": "j@e"})
    subject = {"conversation": conversation, "lead": lead.lead_id, "affiliate": "aff-1"}[kind]
    chat.close(conversation, "admin-1")
    leads.decide(lead.lead_id, "rejected", "admin-1")
    store.transact(Update(AFFILIATE_STATS, {"affiliate_id": "aff-1"}, set={"total_leads": 7}))
    RecomputeService(store, clock).one("aff-1", "admin-1")
    before = [row for row in rows(store, OPS) if row["pk"] == f"audit#{kind}#{subject}"]
    taken = before[0]["sk"]
    change(store, clock, Ids(taken, taken), subject)
    after = [row for row in rows(store, OPS) if row["pk"] == f"audit#{kind}#{subject}"]

    assert before == [row for row in after if row in before]
    assert "admin-2" == after[-1]["actor"]
