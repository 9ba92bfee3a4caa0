"""What each action and each daily command asks of a store and reads, whatever else lies in its tables.

A store holds a few things that are asked for, and a crowd of others which lies beside them in the same partitions: the
same thread, user, affiliate and states, but further down. Counted are requests, items and bytes of replies, exactly.
"""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from commercive_cli.domain.ids import uuid7
from commercive_cli.domain.models import AffiliateLink, AffiliateStats, Conversation, Lead, LinkClaim, Message
from commercive_cli.services.records.link_claims import code_claim_key
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from tests.benchmarks.recording import Exchange

HOUR = 3_600_000
NOW = time.time_ns() // 1_000_000 - HOUR
LONG_AGO = NOW - 1_000 * HOUR
CONVERSATIONS_ASKED, LEADS_ASKED, MESSAGES_ASKED, UNREAD = 210, 310, 25, 2
"""How many of each kind lie above the crowd: more than a page of each status has."""

ID = {
    "USER": "user-1",
    "AFFILIATE": "aff-1",
    "CODE": "ABCD2345",
    "CONVERSATION": uuid7(NOW, 0),
    "QUIET": uuid7(NOW + 2, 2),
    "OLDER": uuid7(NOW + 4, 4),
    "LAST": uuid7(NOW, 0),
    "SINCE": str(NOW),
    "LEAD": uuid7(NOW + 3, 3),
    "OTHER": uuid7(NOW + 6, 6),
}
"""What stands in a line for an id or a time."""

ACTION_LINES = {
    "chat/conversations": "user_id=USER limit:=20",
    "chat/messages": "conversation_id=CONVERSATION since:=SINCE",
    "chat/send": "user_id=USER message=hello conversation_id=CONVERSATION",
    "chat/reply": "admin_id=mira message=hello conversation_id=CONVERSATION",
    "chat/mark-read": "conversation_id=CONVERSATION reader_type=user",
    "chat/answer": "conversation_id=QUIET message=hello if_last=LAST",
    "chat/close": "conversation_id=QUIET admin_id=mira",
    "chat/reopen": "conversation_id=QUIET admin_id=mira",
    "chat/notes": "conversation_id=CONVERSATION",
    "admin/conversations": "status=all limit:=20",
    "admin/leads": "status=all limit:=20",
    "admin/approve-lead": "lead_id=OTHER admin_id=mira decision=approve commission_amount:=5",
    "affiliate/get-link": "affiliate_id=AFFILIATE",
    "affiliate/create-link": "affiliate_id=AFFILIATE affiliate_email=a@example.com store_url=new.example",
    "affiliate/submit-lead": "link_id=CODE lead_data.name=Ann lead_data.email=ann@example.com",
    "affiliate/stats": "affiliate_id=AFFILIATE",
    "health": "",
}
COMMANDS = (
    "chat list",
    "chat list --status open",
    "chat list --user USER",
    "chat list --sort waiting",
    "chat list --mine",
    "chat show CONVERSATION --tail 20",
    "chat history CONVERSATION",
    "chat claim CONVERSATION",
    "chat note CONVERSATION remark",
    "chat release CONVERSATION",
    "chat next",
    "chat snooze OLDER --until 3d",
    "chat reply CONVERSATION hello",
    "chat mark-read CONVERSATION",
    "chat close CONVERSATION",
    "chat reopen CONVERSATION",
    "chat send --user USER hello",
    "leads list",
    "leads list --status pending",
    "leads history LEAD",
    "leads reject LEAD",
    "leads reset LEAD",
    "affiliates list",
    "affiliates stats AFFILIATE",
    "affiliates get-link AFFILIATE",
    "affiliates resolve-link CODE",
    "tables list",
    "whoami",
)
BOUNDED = {"leads show LEAD": 2_010, "leads approve LEAD --commission 5": 2_010, "affiliates show AFFILIATE": 2_010}
"""What reads more up to so many items, since it looks at 500 of this and that."""

GROWING = (
    "affiliates top",
    "chat list --store-url shop.example",
    "chat list --search parcel",
)
"""What reads on until it has found enough, or all, each for a reason that ARCHITECTURE.md tells."""

ACTION_CALLS = {name: f"api call {name} {given}" for name, given in ACTION_LINES.items()}
LINES = {**ACTION_CALLS, **{line: line for line in (*COMMANDS, *BOUNDED, *GROWING)}}
"""The lines by what they are called in ARCHITECTURE.md."""


def words(line: str) -> list[str]:
    """Return the words of a line with what the names stand for."""
    pattern = re.compile(rf"\b({'|'.join(ID)})\b")
    return pattern.sub(lambda found: ID[found[0]], line).split()


