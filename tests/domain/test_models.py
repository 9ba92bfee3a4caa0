"""Records: what is stored and what is answered hold the same facts."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.answers.base import Failed
from commercive_cli.domain.answers.bulk import Bulk, BulkResult
from commercive_cli.domain.answers.leads import LeadDecided, LeadSubmitted
from commercive_cli.domain.errors import Damaged
from commercive_cli.domain.models import AffiliateStats, AuditRow, Conversation, Lead
from commercive_cli.store.items import OtherValue

CENTS = st.integers(0, 100_000_000).map(lambda cents: Decimal(cents).scaleb(-2))
TEXT = st.text(max_size=20)
LEADS = st.builds(
    Lead,
    lead_id=TEXT,
    affiliate_id=TEXT,
    link_id=TEXT,
    status=st.sampled_from(["pending", "approved", "rejected"]),
    lead_name=TEXT,
    commission_amount=st.none() | CENTS,
    admin_notes=st.none() | TEXT,
    reviewed_at=st.none() | st.integers(0, 2**48),
    created_at=st.integers(0, 2**48),
    updated_at=st.integers(0, 2**48),
)


@given(LEADS)
def test_a_stored_record_reads_back_equal(lead: Lead) -> None:
    """A record is stored whole: reading the item gives an equal record."""
    assert lead == Lead.of(lead.item())
    assert None not in lead.item().values()


@given(LEADS)
def test_an_answer_in_json_holds_the_same_facts(lead: Lead) -> None:
    """An answer printed as JSON reads back equal, its amount to the cent and as a JSON number."""
    answer = json.loads(LeadDecided(lead=lead, changed=True).model_dump_json(), parse_float=Decimal)

    assert lead == Lead.of(answer["lead"])
    assert lead.status == answer["new_status"]
    assert ("commission_amount" in answer["lead"]) == (lead.commission_amount is not None)
    assert isinstance(answer["lead"].get("commission_amount", Decimal(0)), Decimal)


@given(CENTS, CENTS)
def test_a_history_keeps_amounts_exact(before: Decimal, after: Decimal) -> None:
    """A history row shows amounts before and after as JSON numbers, to the cent, and statuses as words."""
    row = AuditRow(
        at=1,
        actor="root",
        event="approve",
        subject="lead",
        before={"status": "approved", "commission_amount": before},
        after={"status": "approved", "commission_amount": after},
    )
    shown = json.loads(row.model_dump_json(), parse_float=Decimal)

    assert {"status": "approved", "commission_amount": before} == shown["before"]
    assert {"status": "approved", "commission_amount": after} == shown["after"]


def test_unknown_attributes_are_ignored() -> None:
    """An item may hold attributes that this version does not know, such as a version counter."""
    stats = AffiliateStats.of({"affiliate_id": "a", "total_leads": 2, "version": 7, "shiny": {"new": []}})

    assert {"affiliate_id", "total_leads"} < stats.item().keys()
    assert "version" not in stats.item()


def test_fields_without_a_value_are_left_out() -> None:
    """Neither a stored item nor an answer holds a field that has no value."""
    conversation = Conversation(conversation_id="c", user_id="u", status="open", created_at=1, updated_at=1)

    assert "closed_at" not in conversation.item()
    assert "closed_by" not in json.loads(conversation.model_dump_json())


SOUND = {"conversation_id": "c", "user_id": "u", "status": "open", "created_at": 1, "updated_at": 1}


@pytest.mark.parametrize(
    ("attribute", "stored", "shown"),
    [
        ("status", "ajar", "ajar"),
        ("status", " Closed", "closed"),
        ("status", None, ""),
        ("user_id", 17, ""),
        ("updated_at", "today", 0),
        ("unread_admin", True, 0),
        ("unread_admin", "two", 0),
        ("store_url", OtherValue("SS", ("a", "b")), ""),
        ("closed_at", Decimal("1.5"), None),
    ],
)
def test_a_damaged_attribute_is_named_and_neutral(attribute: str, stored: object, shown: object) -> None:
    """Whatever another program wrote, the record has all its fields, and says which of them are not to be trusted."""
    found = Conversation.of({**SOUND, attribute: stored})

    assert (attribute,) == found.damaged
    assert shown == getattr(found, attribute)
    assert [attribute] == found.model_dump(mode="json")["damaged"]


def test_null_and_unknown_attributes_are_no_damage() -> None:
    """NULL counts as missing, and what the program does not know is none of its business."""
    found = Conversation.of({**SOUND, "closed_by": None, "store_url": None, "clicks": OtherValue("B", (b"x",))})

    assert Conversation.of(SOUND) == found
    assert "damaged" not in found.model_dump()


def test_a_write_that_depends_on_damage_is_refused_by_name() -> None:
    """Only the attributes that the write depends on matter."""
    found = Conversation.of({**SOUND, "status": 5})

    assert found is found.require("user_id", "updated_at")
    with pytest.raises(Damaged, match="Conversation c is damaged in status; nothing was written"):
        found.require("user_id", "status")


@given(st.lists(LEADS, max_size=8))
def test_counting_leads_one_by_one_counts_them_all(leads: list[Lead]) -> None:
    """Stats counted from leads hold each lead once under its status, and the exact sum of approved commissions."""
    stats = AffiliateStats(affiliate_id="a")
    for lead in leads:
        stats = stats.with_lead(lead.status, lead.commission_amount)
    statuses = [lead.status for lead in leads]

    assert stats.counts() == (
        len(leads),
        statuses.count("approved"),
        statuses.count("pending"),
        statuses.count("rejected"),
        sum((lead.commission_amount or Decimal(0) for lead in leads if lead.status == "approved"), Decimal(0)),
    )


def test_a_bulk_result_shows_each_answer_whole() -> None:
    """The results of a bulk command hold every field of each answer, and the failures in their own shape."""
    results = [
        BulkResult(id="1", result=LeadSubmitted(lead_id="x")),
        BulkResult(id="2", result=Failed(error="there is no lead 2", code="not_found")),
    ]
    shown = json.loads(Bulk(success=False, results=results).model_dump_json())

    assert {"success": True, "lead_id": "x"} == shown["results"][0]["result"]
    assert {"success": False, "error": "there is no lead 2", "code": "not_found"} == shown["results"][1]["result"]
