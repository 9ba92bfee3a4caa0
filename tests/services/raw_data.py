"""Counts and checks all data from raw scans, independently of the services and of the audit."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise

from commercive_cli.domain.ids import created_at_of
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, TABLES, Table

COUNTED = ("total_leads", "approved_leads", "pending_leads", "rejected_leads", "total_commission")


def rows(store: Store, table: Table) -> list[Item]:
    """Return every item of a table in the order of its key."""
    items: list[Item] = []
    start: Key | None = None
    while True:
        page = store.scan(table, start=start)
        items += page.items
        if page.next is None:
            return sorted(items, key=lambda item: [item[name] for name in table.key_names])
        start = page.next


def everything(store: Store) -> dict[str, list[Item]]:
    """Return every item of every table."""
    return {table.name: rows(store, table) for table in TABLES}


def errors_in(store: Store) -> list[str]:
    """Return a sentence for each error in the data; an empty list when every invariant holds."""
    trails = _trails(store)
    return [*_chat_errors(store, trails), *_lead_errors(store, trails)]


def _chat_errors(store: Store, trails: dict[str, list[Item]]) -> Iterable[str]:
    messages: dict[str, list[Item]] = defaultdict(list)
    for message in rows(store, MESSAGES):
        messages[message["conversation_id"]].append(message)
    for conversation in rows(store, CONVERSATIONS):
        name = conversation["conversation_id"]
        own = messages.pop(name, [])
        yield from (f"{name}: {words}" for words in _thread_errors(conversation, own))
        yield from _trail_errors(f"audit#conversation#{name}", trails, {"status": "open"}, _state(conversation))
    yield from (f"{name}: messages without a conversation" for name in messages)


def _thread_errors(conversation: Item, messages: list[Item]) -> Iterable[str]:
    native = created_at_of(conversation["conversation_id"]) is not None
    for counter, sender in (("unread_admin", "user"), ("unread_user", "admin")):
        unread, counted = sum(_is_unread(m, sender) for m in messages), conversation.get(counter, 0)
        if not (counted == unread if native else 0 <= counted <= unread):
            yield f"{counter} is {counted}, {unread} are unread"
    times = [message["created_at"] for message in messages]
    if native and any(later <= earlier for earlier, later in pairwise(times)):
        yield "times do not increase strictly in the order of message ids"
    if not messages or "last_message_id" not in conversation:
        return
    last = max(messages, key=lambda message: message["created_at"])
    if (conversation["last_message_id"], conversation["last_message_at"]) != (last["message_id"], last["created_at"]):
        yield "does not name its last message"
    if conversation["updated_at"] < last["created_at"]:
        yield "was updated before its last message"
    if conversation["status"] == "closed" and last["created_at"] > conversation["closed_at"]:
        yield "a message entered after it was closed"
    if ("waiting_since" in conversation) != _is_asked(conversation, messages):
        yield "waits for an answer exactly when the user wrote last"


def _is_unread(message: Item, sender: str) -> bool:
    return message["sender_type"] == sender and message["is_read"] is False


def _is_asked(conversation: Item, messages: list[Item]) -> bool:
    """Return whether nobody has answered the user; the machine's answers are none once a person was asked for."""
    sides = ("user", "admin") if conversation.get("human_requested") else ("user", "admin", "ai")
    told = [message for message in messages if message["sender_type"] in sides]
    last = max(told, key=lambda message: message["created_at"], default=None)
    return last is not None and last["sender_type"] == "user"


def _lead_errors(store: Store, trails: dict[str, list[Item]]) -> Iterable[str]:
    counted: dict[str, dict[str, int | Decimal]] = defaultdict(lambda: dict.fromkeys(COUNTED, 0))
    for lead in rows(store, LEADS):
        stats = counted[lead["affiliate_id"]]
        stats["total_leads"] += 1
        stats[f"{lead['status']}_leads"] += 1
        stats["total_commission"] += lead.get("commission_amount", 0) if lead["status"] == "approved" else 0
        if ("commission_amount" in lead) != (lead["status"] == "approved"):
            yield f"{lead['lead_id']}: {lead['status']} with commission {lead.get('commission_amount')}"
        yield from _trail_errors(f"audit#lead#{lead['lead_id']}", trails, {"status": "pending"}, _state(lead))
    for stored in rows(store, AFFILIATE_STATS):
        expected = counted.pop(stored["affiliate_id"], None) or dict.fromkeys(COUNTED, 0)
        found = {name: stored.get(name, 0) for name in COUNTED}
        if found != expected:
            yield f"{stored['affiliate_id']}: stats are {found}, counted {expected}"
    yield from (f"{affiliate}: leads without stats" for affiliate in counted)


def _trails(store: Store) -> dict[str, list[Item]]:
    trails: dict[str, list[Item]] = defaultdict(list)
    for row in rows(store, OPS):
        if row["pk"].startswith("audit#"):
            trails[row["pk"]].append(row)
    return trails


def _trail_errors(name: str, trails: dict[str, list[Item]], first: Item, last: Item) -> Iterable[str]:
    """Every change goes on from the one before it, from the first state to the present one; repairs may break in.

    What others made has no history before our first change of it, or before it was adopted: from whatever state there.
    """
    if name not in trails and created_at_of(name.rpartition("#")[2]) is None:
        return
    state = first
    for number, row in enumerate(trails.get(name, ())):
        if row["event"] == "adopt" and number == 0:
            yield from _adoption_errors(name, row["before"], row["after"])
        elif row["before"] != state and row["event"] != "audit":
            yield f"{name}: a row begins at {row['before']}, the one before ended at {state}"
        state = row["after"]
    if state != last:
        yield f"{name}: ends at {state}, the item is {last}"


def _adoption_errors(name: str, there: Item, here: Item) -> Iterable[str]:
    """A state there that can be one here is kept; an amount is only rounded."""
    states = ("open", "closed") if "#conversation#" in name else ("pending", "approved", "rejected")
    if here["status"] != there.get("status") and there.get("status") in states:
        yield f"{name}: was adopted as {here}, it was {there}"
    amount = there.get("commission_amount")
    if isinstance(amount, int | Decimal) and abs(here.get("commission_amount", amount) - amount) > Decimal("0.005"):
        yield f"{name}: was adopted as {here}, it was {there}"


def _state(item: Item) -> Item:
    return {name: item[name] for name in ("status", "commission_amount") if name in item}