@dataclass(frozen=True)
class Count:
    """What one line cost: the operations, and items and bytes of the replies."""

    requests: tuple[str, ...]
    items: int
    bytes: int

    def __str__(self) -> str:
        """Return the cells of a row in ARCHITECTURE.md."""
        return f"{len(self.requests)} | {self.items:,} | {self.bytes / 1000:,.1f}"


_OF_ITEMS = {"GetItem", "BatchGetItem", "Query", "Scan", "TransactWriteItems"}


def counted(exchanges: Iterable[Exchange]) -> Count:
    """Return what these exchanges cost; the reply that describes a table tells its size, which is no item."""
    seen = list(exchanges)
    replies = [each for each in seen if each.operation in _OF_ITEMS]
    operations = tuple(sorted(each.operation for each in seen))  # some go out at once
    return Count(operations, sum(each.items for each in replies), sum(len(each.reply) for each in replies))


def fill(store: Store, crowd: int) -> None:
    """Put what is asked for into a store, and a crowd of that size beside it."""
    made: dict[Table, list[Item]] = {}
    for table, item in (*_asked(), *_crowd(crowd)):
        made.setdefault(table, []).append(item)
    for table, items in made.items():
        store.batch_put(table, items)


def _asked() -> Iterator[tuple[Table, Item]]:
    for number in range(CONVERSATIONS_ASKED):
        yield CONVERSATIONS, _conversation(NOW, number, LONG_AGO, UNREAD if number == 0 else 0)
    for number in range(LEADS_ASKED):
        yield LEADS, _lead(NOW, number)
    for number in range(MESSAGES_ASKED):
        yield MESSAGES, _message(NOW, number, is_read=number < MESSAGES_ASKED - UNREAD)
    yield AFFILIATE_LINKS, _link(ID["AFFILIATE"], ID["CODE"], NOW)
    claim = LinkClaim(affiliate_id=ID["AFFILIATE"], link_id=ID["CODE"], created_at=NOW)
    yield OPS, {**code_claim_key(ID["CODE"]), **claim.item()}
    yield AFFILIATE_STATS, _stats(ID["AFFILIATE"])


def _crowd(size: int) -> Iterator[tuple[Table, Item]]:
    for number in range(size):
        yield CONVERSATIONS, _conversation(LONG_AGO, number, NOW, 0)
        yield LEADS, _lead(LONG_AGO, number)
        yield MESSAGES, _message(LONG_AGO, number, is_read=True)
        other = f"aff-crowd-{number:07}"
        yield AFFILIATE_STATS, _stats(other)
        yield AFFILIATE_LINKS, _link(other, f"{number:08}", LONG_AGO)
        row = {"at": LONG_AGO, "actor": "mira", "event": "close", "subject": other, "before": {}, "after": {}}
        yield OPS, {"pk": f"audit#conversation#{other}", "sk": uuid7(LONG_AGO, number), **row}


def _conversation(start: int, number: int, waiting: int, unread: int) -> Item:
    """Return a conversation: those of the crowd changed long ago, and have waited for a short time."""
    at, is_open = start + number, number % 2 == 0
    return Conversation(
        conversation_id=uuid7(at, number),
        user_id=ID["USER"],
        store_url="shop.example" if start == NOW and number < 5 else "other.example",
        status="open" if is_open else "closed",
        created_at=at,
        updated_at=at + MESSAGES_ASKED if start == NOW else at,
        last_message="Where is it?",
        last_message_at=at,
        last_message_id=ID["LAST"],
        unread_admin=unread,
        waiting_since=waiting + number if is_open else None,
        waiting_for="admin" if is_open else None,
    ).item()


def _link(affiliate: str, code: str, at: int) -> Item:
    return AffiliateLink(affiliate_id=affiliate, link_id=code, created_at=at).item()


def _message(start: int, number: int, *, is_read: bool) -> Item:
    return Message(
        message_id=uuid7(start + number, number),
        conversation_id=ID["CONVERSATION"],
        sender_type="user",
        sender_id=ID["USER"],
        message_text="Where is it?",
        created_at=start + number,
        is_read=is_read,
    ).item()


def _lead(start: int, number: int) -> Item:
    return Lead(
        lead_id=uuid7(start + number, number),
        affiliate_id=ID["AFFILIATE"],
        link_id=ID["CODE"],
        status=("pending", "approved", "rejected")[number % 3],
        lead_name="Ann",
        lead_email=f"ann{number % 10}@example.com",
        lead_phone="+15550100",
        created_at=start + number,
        updated_at=start + number,
    ).item()


def _stats(affiliate: str) -> Item:
    return AffiliateStats(affiliate_id=affiliate, total_leads=1_000, pending_leads=1_000, last_updated=NOW).item()
