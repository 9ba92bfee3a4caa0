"""Made-up data of the backend that this one replaces, in its shape, clean or with the mess that years of it leave."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, Table
from tests.services.fakes import START

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_MINUTE = 60_000
_TEXTS = ("where is my parcel", "a price for 20 pieces?", "first line\nsecond line", "Ünïcødé 你好")
_AMOUNTS = (Decimal(0), Decimal(1), Decimal(100), Decimal("19.99"), Decimal("25.5"))


@dataclass
class LegacyData:
    """Conversations with their messages, links and leads. Some ids are short, some UUIDv4; times are milliseconds."""

    seed: int
    conversations: int = 20
    leads: int = 40
    items: list[tuple[Table, Item]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        for _ in range(self.conversations):
            self._conversation()
        affiliates = [self._id("AFF-") for _ in range(5)]
        codes = [(affiliate, self._id("")) for affiliate in affiliates[:4]]
        self.items += [(AFFILIATE_LINKS, self._link(*each)) for each in codes]
        self.items.append((AFFILIATE_LINKS, {"link_id": affiliates[4], "lead_count": 2}))
        for _ in range(self.leads):
            affiliate, code = self.random.choice([*codes, *((each, each) for each in affiliates)])
            self.items.append((LEADS, self._lead(affiliate, code)))

    def _id(self, prefix: str) -> str:
        if prefix and self.random.random() < 0.3:
            return str(UUID(int=self.random.getrandbits(128), version=4))
        return prefix + "".join(self.random.choices(_LETTERS, k=8))

    def _conversation(self) -> None:
        name, user, at = self._id("CONV-"), self._id("user-"), START - self.random.randrange(10**9, 10**10)
        asked = self.random.random() < 0.4
        messages = list(self._messages(name, user, at, asked=asked))
        unread = {sender: sum(each["sender_type"] == sender for each in messages) for sender in ("user", "admin")}
        last = messages[-1]
        conversation = {
            "conversation_id": name,
            "user_id": user,
            "store_url": "shop-11.myshopify.com",
            "status": self.random.choice(["open", "open", "closed"]),
            "created_at": at,
            "updated_at": last["created_at"] + self.random.choice([0, 0, _MINUTE]),
            "last_message": last["message_text"][:100],
            # The counters are cleared by reading; the messages stay unread for ever.
            "unread_admin": self.random.choice([0, 0, min(1, unread["user"])]) if asked else 0,
            "unread_user": self.random.choice([0, min(1, unread["admin"])]),
        }
        self.items.append((CONVERSATIONS, conversation | ({"human_requested": True} if asked else {})))
        self.items += [(MESSAGES, message) for message in messages]

    def _messages(self, conversation: str, user: str, at: int, *, asked: bool) -> Iterator[Item]:
        for _ in range(self.random.randrange(1, 6)):
            at += self.random.randrange(_MINUTE)
            yield self._message(conversation, "user", user, self.random.choice(_TEXTS), at)
            answer = self.random.choice(["admin", None]) if asked else self.random.choice(["ai", "ai", None])
            if answer:
                at += self.random.randrange(1, _MINUTE)
                yield self._message(conversation, answer, f"{answer}-1", "On it", at)

    def _message(self, conversation: str, sender: str, sender_id: str, text: str, at: int) -> Item:
        return {
            "message_id": self._id("MSG-"),
            "conversation_id": conversation,
            "sender_type": sender,
            "sender_id": sender_id,
            "message_text": text,
            "created_at": at,
            "is_read": False,
        }

    def _link(self, affiliate: str, code: str) -> Item:
        return {
            "link_id": code,
            "affiliate_id": affiliate,
            "affiliate_email": "partner@shop.example",
            "form_url": f"https://dashboard.commercive.co/affiliate-form?ref={code}",
            "store_url": "shop-02.myshopify.com",
            "created_at": START - 10**9,
            "status": "active",
            "clicks": 4,
            "lead_count": 0,
        }

    def _lead(self, affiliate: str, code: str) -> Item:
        status, at = self.random.choice(["pending", "approved", "rejected"]), START - self.random.randrange(10**9)
        decided: dict[str, Item] = {
            "pending": {},
            "approved": {"commission_amount": self.random.choice(_AMOUNTS), "admin_notes": ""},
            "rejected": {"rejection_reason": "Volume too low", "admin_notes": "seen"},
        }
        lead = {
            "lead_id": self._id("LEAD-"),
            "affiliate_id": affiliate,
            "link_id": code,
            "status": status,
            "lead_name": "Prospect",
            "lead_email": "p@shop.example",
            "lead_phone": "+44 20 7946 0000",
            "product_link": "example.com/item/1",
            "order_volume": "5-20",
            "pending_orders": "none",
            "business_name": "Prospect Ltd",
            "created_at": at,
            "updated_at": at + _MINUTE,
        }
        return lead | decided[status]

    def messy(self) -> "LegacyData":
        """Spoil a quarter of the items, each in one way, and add rows that an update of nothing made."""
        for place, (table, item) in enumerate(self.items):
            if self.random.random() < 0.25:
                self.items[place] = (table, item | self.random.choice(_MESS[table]))
        self.items.append((CONVERSATIONS, {"conversation_id": "CONV-NOTHING", "status": "closed", "updated_at": START}))
        self.items.append((LEADS, {"lead_id": "LEAD-NOTHING", "status": "approved", "updated_at": START}))
        lonely = self._message("CONV-LOST", "user", "user-7", "hello?", START - 9)
        self.items += [(MESSAGES, lonely), (MESSAGES, lonely | {"message_id": "MSG-TWIN"})]
        return self

    def store_in(self, store: Store) -> None:
        """Store what an engine takes into the tables of ours, as it is."""
        for table, item in self.items:
            with suppress(Invalid):  # a key of ours is missing or of another kind
                store.batch_put(table, [{name: value for name, value in item.items() if value is not GONE}])


GONE: Any = object()
"""Stands where an item lacks an attribute."""

_MESS: dict[Table, list[Item]] = {
    CONVERSATIONS: [
        {"status": "OPEN"},
        {"status": " Closed"},
        {"status": "waiting"},
        {"unread_admin": "2"},
        {"unread_admin": -1},
        {"unread_admin": 99, "unread_user": 99},
        {"unread_user": None},
        {"updated_at": GONE},
        {"updated_at": START // 1000},
        {"store_url": 5},
        {"last_message": GONE, "user_id": GONE},
        {"human_requested": "true"},
    ],
    MESSAGES: [
        {"created_at": START - 10**9},
        {"created_at": GONE},
        {"created_at": START // 1000},
        {"is_read": "false"},
        {"sender_type": "bot"},
        {"sender_id": GONE},
        {"message_text": 20},
    ],
    LEADS: [
        {"status": "APPROVED", "commission_amount": "25.50"},
        {"status": "Rejected ", "commission_amount": Decimal(5)},
        {"commission_amount": Decimal("12.345")},
        {"commission_amount": "a lot"},
        {"status": "rejected", "commission_amount": Decimal(7)},
        {"lead_phone": None, "pending_orders": 5},
        {"link_id": GONE},
        {"affiliate_id": GONE},
        {"created_at": "2025-11-20T12:00:00Z"},
        {"updated_at": START // 1000},
        {"reviewed_at": "2025-11-20T12:00:00Z"},
    ],
    AFFILIATE_LINKS: [{"created_at": GONE}, {"clicks": "4"}],
}
