"""Answers about conversations, leads and affiliates, with made-up people and fixed times."""

from decimal import Decimal

from pydantic import BaseModel

from commercive_cli.cli.render.asked import Asked
from commercive_cli.domain.answers.affiliates import (
    AffiliateFlagged,
    Affiliates,
    EmailSet,
    FormURLSet,
    LinkCreated,
    LinkFound,
    LinkUse,
    Recomputation,
    Recomputed,
    Stats,
)
from commercive_cli.domain.answers.audit import Audit, Finding
from commercive_cli.domain.answers.base import Failed
from commercive_cli.domain.answers.bulk import FileDecided, RowDecided
from commercive_cli.domain.answers.chat import (
    Claimed,
    ConversationChanged,
    MarkedRead,
    NextUp,
    Noted,
    Released,
    Sent,
    Snoozed,
)
from commercive_cli.domain.answers.flags import Flag, FlaggedLead
from commercive_cli.domain.answers.history import History
from commercive_cli.domain.answers.leads import LeadDecided, LeadHistory, Leads, LeadShown, LeadSubmitted
from commercive_cli.domain.answers.threads import Conversations, HeldConversation, Thread
from commercive_cli.domain.models import AffiliateLink, AffiliateStats, AuditRow, Conversation, Lead, Message, Note

NOW = 1_795_768_260_000
"""Fri 27 Nov 2026, 09:31 in Berlin."""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

TEA = "01a20ef0-3c9a-7b11-9d4e-5a1f4c0e91aa"
FRAME = "01a1ff31-7b02-7c44-8f10-9a77b7d2035f"
SIZE = "01a1fe02-11aa-7d01-b2c3-0c5518f6c4e3"
NORDWIND = "5d1c6a0e-91b2-4c3f-8a77-1f2039f0a847"
SOREN = "01a21a55-90c1-7a3e-8b1d-6f405d07b1c9"
MAJA = "01a217c0-2f4b-7e55-9c0a-33ade41b6a90"


def conversation(identifier: str, shop: str, last: str, age: int, **more: object) -> Conversation:
    at = NOW - age
    return Conversation.of(
        {
            "conversation_id": identifier,
            "user_id": f"{identifier[:24]}00009d2f60c1"[:36],
            "store_url": f"{shop}.myshopify.com",
            "status": "open",
            "created_at": at - 2 * HOUR,
            "updated_at": at,
            "last_message": last,
            "last_message_at": at,
        }
        | more
    )


def waiting(identifier: str, shop: str, last: str, age: int, unread: int) -> Conversation:
    return conversation(identifier, shop, last, age, waiting_since=NOW - age, waiting_for="admin", unread_admin=unread)


def message(number: int, at: int, sender: str, who: str, text: str, *, read: bool = True) -> Message:
    return Message(
        message_id=f"01a20ef0-0000-7000-8000-{number:012}",
        conversation_id=TEA,
        sender_type=sender,
        sender_id=who,
        message_text=text,
        created_at=at,
        is_read=read,
    )


def lead(identifier: str, name: str, status: str, age: int, amount: str | None = None, **more: object) -> Lead:
    at = NOW - age
    decided = {} if status == "pending" else {"reviewed_by": "mira", "reviewed_at": at + 8 * HOUR}
    return Lead.of(
        {
            "lead_id": identifier,
            "affiliate_id": NORDWIND,
            "link_id": "WCPF0A04",
            "status": status,
            "lead_name": name,
            "lead_email": f"{name.split()[0].lower()}@example.com",
            "lead_phone": "070-555 01 42",
            "product_link": "https://fjord-lamp.example/products/lantern",
            "order_volume": "20-100",
            "pending_orders": "49",
            "business_name": "Fjord Lamp AS",
            "commission_amount": None if amount is None else Decimal(amount),
            "created_at": at,
            "updated_at": at,
        }
        | decided
        | more
    )


def decided_row(row: int, lead: Lead, *, changed: bool = True) -> RowDecided:
    return RowDecided(row=row, id=lead.lead_id, result=LeadDecided(lead=lead, changed=changed))


