"""The backend before this one, with made-up data in its shape, as a source to adopt and as DynamoDB's export."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import Random

from commercive_cli.services.adopt.mapping import LEGACY
from commercive_cli.store.items import Item, OtherValue
from commercive_cli.store.legacy_source import LegacyTable
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, Attribute, Table
from tests.services.audit.legacy import GONE, LegacyData
from tests.services.fakes import START
from tests.services.transfer.test_dynamodb_export import dynamodb_export

PREFIX = "commercive_"
_NAMES = {each.table: each.name for each in LEGACY}
_KEYS = {each.name: each.key for each in LEGACY}
_FUTURE = START + 10**11
MORE_MESS: dict[Table, list[Item]] = {
    CONVERSATIONS: [
        {"created_at": START * 1000},
        {"created_at": "Thu, 20 Nov 2025 10:00:00 GMT"},
        {"created_at": _FUTURE, "updated_at": _FUTURE},
        {"created_at": GONE, "updated_at": GONE},
        {"unread_admin": Decimal("1.0"), "unread_user": "many"},
        {"unread_admin": "1", "human_requested": 1},
        {"human_requested": "perhaps"},
        {"status": None},
        {"status": "Resolved"},
        {"user_id": None},
        {"user_id": 7},
        {"user_id": OtherValue("B", (b"\xff",)), "extra": OtherValue("SS", ("a", "b"))},
        {"store_url": "javascript:alert(1)"},
        {"last_message": None},
        {"last_message": {"text": "hi"}},
        {"waiting_since": "yesterday", "last_message_id": "MSG-OTHER", "closed_at": 3},
    ],
    MESSAGES: [
        {"created_at": str(START)},
        {"created_at": "2025-11-20"},
        {"created_at": Decimal("1750000000.25")},
        {"created_at": _FUTURE},
        {"created_at": "no time"},
        {"is_read": None},
        {"sender_type": "ADMIN"},
        {"sender_type": None},
        {"sender_type": None, "sender_id": None},
        {"message_text": None},
        {"message_text": ["a", 1]},
        {"message_text": {"list": [OtherValue("B", (b"\xff",)), OtherValue("NS", ("1", "2"))]}},
        {"sender_type": "bot"},
        {"conversation_id": None},
        {"conversation_id": 12},
    ],
    LEADS: [
        {"commission_amount": Decimal("0.005"), "status": "approved"},
        {"commission_amount": Decimal("-1"), "status": "approved"},
        {"commission_amount": None, "status": "approved"},
        {"commission_amount": "12,50", "status": "pending"},
        {"status": "maybe"},
        {"status": None, "commission_amount": 9},
        {"affiliate_id": None, "link_id": None},
        {"affiliate_id": "AFF-OTHERONE"},
        {"link_id": "UNKNOWN1"},
        {"link_id": ""},
        {"created_at": None},
        {"created_at": None, "updated_at": None},
        {"created_at": _FUTURE},
        {"product_link": "data:text/html,x"},
        {"lead_name": 5, "admin_notes": None, "order_volume": {"n": [1]}},
    ],
    AFFILIATE_LINKS: [
        {"affiliate_id": GONE},
        {"affiliate_id": 5},
        {"affiliate_email": OtherValue("BS", (b"a", b"b"))},
        {"form_url": "javascript:x"},
        {"form_url": None, "store_url": None},
        {"created_at": "2025-11-20T10:00:00+01:00"},
        {"affiliate_email": 1},
    ],
}


@dataclass
class OldBackend:
    """Tables of the former backend that a test may change; a source to adopt, as if they were live."""

    tables_by_name: dict[str, list[Item]]
    place: str = "eu-west-1 prefix commercive_"
    prefix: str = PREFIX
    live: bool = True
    others: Sequence[str] = ("affiliate_orders", "user_preferences")
    keys: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    def tables(self) -> list[LegacyTable]:
        """Return its tables."""
        names = [*self.tables_by_name, *self.others]
        return [self._table(name) for name in sorted(names)]

    def _table(self, name: str) -> LegacyTable:
        key = self.keys.get(name, ((_KEYS.get(name, "id"), "S"),))
        return LegacyTable(self.prefix + name, key, len(self.tables_by_name.get(name, ())))

    def pages(self, table: LegacyTable) -> Iterator[list[Item]]:
        """Yield its items, some pages of them empty."""
        items = self.tables_by_name[table.name.removeprefix(self.prefix)]
        for start in range(0, len(items), 7):
            yield []
            yield items[start : start + 7]

    def close(self) -> None:
        """Do nothing."""

    def one(self, name: str, **wanted: object) -> Item:
        """Return the one item of a table with these attributes."""
        [item] = (i for i in self.tables_by_name[name] if all(i.get(n) == value for n, value in wanted.items()))
        return item

    def export(self, root: Path) -> Path:
        """Write all tables as DynamoDB exports them; return the directory."""
        for name, items in self.tables_by_name.items():
            dynamodb_export(root / name, Table(name, Attribute("", "S")), items)
        for name in self.others:
            dynamodb_export(root / name, Table(name, Attribute("", "S")), [{"id": "1"}])
        return root


def old_backend(seed: int = 1, *, messy: bool = False, conversations: int = 12, leads: int = 24) -> OldBackend:
    """Return made-up tables, the same for the same seed; `messy` ones have many kinds of mess beside each other."""
    data = LegacyData(seed, conversations, leads)
    random = Random(seed)
    if messy:
        data.messy()
        for place, (table, item) in enumerate(data.items):
            if random.random() < 0.3:
                data.items[place] = (table, item | random.choice(MORE_MESS[table]))
    tables: dict[str, list[Item]] = {each.name: [] for each in LEGACY}
    for table, item in data.items:
        name = _NAMES[table]
        kept = {attribute: value for attribute, value in item.items() if value is not GONE}
        if any(_KEYS[name] == attribute and value is not None for attribute, value in kept.items()):
            tables[name].append(kept)
    for items in tables.values():
        random.shuffle(items)
    return OldBackend(tables)


def copied(old: OldBackend) -> OldBackend:
    """Return a copy that can be changed."""
    return replace(old, tables_by_name={name: [dict(i) for i in items] for name, items in old.tables_by_name.items()})
