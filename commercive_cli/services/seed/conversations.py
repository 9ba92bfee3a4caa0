"""Generates conversations with messages, reads and closes, and counters that match them."""

from collections.abc import Iterator
from itertools import accumulate

from commercive_cli.domain.models import WAITING_FOR, Conversation, Message, SenderType
from commercive_cli.domain.text import preview
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.services.seed.plan import DAY, Plan, SeededRandom, zipf_shares
from commercive_cli.store.items import Item
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS, Table

ADMINS = ("admin-amira", "admin-jonas", "admin-lee")
_QUESTIONS = (
    "Hello, I need help with order #{n}",
    "Where is my parcel? Tracking has not moved for {d} days",
    "My inventory shows {n} units but the shop says {d}",
    "Can you change the shipping address of order #{n}?",
    "The dashboard does not load my store",
    "How long does customs take at the moment?",
    "I was charged twice for order #{n}",
    "Thank you! One more thing: can I add {d} units?",
    "Any news on this?",
)
_ANSWERS = (
    "Hi! How can I help you?",
    "I have asked the warehouse about order #{n}, you will hear from me today",
    "The parcel left our hub {d} days ago and is with the carrier now",
    "Done. Please check the dashboard in a few minutes",
    "Could you send me a screenshot, please?",
    "The refund for order #{n} is on its way, it takes up to {d} working days",
    "You are welcome!",
)


def conversation_items(plan: Plan) -> Iterator[tuple[Table, Item]]:
    """Yield the items of the plan's conversations, one conversation's at a time."""
    seeded = SeededRandom(plan, "traffic")
    for count in zipf_shares(plan.messages, plan.conversations, least=1):
        yield from _conversation(seeded, plan, count)


def _conversation(seeded: SeededRandom, plan: Plan, count: int) -> Iterator[tuple[Table, Item]]:
    """Yield a conversation's messages one at a time, to save memory, and then the conversation with its counters."""
    times, senders, closed = _times(seeded, plan, count), _senders(seeded, count), seeded.chance(0.4)
    tail = _tail(senders)
    # Who answers has read everything before, so only the last messages from one side can be unread.
    unread_from = count if closed else tail
    conversation_id, user_id = seeded.id_at(times[0]), seeded.person()
    last: Item = {}
    for position, (at, sender) in enumerate(zip(times, senders, strict=True)):
        last = {
            "message_id": seeded.id_at(at),
            "conversation_id": conversation_id,
            "sender_type": sender,
            "sender_id": user_id if sender == "user" else seeded.random.choice(ADMINS),
            "message_text": _text(seeded, sender),
            "created_at": at,
            "is_read": position < unread_from,
        }
        yield MESSAGES, last
    yield from _summary(seeded, Message.of(last), user_id, times, tail, closed=closed)


def _times(seeded: SeededRandom, plan: Plan, count: int) -> list[int]:
    """Return strictly increasing times that end before the plan does."""
    pause = min(1_800_000, plan.days * DAY * 2 // 3 // count)
    gaps = [1 + round(seeded.random.expovariate(1 / pause)) for _ in range(count - 1)]
    start = min(seeded.working_time(), plan.until - DAY // 24 - sum(gaps))
    return list(accumulate(gaps, initial=start))


def _senders(seeded: SeededRandom, count: int) -> list[SenderType]:
    """Return the sender of each message: the user first, then mostly in turns."""
    senders: list[SenderType] = ["user"]
    while len(senders) < count:
        other: SenderType = "admin" if senders[-1] == "user" else "user"
        senders.append(other if seeded.chance(0.7) else senders[-1])
    return senders


def _tail(senders: list[SenderType]) -> int:
    """Return the position at which the last run of messages from one side begins."""
    start = len(senders) - 1
    while start and senders[start - 1] == senders[-1]:
        start -= 1
    return start


def _text(seeded: SeededRandom, sender: SenderType) -> str:
    line = seeded.random.choice(_QUESTIONS if sender == "user" else _ANSWERS)
    return line.format(n=seeded.random.randrange(1_000, 10_000), d=seeded.random.randrange(2, 15))


def _summary(
    seeded: SeededRandom, last: Message, user_id: str, times: list[int], tail: int, *, closed: bool
) -> Iterator[tuple[Table, Item]]:
    """Yield the conversation after its messages, and the audit row of its close; the last run begins at `tail`."""
    end = last.created_at + seeded.random.randrange(60_000, 3_600_000) if closed else last.created_at
    admin, unread = seeded.random.choice(ADMINS), 0 if closed else len(times) - tail
    from_user = last.sender_type == "user"
    conversation = Conversation(
        conversation_id=last.conversation_id,
        user_id=user_id,
        store_url=f"shop-{user_id[:4]}.myshopify.com",
        status="closed" if closed else "open",
        created_at=times[0],
        updated_at=end,
        last_message=preview(last.message_text),
        unread_admin=unread if from_user else 0,
        unread_user=0 if from_user else unread,
        last_message_at=last.created_at,
        last_message_id=last.message_id,
        waiting_since=times[tail] if from_user else None,
        waiting_for=WAITING_FOR if from_user and not closed else None,
        closed_at=end if closed else None,
        closed_by=admin if closed else None,
    )
    yield CONVERSATIONS, conversation.item()
    if closed:
        before, after = {"status": "open"}, {"status": "closed"}
        entry = AuditEntry("conversation", last.conversation_id, "close", admin, before, after)
        yield OPS, entry.row(end, seeded.id_at).item