def refused(row: int, lead_id: str) -> RowDecided:
    why = f"lead {lead_id} changed since you looked at it: it is approved for 30.00 USD by jonas"
    return RowDecided(row=row, id=lead_id, result=Failed(error=why, code="conflict"))


def decided_file(*rows: RowDecided) -> FileDecided:
    return FileDecided(success=False, results=rows, result_file="decisions.csv.result.csv")


QUEUE = [
    waiting(TEA, "kobe-tea", "追跡番号を教えてください 📦", 2 * DAY, 2),
    waiting(FRAME, "bergrad", "Which size of the frame did you send? Mine is 54 and the box says 56.", 19 * HOUR, 1),
    waiting(SIZE, "tinta-papel", "¿Puedo cambiar la dirección de envío?", 3 * HOUR, 1),
]
CLOSED = conversation(
    "01a1fa00-0000-7000-8000-1111d70e91aa", "pixel-pots", "Thanks!", 2 * DAY,
    status="closed", closed_at=NOW - 2 * DAY, closed_by="jonas",
)  # fmt: skip
ODD = Conversation.of({**conversation("c-77", "lumen", "", 4 * DAY).item(), "last_message": 7, "unread_user": "x"})
TURNS = [
    message(1, NOW - 3 * DAY + 6 * HOUR, "user", "u-1", "注文1001がまだ届いていません。いつ届きますか?"),
    message(2, NOW - 3 * DAY + 6 * HOUR + 9, "ai", "ai-assistant", "Thank you for writing."),
    message(
        3, NOW - 3 * DAY + 7 * HOUR, "admin", "jonas",
        "I have asked the warehouse about order #1001, you will hear from me tomorrow.\n\nOr later.",
    ),
    message(4, NOW - 2 * DAY - MINUTE, "user", "u-1", "まだ何も届いていません。", read=False),
    message(5, NOW - 2 * DAY, "user", "u-1", "[bold]追跡番号[/bold]を教えてください 📦 \x1b[31m", read=False),
    message(6, NOW - HOUR, "bot", "crm-7", "Ticket 88-41 was opened."),
]  # fmt: skip
NOTES = [
    Note(
        note_id="n", conversation_id=TEA, author="jonas", text="Warehouse: stuck in customs, ticket 88-41.",
        created_at=NOW - 3 * DAY + 7 * HOUR + MINUTE,
    )
]  # fmt: skip
PUT_OFF = QUEUE[1].model_copy(update={"waiting_for": "snoozed"})
HELD = HeldConversation(**QUEUE[0].item(), held_by="mira", held_until=NOW + 15 * MINUTE)
LEADS = [
    lead(SOREN, "Søren Lindqvist", "pending", 12 * HOUR),
    lead(MAJA, "Maja Lind", "approved", DAY, "25.50", order_volume="1-5"),
    lead("01a21000-0000-7000-8000-00000b97d3f2", "Chloé d'Aubigny-Marchand-Delacroix", "approved", 2 * DAY, "1180"),
    lead(
        "01a20f00-0000-7000-8000-00006fd81c35", "Test Test", "rejected", 3 * DAY,
        rejection_reason="Not a shop.", admin_notes="Second one from this address.",
    ),
]  # fmt: skip
STATS = AffiliateStats(
    affiliate_id=NORDWIND, total_leads=14, pending_leads=2, approved_leads=9, rejected_leads=3,
    total_commission=Decimal("412.68"), last_updated=NOW - HOUR,
)  # fmt: skip
TINTA = AffiliateStats(
    affiliate_id="7K2M9QX1", total_leads=61, pending_leads=11, approved_leads=40, rejected_leads=10,
    total_commission=Decimal("2864.50"), last_updated=NOW - DAY,
)  # fmt: skip
LINK = AffiliateLink(
    affiliate_id=NORDWIND, link_id="WCPF0A04", affiliate_email="partner@nordwind.example",
    affiliate_url="https://dashboard.example/lead-form?ref=WCPF0A04", store_url="nordwind.myshopify.com",
    created_at=NOW - 200 * DAY,
)  # fmt: skip


def change(age: int, who: str, event: str, before: dict[str, object], after: dict[str, object]) -> AuditRow:
    return AuditRow.of(
        {"at": NOW - age, "actor": who, "event": event, "subject": MAJA, "before": before, "after": after}
    )


