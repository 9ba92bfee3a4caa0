"""Items of the former backend in our shape: pure functions, which note what was wrong and what they made of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from commercive_cli.domain.attributes import Attribute, Kind
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import AI_SENDER, LEAD_STATUSES, WAITING_FOR
from commercive_cli.domain.text import preview
from commercive_cli.domain.web_addresses import link_danger
from commercive_cli.services.adopt import mapping as m
from commercive_cli.services.adopt.problems import Note
from commercive_cli.services.adopt.values import as_cents, as_count, as_flag, as_number, as_text, as_time
from commercive_cli.services.chat.messages import is_native
from commercive_cli.services.chat.waiting import ANSWERING, ASKING, AUTOMATIC, ends_waiting
from commercive_cli.store.items import Item
from commercive_cli.store.limits import ITEM_BYTES, check_item, item_bytes
from commercive_cli.store.schema import Table

SENDERS = (ANSWERING, ASKING, AUTOMATIC)
"""In the order in which messages of the same millisecond stand: the machine answers what was asked in that moment."""

LONGEST_KEY = 1_000
"""Bytes of an id: less than a key may have, since it stands in keys of `ops` behind other words."""

_LONG = ITEM_BYTES // 4
"""Characters of a text that can be too long: each has four bytes at most."""

_ROOM = 1_024
"""Bytes that what is derived adds to an item at most."""

_READERS: dict[Kind, tuple[str, Callable[[object], Any]]] = {Kind.TIME: ("time", as_time), Kind.FLAG: ("flag", as_flag)}
"""How attributes of these kinds are read, and what is noted then; all others are text."""

_CLOSED_WORDS = frozenset(("archived", "closed", "done", "ended", "resolved"))


class Unfit(Exception):
    """An item that cannot be brought, and in words why not."""


@dataclass(frozen=True)
class Times:
    """What is known of time: `latest` is the last time in the source that is not behind `now` (both ms)."""

    now: int
    latest: int

    def of(self, item: Item, name: str, note: Note) -> int | None:
        """Return the time in an attribute; None when there is none or it tells none."""
        value = item.get(name)
        at = as_time(value)
        if at is None:
            if value is not None:
                note("no-time", f"{name} is {_shown(value)}")
            return None
        if at > self.now:
            note("future", f"{name} is {_shown(value)}")
            return self.latest
        if type(value) is not int or at != value:
            note("time", f"{name} is {_shown(value)}")
        return at


def sender_of(message: Item) -> str:
    """Return who wrote a message, "" when that is not told."""
    return str(message.get("sender_type") or "").strip().casefold()


def key_of(legacy: m.Legacy, item: Item, text: str) -> str:
    """Return an item's key as text; raise Unfit when it has none, or could not be stored. `text` is the item's."""
    key = as_text(item.get(legacy.key) if item.get(legacy.key) is not None else "")
    if not key:
        raise Unfit(f"it has no key: give it a {legacy.key}")
    if len(key.encode()) > LONGEST_KEY:
        raise Unfit(f"its {legacy.key} has {len(key.encode()):,} bytes; the limit is {LONGEST_KEY:,}")
    # The text of an item is longer than the item, and few come near the limit.
    if len(text) > _LONG and item_bytes(item) > ITEM_BYTES - _ROOM:
        raise Unfit(f"it has {item_bytes(item):,} bytes; the limit is {ITEM_BYTES - _ROOM:,}")
    return key


@dataclass
class Thread:
    """A conversation and its messages, which must come in order of time; memory holds one of them.

    `askers` and `answerers` are how many messages of users and admins there are. `owner` wrote the first message of a
    user. `first_at` is the time of the first message. Raises Unfit when the conversation cannot be brought.
    """

    legacy: Item
    askers: int
    answerers: int
    owner: str | None
    first_at: int | None
    times: Times
    note: Note
    item: Item = field(init=False)
    messages: int = 0
    _asked: int = 0
    _answered: int = 0
    _last_at: int = 0
    _last: Item | None = None
    _since: int | None = None

    def __post_init__(self) -> None:
        """Read the conversation itself."""
        note = self.note
        item = _renamed(m.OLD_CONVERSATIONS, self.legacy, note)
        if is_native(item["conversation_id"]):
            raise Unfit("its id is of the kind that this program makes, and tells a time: give it another one")
        item["user_id"] = item.get("user_id") or self._owner()
        item["status"] = _status(self.legacy, note, {m.OPEN: m.OPEN, **dict.fromkeys(_CLOSED_WORDS, m.CLOSED)}, m.OPEN)
        item["created_at"], item["updated_at"] = self._times()
        item["unread_admin"] = self._counter("unread_admin", self.askers)
        item["unread_user"] = self._counter("unread_user", self.answerers)
        self.item = item

    def _owner(self) -> str:
        if self.owner is None:
            raise Unfit("it belongs to no user: give it a user_id")
        self.note("owner", f"user_id is {self.owner}")
        return self.owner

    def _times(self) -> tuple[int, int | None]:
        """Return when it began, which is never behind its first message, and its last change, None where not told."""
        created, updated = (self.times.of(self.legacy, name, self.note) for name in ("created_at", "updated_at"))
        if updated is None:
            self.note("missing-time", "updated_at is that of what came last")
        if created is None:
            first = self.first_at if self.first_at is not None else updated
            if first is None:
                raise Unfit("it has no time, which is a part of its key here: give it a created_at")
            self.note("missing-time", f"created_at is {first}")
            return first, updated
        if self.first_at is None or self.first_at >= created:
            return created, updated
        self.note("created-late", f"created_at is {created}, its first message is of {self.first_at}")
        return self.first_at, updated

    def _counter(self, name: str, most: int) -> int:
        value = self.legacy.get(name)
        count = as_count(value)
        kept = min(max(count or 0, 0), most)
        if type(value) is not int or kept != value:
            self.note("counter", f"{name} is {_shown(value)}, {kept} of {most} messages are unread")
        return kept

    def add(self, legacy: Item, sender: str) -> Item:
        """Return the next message in our shape, by the `sender` that it was counted for."""
        note = self.note
        item = _renamed(m.OLD_MESSAGES, legacy, note)
        at = self.times.of(legacy, "created_at", note)
        if at is None:
            at = max(self.item["created_at"], self._last_at)
            note("missing-time", f"created_at of {item['message_id']} is {at}")
        if at <= self._last_at:
            at = self._last_at + 1
            note("tie", f"created_at of {item['message_id']} is {at}")
        item["created_at"] = at
        if sender != legacy.get("sender_type"):
            note("sender", f"sender_type of {item['message_id']} is {_shown(legacy.get('sender_type'))}")
        if sender not in SENDERS:
            note("unknown-sender", f"sender_type of {item['message_id']} is {_shown(sender)}")
        item["sender_type"] = sender
        item.setdefault("sender_id", {ASKING: self.item["user_id"], AUTOMATIC: AI_SENDER}.get(sender, "unknown"))
        if "message_text" not in item:
            note("missing-text", f"message_text of {item['message_id']}")
            item["message_text"] = ""
        item["is_read"] = self._is_read(sender)
        if type(legacy.get("is_read")) is not bool:
            note("is-read", f"is_read of {item['message_id']} is {_shown(legacy.get('is_read'))}")
        self._follow(item)
        return item

    def _is_read(self, sender: str) -> bool:
        """Return whether it was read: all but the newest are, as many of each side as its counter says."""
        if sender == ASKING:
            self._asked += 1
            return self._asked <= self.askers - int(self.item["unread_admin"])
        if sender == ANSWERING:
            self._answered += 1
            return self._answered <= self.answerers - int(self.item["unread_user"])
        return True

    def _follow(self, item: Item) -> None:
        self.messages += 1
        self._last_at, self._last = item["created_at"], item
        if ends_waiting(item["sender_type"], human_requested=self.item.get("human_requested")):
            self._since = None
        elif item["sender_type"] == ASKING and self._since is None:
            self._since = item["created_at"]

    def end(self) -> Item:
        """Return the conversation in our shape, once all its messages have come."""
        item, last = self.item, self._last
        if item["updated_at"] is None:
            item["updated_at"] = max(item["created_at"], self._last_at)
        elif item["updated_at"] < self._last_at:
            self.note("updated-early", f"updated_at is {item['updated_at']}, its last message is of {self._last_at}")
            item["updated_at"] = self._last_at
        for name in ("last_message_at", "last_message_id", "waiting_since", "waiting_for", "closed_at"):
            item.pop(name, None)
        if last is not None:
            item |= {"last_message_at": last["created_at"], "last_message_id": last["message_id"]}
        if type(item.get("last_message")) is not str or not item["last_message"]:
            item["last_message"] = preview(last["message_text"]) if last else ""
            self.note("last-message", "it is missing")
        if self._since is not None:
            item["waiting_since"] = self._since
        if item["status"] == m.CLOSED:
            item["closed_at"] = item["updated_at"]
        elif self._since is not None:
            item["waiting_for"] = WAITING_FOR
        _check(m.OLD_CONVERSATIONS.table, item)
        return item


def convert_lead(legacy: Item, owner_of: Callable[[str], str | None], times: Times, note: Note) -> Item:
    """Return a lead in our shape; `owner_of` tells whose a link code is. Raises Unfit when it cannot be brought."""
    item = _renamed(m.OLD_LEADS, legacy, note)
    code, affiliate = item.get("link_id"), item.get("affiliate_id")
    if not affiliate:
        affiliate = owner_of(code) if code else None
        if affiliate is None:
            raise Unfit(m.OF_NOBODY)
        note("lead-without-affiliate", f"link_id is {code}")
    if not code:
        code = affiliate
        note("lead-without-link", f"affiliate_id is {affiliate}")
    elif owner_of(code) not in (None, affiliate):
        note("other-affiliate", f"affiliate_id is {affiliate}, the code {code} is of {owner_of(code)}")
    item |= {"affiliate_id": affiliate, "link_id": code}
    item["status"] = _status(legacy, note, {each: each for each in LEAD_STATUSES}, m.PENDING)
    created, updated = (times.of(legacy, name, note) for name in ("created_at", "updated_at"))
    if created is None and updated is None:
        raise Unfit("it has no time, which is a part of its key here: give it a created_at")
    if created is None or updated is None:
        note("missing-time", f"{'created_at' if created is None else 'updated_at'} is that of the other")
    item["created_at"] = created if created is not None else updated
    item["updated_at"] = updated if updated is not None else created
    _set_commission(item, legacy.get("commission_amount"), note)
    _check(m.OLD_LEADS.table, item)
    return item


def _set_commission(item: Item, stored: object, note: Note) -> None:
    item.pop("commission_amount", None)
    if item["status"] != m.APPROVED:
        if stored is not None:
            note("kept-commission", f"{item['status']}, commission_amount is {_shown(stored)}")
        return
    if stored is None:
        note("no-commission", "approved without a commission_amount")
        item["commission_amount"] = Decimal("0.00")
        return
    amount, number = as_cents(stored), as_number(stored)
    if amount is None:
        raise Unfit(f"commission_amount is {_shown(stored)}, which is no amount of 0 to 1,000,000 USD")
    if isinstance(stored, str):
        note("amount-text", f"commission_amount is {_shown(stored)}")
    if number != amount:
        note("money", f"{number} is {amount:.2f}")
    item["commission_amount"] = amount


def convert_link(
    legacy: Item, affiliate: str, code: str, first_lead: int | None, form: str, times: Times, note: Note
) -> Item:
    """Return an affiliate's link in our shape; `legacy` is empty where the former backend has no row of it.

    `first_lead` is the time of its first lead, `form` the address that it leads to.
    """
    item = _renamed(m.OLD_LINKS, legacy, note)
    created = times.of(legacy, "created_at", note)
    if created is None:
        created = first_lead if first_lead is not None else times.latest
    elif "updated_at" in item:
        item["updated_at"] = times.of(legacy, "updated_at", note) or created
    item |= {"affiliate_id": affiliate, "link_id": code, "created_at": created}
    item.setdefault("affiliate_url", form)
    for name in ("affiliate_email", "store_url"):
        item.setdefault(name, "")
    _make_harmless(m.OLD_LINKS, item, note)
    _check(m.OLD_LINKS.table, item)
    return item


def _renamed(legacy: m.Legacy, item: Mapping[str, Any], note: Note) -> Item:
    """Return an item with our names, values of our kinds where they can be read so, and without what is NULL."""
    ours = dict(item)
    if None in item.values():
        ours = {name: value for name, value in item.items() if value is not None}
    for there, here in legacy.renamed:
        if there in ours:
            ours[here] = ours.pop(there)
    for attribute, name, types in legacy.read:
        if name in ours and type(ours[name]) not in types:
            _read_as(ours, attribute, note)
    _make_harmless(legacy, ours, note)
    return ours


def _read_as(item: Item, attribute: Attribute, note: Note) -> None:
    name, value = attribute.name, item.pop(attribute.name)
    kind, read = _READERS.get(attribute.kind, ("text", as_text))
    found = read(value)
    if found is None:
        note("unreadable", f"{name} is {_shown(value)}")
        item[m.UNREAD + name] = value
    else:
        note(kind, f"{name} is {_shown(value)}")
        item[name] = found


def _make_harmless(legacy: m.Legacy, item: Item, note: Note) -> None:
    for name in legacy.links:
        if (danger := link_danger(item.get(name, ""))) is not None:
            note("dangerous-link", f"{name} {danger}")
            item[name] = f"{m.UNSAFE} {item[name]}"


def _status(legacy: Item, note: Note, words: Mapping[str, str], otherwise: str) -> str:
    value = legacy.get("status")
    status = words.get(str(value).strip().casefold(), otherwise)
    if status != value:
        note("status", f"status is {_shown(value)}, taken for {status}")
    return status


def _check(table: Table, item: Item) -> None:
    try:
        check_item(table, item)
    except Invalid as refused:
        raise Unfit(f"it cannot be stored: {refused.message}") from None


def _shown(value: object) -> str:
    text = "missing" if value is None else repr(value) if isinstance(value, str) else as_text(value)
    return text if len(text) <= 60 else text[:59] + "…"
