"""Made-up conversations: who writes when, what is read, what is closed, with counters that are true."""

from collections.abc import Iterator
from itertools import accumulate

from commercive_cli.domain.models import Conversation, Message, SenderType
from commercive_cli.domain.text import preview
from commercive_cli.services.ledger import Change
from commercive_cli.services.seed.plan import DAY, Dice, Plan, zipf_shares
from commercive_cli.store.items import Item
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS, Table

ADMINS = ("admin-amira", "admin-jonas", "admin-lee")
_LONGEST = 60 * DAY
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


def traffic(plan: Plan) -> Iterator[tuple[Table, Item]]:
    """Yield the items of the plan's conversations, one conversation's at a time."""
    dice = Dice(plan, "traffic")
    for count in zipf_shares(plan.messages, plan.conversations, least=1):
        yield from _conversation(dice, plan, count)


def _conversation(dice: Dice, plan: Plan, count: int) -> Iterator[tuple[Table, Item]]:
    times = _times(dice, plan, count)
    senders = _senders(dice, count)
    closed = dice.chance(0.4)
    # Who answers has read what came before, so only the messages behind the other side's last one can be unread.
    waiting_from = len(senders) if closed else _tail(senders)
    conversation_id, user_id = dice.id_at(times[0]), dice.person()
    messages = [
        Message(
            message_id=dice.id_at(at),
            conversation_id=conversation_id,
            sender_type=sender,
            sender_id=user_id if sender == "user" else dice.random.choice(ADMINS),
            message_text=_text(dice, sender),
            created_at=at,
            is_read=position < waiting_from,
        )
        for position, (at, sender) in enumerate(zip(times, senders, strict=True))
    ]
    yield from ((MESSAGES, message.item()) for message in messages)
    yield from _summary(dice, messages, user_id, closed=closed)


def _times(dice: Dice, plan: Plan, count: int) -> list[int]:
    """Return strictly increasing times that end before the plan does."""
    pause = min(1_800_000, _LONGEST // count)
    gaps = [1 + round(dice.random.expovariate(1 / pause)) for _ in range(count - 1)]
    start = min(dice.working_time(), plan.until - DAY // 24 - sum(gaps))
    return list(accumulate(gaps, initial=start))


def _senders(dice: Dice, count: int) -> list[SenderType]:
    """Return who writes each message: the user first, then mostly in turns."""
    senders: list[SenderType] = ["user"]
    while len(senders) < count:
        other: SenderType = "admin" if senders[-1] == "user" else "user"
        senders.append(other if dice.chance(0.7) else senders[-1])
    return senders


def _tail(senders: list[SenderType]) -> int:
    """Return where the last run of messages from one side begins."""
    start = len(senders) - 1
    while start and senders[start - 1] == senders[-1]:
        start -= 1
    return start


def _text(dice: Dice, sender: SenderType) -> str:
    line = dice.random.choice(_QUESTIONS if sender == "user" else _ANSWERS)
    return line.format(n=dice.random.randrange(1_000, 10_000), d=dice.random.randrange(2, 15))


def _summary(dice: Dice, messages: list[Message], user_id: str, *, closed: bool) -> Iterator[tuple[Table, Item]]:
    """Yield the conversation as its messages leave it, and the audit row of its close."""
    first, last = messages[0], messages[-1]
    unread = [message for message in messages if not message.is_read]
    run = _tail([message.sender_type for message in messages])
    end = last.created_at + dice.random.randrange(60_000, 3_600_000) if closed else last.created_at
    admin = dice.random.choice(ADMINS)
    conversation = Conversation(
        conversation_id=first.conversation_id,
        user_id=user_id,
        store_url=f"shop-{user_id[:4]}.myshopify.com",
        status="closed" if closed else "open",
        created_at=first.created_at,
        updated_at=end,
        last_message=preview(last.message_text),
        unread_admin=sum(message.sender_type == "user" for message in unread),
        unread_user=sum(message.sender_type == "admin" for message in unread),
        last_message_at=last.created_at,
        last_message_id=last.message_id,
        waiting_since=messages[run].created_at if last.sender_type == "user" else None,
        closed_at=end if closed else None,
        closed_by=admin if closed else None,
    )
    yield CONVERSATIONS, conversation.item()
    if closed:
        row = Change("conversation", first.conversation_id, "close", admin, {"status": "open"}, {"status": "closed"})
        yield OPS, row.row(end, dice.id_at).item
