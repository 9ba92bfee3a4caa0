"""What a log tells of records: kinds and ids, bounded, and nothing that could be anything else."""

import pytest

from commercive_cli.domain.access import Records, loggable
from commercive_cli.domain.answers.affiliates import AffiliateShown, LinkCreated
from commercive_cli.domain.answers.audit import Mended
from commercive_cli.domain.answers.chat import Sent
from commercive_cli.domain.answers.leads import LeadDecided
from commercive_cli.domain.answers.threads import Thread
from commercive_cli.domain.models import AffiliateLink, AffiliateStats, Conversation, Lead, Message

LEAD = Lead(lead_id="lead-1", affiliate_id="aff-1", link_id="CODE", status="pending", created_at=1, updated_at=1)
STATS = AffiliateStats(affiliate_id="aff-1")
LINK = AffiliateLink(affiliate_id="aff-1", link_id="CODE", created_at=1, affiliate_email="ann@example.com")
CONVERSATION = Conversation(conversation_id="c-1", user_id="u-1", status="open", created_at=1, updated_at=1)
MESSAGE = Message(
    message_id="m-1", conversation_id="c-1", sender_type="user", sender_id="u-1", message_text="Hi", created_at=1
)


@pytest.mark.parametrize(
    ("answer", "records", "count"),
    [
        (LeadDecided(lead=LEAD, changed=True), {"lead": ["lead-1"]}, 1),
        (Thread(conversation=CONVERSATION, messages=[MESSAGE, MESSAGE]), {"conversation": ["c-1"]}, 1),
        (Sent(conversation_id="c-1", message_id="m-1", created_at=1), {"conversation": ["c-1"]}, 1),
        (
            AffiliateShown(
                affiliate_id="aff-1",
                stats=STATS,
                affiliate_links=[LINK],
                leads=[LEAD],
                link_uses=[],
                counted_leads=1,
                counted_all=True,
            ),
            {"affiliate": ["aff-1"], "lead": ["lead-1"]},
            2,
        ),
        (LinkCreated(affiliate_url="u", link_id="C", affiliate_id="aff-1", created=True), {"affiliate": ["aff-1"]}, 1),
        (Mended(table="leads", id="lead-1 17", mended=("lead_name",), changed=True), {"leads": ["lead-1"]}, 1),
    ],
)
def test_an_answer_names_the_records_that_it_shows(answer: object, records: dict[str, list[str]], count: int) -> None:
    """Each once, by kind: a lead does not count as its affiliate, an affiliate's latest leads do count."""
    assert {"records": records, "count": count} == Records().add_from(answer).document()


def test_a_line_is_bounded() -> None:
    """A page of the longest list is told whole; of more, the first ones, and how many there were."""
    records = Records()
    for number in range(700):
        records.add("lead" if number < 400 else "affiliate", f"id-{number}")
    told = records.document()

    assert {"lead": 400, "affiliate": 100} == {kind: len(ids) for kind, ids in told["records"].items()}
    assert 700 == told["count"]


@pytest.mark.parametrize("text", ["ann@example.com", "Where is my parcel?", "", "x" * 129, "Zoë", "a\nb", "\x1b[2J"])
def test_what_is_no_id_is_not_told(text: str) -> None:
    """Somebody may have typed anything in the place of an id."""
    assert "?" == loggable(text)


@pytest.mark.parametrize("text", ["01a21c9b-1ed6-706a-b3a6-d53305b9741a", "AFF-1A2B", "link#X", "a.b_c:d~e/f"])
def test_ids_are_told(text: str) -> None:
    """Ids of ours and of others."""
    assert text == loggable(text)
