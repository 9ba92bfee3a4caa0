"""Items that lack what they must have. Nothing can be computed from them, so other checks never see them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter

from commercive_cli.domain.answers import Finding
from commercive_cli.domain.models import SENDER_TYPES
from commercive_cli.services.audit.check import Bench
from commercive_cli.store.items import Item
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table

Types = type | tuple[type, ...]
_NEEDED: dict[str, Mapping[str, Types]] = {
    CONVERSATIONS.name: {"user_id": str, "status": str, "updated_at": int},
    MESSAGES.name: {"sender_type": str, "sender_id": str, "message_text": str, "created_at": int},
    LEADS.name: {"affiliate_id": str, "link_id": str, "status": str, "updated_at": int},
    AFFILIATE_LINKS.name: {},
    AFFILIATE_STATS.name: {},
}
_NEEDED_OF_OPS: dict[str, Mapping[str, Types]] = {
    "request": {"answer": dict, "created_at": int},
    "audit": {"after": dict, "before": dict, "at": int, "actor": str},
    "link": {"affiliate_id": str, "link_id": str},
    "primary": {"affiliate_id": str, "link_id": str},
}
_OPTIONAL: dict[str, Mapping[str, Types]] = {
    CONVERSATIONS.name: {
        **dict.fromkeys(("unread_admin", "unread_user", "last_message_at", "waiting_since", "closed_at"), int),
        **dict.fromkeys(("last_message_id", "last_message", "store_url", "closed_by"), str),
    },
    MESSAGES.name: {"is_read": bool},
    LEADS.name: {"reviewed_at": int, "reviewed_by": str, "admin_notes": str},
    AFFILIATE_LINKS.name: {"created_at": int, "store_url": str, "affiliate_url": str},
    AFFILIATE_STATS.name: {"version": int},
    OPS.name: {},
}


_MESSAGE = itemgetter("sender_type", "sender_id", "message_text", "created_at", "is_read")


@dataclass
class ShapeCheck:
    """Every item has the attributes that its table's rules need, each of the right type."""

    damaged: list[tuple[Table, str, str]] = field(default_factory=list)

    def sound(self, table: Table, items: list[Item]) -> list[Item]:
        """Return the items that can be checked any further; remember the others."""
        messages = table is MESSAGES
        return [item for item in items if (messages and _is_whole_message(item)) or self._is_sound(table, item)]

    def _is_sound(self, table: Table, item: Item) -> bool:
        problem = shape_problem(table, item)
        if problem:
            self.damaged.append((table, "/".join(str(item[name]) for name in table.key_names), problem))
        return problem is None

    def findings(self, bench: Bench) -> Iterator[Finding]:
        """Yield the damaged items; only a person can say what they should hold."""
        for table, identifier, problem in sorted(self.damaged, key=lambda each: each[1]):
            found = bench.finding("malformed", table, identifier, problem)
            yield found.model_copy(update={"fixed": False})


def shape_problem(table: Table, item: Item) -> str | None:
    """Return what an item lacks or holds in the wrong type, in words, or None."""
    for name, types in _needed(table, item).items():
        # The exact type goes first: whole tables come through here.
        if type(item.get(name)) is not types and not _is(item.get(name), types):
            return f"{name} is {_shown(item.get(name))}"
    for name, types in _OPTIONAL[table.name].items():
        if name in item and type(item[name]) is not types and not _is(item[name], types):
            return f"{name} is {_shown(item[name])}"
    if table is MESSAGES and item["sender_type"] not in SENDER_TYPES:
        return f"sender_type is {_shown(item['sender_type'])}"
    return None


def _is_whole_message(item: Item) -> bool:
    """Return True for most messages, quickly: there are many, and every one comes through here."""
    try:
        sender_type, sender_id, text, at, is_read = _MESSAGE(item)
    except KeyError:
        return False
    typed = type(sender_id) is str and type(text) is str and type(at) is int and type(is_read) is bool
    return typed and sender_type in SENDER_TYPES


def _needed(table: Table, item: Item) -> Mapping[str, Types]:
    if table is OPS:
        return _NEEDED_OF_OPS.get(item["pk"].partition("#")[0], {})
    return _NEEDED[table.name]


def _is(value: object, types: Types) -> bool:
    return isinstance(value, types) and (types is bool or not isinstance(value, bool))


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]