APPROVED_40 = {"status": "approved", "commission_amount": Decimal(40)}
WAITING, NOTHING = Asked("conversation", order="waiting"), Asked()

DECIDED = [decided_row(2, LEADS[1]), decided_row(3, LEADS[3])]
AGAIN = [decided_row(2, LEADS[1], changed=False), decided_row(3, LEADS[3], changed=False)]
ANSWERS: dict[str, tuple[BaseModel, Asked]] = {
    "chat-list": (Conversations(conversations=[*QUEUE, CLOSED, ODD], next_cursor="x"), Asked("conversation")),
    "chat-list-one-shop": (
        Conversations(conversations=QUEUE[:1] * 2),
        Asked("conversation", "open", ("of shop kobe-tea",), said=("status", "store_url")),
    ),
    "chat-list-waiting": (Conversations(conversations=QUEUE), WAITING),
    "chat-list-one-waits": (Conversations(conversations=QUEUE[:1]), WAITING),
    "chat-list-none-waits": (Conversations(conversations=[]), WAITING),
    "chat-list-empty": (Conversations(conversations=[]), Asked("conversation", "open", ("of user u-1",))),
    "chat-show": (Thread(conversation=QUEUE[0], messages=TURNS), NOTHING),
    "chat-show-held": (Thread(conversation=HELD, messages=TURNS, notes=NOTES), NOTHING),
    "chat-show-full": (Thread(conversation=QUEUE[0], messages=TURNS[:1]), Asked(order="full")),
    "chat-show-closed": (Thread(conversation=CLOSED, messages=[]), NOTHING),
    "chat-show-damaged": (Thread(conversation=ODD, messages=[]), NOTHING),
    "chat-list-held": (Conversations(conversations=[HELD, *QUEUE[1:], PUT_OFF]), Asked("conversation")),
    "chat-list-waiting-held": (Conversations(conversations=[HELD, *QUEUE[1:]]), WAITING),
    "chat-next": (NextUp(conversation=HELD, messages=[*TURNS[:3], *TURNS], notes=NOTES, others="3"), NOTHING),
    "chat-claim": (Claimed(conversation_id=TEA, holder="mira", until=NOW + 15 * MINUTE), NOTHING),
    "chat-claim-tomorrow": (Claimed(conversation_id=TEA, holder="mira", until=NOW + DAY), NOTHING),
    "chat-release": (Released(conversation_id=TEA, changed=True), NOTHING),
    "chat-release-again": (Released(conversation_id=TEA, changed=False), NOTHING),
    "chat-snooze": (Snoozed(conversation_id=TEA, until=NOW + 2 * DAY), NOTHING),
    "chat-note": (Noted(conversation_id=TEA, note_id="n", created_at=NOW), NOTHING),
    "chat-reply": (Sent(conversation_id=TEA, message_id="m", created_at=NOW), NOTHING),
    "chat-close": (ConversationChanged(conversation_id=TEA, status="closed", changed=True), NOTHING),
    "chat-close-again": (ConversationChanged(conversation_id=TEA, status="closed", changed=False), NOTHING),
    "chat-mark-read": (MarkedRead(conversation_id=TEA, marked=1), NOTHING),
    "leads-list": (Leads(leads=LEADS), Asked("lead", after=("since 7d",))),
    "leads-list-pending": (Leads(leads=LEADS[:1] * 2), Asked("lead", "pending", said=("status",))),
    "leads-list-empty": (Leads(leads=[]), Asked("lead", "pending")),
    "leads-show": (LeadShown(lead=LEADS[0], stats=STATS), NOTHING),
    "leads-show-approved": (LeadShown(lead=LEADS[1], stats=STATS), NOTHING),
    "leads-show-rejected": (LeadShown(lead=LEADS[3], stats=STATS), NOTHING),
    "leads-show-uncounted": (LeadShown(lead=LEADS[0], stats=AffiliateStats(affiliate_id=NORDWIND)), NOTHING),
    "leads-history": (
        History(
            history=[
                change(23 * HOUR, "jonas", "approve", {"status": "pending"}, APPROVED_40),
                change(22 * HOUR, "jonas", "reset", APPROVED_40, {"status": "pending"}),
            ]
        ),
        NOTHING,
    ),
    "leads-history-words": (
        LeadHistory(
            history=[change(23 * HOUR, "jonas", "reject", {"status": "pending"}, {"status": "rejected"})],
            rejection_reason="Volume too low",
            admin_notes="Called twice.\nNobody there.",
        ),
        NOTHING,
    ),
    "leads-list-words": (
        Leads(
            leads=[
                LEADS[1].model_copy(update={"admin_notes": "Called twice"}),
                LEADS[3].model_copy(update={"rejection_reason": "Volume too low"}),
            ]
        ),
        Asked("lead"),
    ),
    "leads-decide": (decided_file(*DECIDED, refused(17, SOREN), refused(133, MAJA)), NOTHING),
    "leads-decide-nothing": (decided_file(), NOTHING),
    "leads-decide-again": (decided_file(*AGAIN, refused(17, SOREN)), NOTHING),
    "leads-decide-refused": (decided_file(*(refused(each, SOREN) for each in range(2, 23))), NOTHING),
    "leads-approve": (LeadDecided(lead=LEADS[1], changed=True), NOTHING),
    "leads-approve-again": (LeadDecided(lead=LEADS[1], changed=False), NOTHING),
    "leads-reset": (LeadDecided(lead=LEADS[0], changed=True), NOTHING),
    "leads-submit": (LeadSubmitted(lead_id=SOREN), NOTHING),
    "affiliates-list": (Affiliates(affiliates=[STATS, TINTA]), NOTHING),
    "affiliates-show": (
        AffiliateFlagged(
            affiliate_id=NORDWIND,
            stats=STATS,
            affiliate_links=[LINK],
            leads=[
                FlaggedLead(**{**dict(LEADS[0]), "flags": (Flag(flag="same_email", others=("x",), count=1),)}),
                *(FlaggedLead(**dict(each)) for each in LEADS[1:3]),
            ],
            compared=14,
            compared_all=True,
            link_uses=[
                LinkUse(link_id=LINK.link_id, leads=11, approved=8, commission=Decimal("387.18"), latest_at=NOW - DAY),
                LinkUse(link_id="gone", leads=3, approved=1, commission=Decimal("25.50"), latest_at=NOW - 90 * DAY),
            ],
            counted_leads=14,
            counted_all=True,
        ),
        NOTHING,
    ),
    "affiliates-stats": (Stats(stats=STATS), NOTHING),
    "affiliates-stats-below-zero": (Stats(stats=AffiliateStats.of(STATS.item() | {"pending_leads": -1})), NOTHING),
    "affiliates-get-link": (LinkFound(affiliate_link=LINK), NOTHING),
    "affiliates-get-link-none": (LinkFound(affiliate_link=None), NOTHING),
    "affiliates-create-link": (
        LinkCreated(affiliate_url=LINK.affiliate_url, link_id="WCPF0A04", affiliate_id=NORDWIND, created=True),
        NOTHING,
    ),
    "affiliates-set-email": (
        EmailSet(affiliate_id=NORDWIND, affiliate_email="new@nordwind.example", changed=True, link_ids=["A", "B"]),
        NOTHING,
    ),
    "affiliates-sync": (
        FormURLSet(affiliate_id=NORDWIND, before=None, form_url=LINK.affiliate_url, changed=True),
        NOTHING,
    ),
    "affiliates-recompute": (
        Recomputation(
            checked=3,
            changed=[
                Recomputed(
                    affiliate_id="7K2M9QX1",
                    changed=True,
                    before=TINTA.model_copy(update={"total_commission": Decimal("2900.50"), "approved_leads": 41}),
                    after=TINTA,
                )
            ],
        ),
        NOTHING,
    ),
    "affiliates-recompute-right": (Recomputation(checked=1, changed=[]), NOTHING),
    "tables-audit": (
        Audit(
            checked={"leads": 30},
            findings=[
                Finding(invariant="2", table="affiliate_stats", id="7K2M9QX1", problem="approved_leads is 41, not 40")
            ],
        ),
        NOTHING,
    ),
    "tables-audit-clean": (Audit(checked={"leads": 30}, findings=[]), NOTHING),
}
