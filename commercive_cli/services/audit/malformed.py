"""Items that lack what they must have. Nothing can be computed from them, so other checks never see them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.clock import FAR_FUTURE
from commercive_cli.domain.ids import created_at_of
from commercive_cli.domain.models import SENDER_TYPES
from commercive_cli.services.audit.check import Repairs
from commercive_cli.store.items import Item
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table

_Types = Mapping[str, type]


class _Shape(NamedTuple):
    """The types of the attributes that an item must have, and of others that it may have."""

    needed: _Types
    optional: _Types = MappingProxyType({})


_SHAPES = {
    CONVERSATIONS.name: _Shape(
        {"user_id": str, "status": str, "updated_at": int},
        {
            **dict.fromkeys(("unread_admin", "unread_user", "last_message_at", "waiting_since", "closed_at"), int),
            **dict.fromkeys(("last_message_id", "last_message", "store_url", "closed_by"), str),
        },
    ),
    MESSAGES.name: _Shape(
        {"sender_type": str, "sender_id": str, "message_text": str, "created_at": int}, {"is_read": bool}
    ),
    # A commission of the wrong type is a matter of the state of the lead, which can be repaired.
    LEADS.name: _Shape(
        {"affiliate_id": str, "link_id": str, "status": str, "updated_at": int},
        {
            "reviewed_at": int,
            **dict.fromkeys(("lead_name", "lead_email", "lead_phone", "product_link", "order_volume"), str),
            **dict.fromkeys(("pending_orders", "reviewed_by", "admin_notes"), str),
        },
    ),
    AFFILIATE_LINKS.name: _Shape(
        {"created_at": int, "updated_at": int},
        dict.fromkeys(("affiliate_email", "affiliate_url", "store_url"), str),
    ),
    # Whatever is wrong with the numbers of stats, the leads say what they should be.
    AFFILIATE_STATS.name: _Shape({}),
}
_SHAPES_OF_OPS = {
    "request": _Shape({"answer": dict, "created_at": int, "fingerprint": str, "expires_at": int}),
    "audit": _Shape({"after": dict, "before": dict, "at": int, "actor": str, "event": str, "subject": str}),
    "link": _Shape({"affiliate_id": str, "link_id": str}),
    "primary": _Shape({"affiliate_id": str, "link_id": str}),
}
_ANY = _Shape({})
_STATE_TYPES = (str, int, Decimal)
_TIMES = {CONVERSATIONS.name: "updated_at", MESSAGES.name: "created_at", LEADS.name: "updated_at", OPS.name: "at"}
_MESSAGE = itemgetter("sender_type", "sender_id", "message_text", "created_at", "is_read")


@dataclass
class MalformedCheck:
    """Every item has the attributes that its table's rules need, each of the right type."""

    damaged: list[tuple[Table, str, str]] = field(default_factory=list)

    def sound(self, table: Table, items: list[Item]) -> list[Item]:
        """Return the items that can be checked any further; remember the others."""
        messages = table is MESSAGES
        return [item for item in items if (messages and _is_whole_message(item)) or self._is_sound(table, item)]

    def _is_sound(self, table: Table, item: Item) -> bool:
        problem = type_problem(table, item)
        if problem:
            self.damaged.append((table, "/".join(str(item[name]) for name in table.key_names), problem))
        return problem is None

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield the damaged items; only a person can say what they should hold."""
        for table, identifier, problem in sorted(self.damaged, key=lambda each: each[1]):
            found = repairs.finding("malformed", table, identifier, problem)
            yield found.model_copy(update={"fixed": False})


def type_problem(table: Table, item: Item) -> str | None:
    """Return what an item lacks or holds in the wrong type, in words, or None."""
    needed, optional = _SHAPES_OF_OPS.get(item["pk"].partition("#")[0], _ANY) if table is OPS else _SHAPES[table.name]
    # Stores hand out the plain types and nothing derived from them; so a flag is no number here.
    for name, kind in needed.items():
        if type(item.get(name)) is not kind:
            return f"{name} is {shown(item.get(name))}"
    for name, kind in optional.items():
        if name in item and type(item[name]) is not kind:
            return f"{name} is {shown(item[name])}"
    time = _TIMES.get(table.name)
    if time and item.get(time, 0) >= FAR_FUTURE:
        return f"{time} is {item[time]}"
    if table is MESSAGES and item["sender_type"] not in SENDER_TYPES:
        return f"sender_type is {shown(item['sender_type'])}"
    return _row_problem(item) if table is OPS and item["pk"].startswith("audit#") else None


def _row_problem(row: Item) -> str | None:
    """Return what is wrong with the place of an audit row in its trail or with the states it tells, or None."""
    at = created_at_of(row["sk"])
    if at is None or at >= FAR_FUTURE:
        return f"sk is {shown(row['sk'])}, which tells no time"
    for name in ("before", "after"):
        for value in row[name].values():
            if type(value) not in _STATE_TYPES:
                return f"{name} is {shown(row[name])}"
    return None


def _is_whole_message(item: Item) -> bool:
    """Return True for most messages, quickly: there are many, and every one comes through here."""
    try:
        sender_type, sender_id, text, at, is_read = _MESSAGE(item)
    except KeyError:
        return False
    typed = type(sender_id) is str and type(text) is str and type(at) is int and type(is_read) is bool
    return typed and at < FAR_FUTURE and sender_type in SENDER_TYPES


def shown(value: object) -> str:
    """Return a value in few characters, whatever it is."""
    return "missing" if value is None else (str if isinstance(value, Decimal) else repr)(value)[:60]
