"""Conversations against their messages: unread counters, the last message, who waits, nothing after the close."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise, takewhile
from operator import itemgetter
from typing import Any, ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.clock import FAR_FUTURE
from commercive_cli.domain.errors import Damaged
from commercive_cli.domain.ids import created_at_of
from commercive_cli.domain.models import Message
from commercive_cli.domain.text import preview
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.audit.check import Repairs
from commercive_cli.services.audit.malformed import type_problem
from commercive_cli.services.audit.states import last_row, state_problem
from commercive_cli.services.chat.messages import MessageQuery, is_native, read_messages
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, Table
from commercive_cli.store.writes import Absent, Put, Update, unchanged

_POINTERS = ("last_message_id", "last_message_at", "waiting_since")
_GUARDED = ("updated_at", "unread_admin", "unread_user", *_POINTERS, "status", "closed_at")


@dataclass(slots=True)
class _Tally:
    """What a sweep saw of one conversation's messages."""

    unread_admin: int = 0
    unread_user: int = 0
    last_at: int = 0
    last_id: str = ""
    from_user: bool = False
    answered_at: int = 0
    in_order: bool = True

    def add(self, items: Iterable[Item]) -> None:
        """Count messages; every message of a store comes through here, so it is done by local variables."""
        last_at, from_user, answered_at = self.last_at, self.from_user, self.answered_at
        for item in items:
            by_user, at = item["sender_type"] == "user", item["created_at"]
            if item.get("is_read") is False:
                self.unread_admin += by_user
                self.unread_user += not by_user
            if not by_user and at > answered_at:
                answered_at = at
            if at <= last_at:
                self.in_order = False
            if at > last_at or (at == last_at and item["message_id"] > self.last_id):
                last_at, self.last_id, from_user = at, item["message_id"], by_user
        self.last_at, self.from_user, self.answered_at = last_at, from_user, answered_at

    def fits(self, item: Item) -> bool:
        """Return whether the conversation agrees with its messages, as far as a sweep can tell."""
        counters = (item.get("unread_admin", 0), item.get("unread_user", 0))
        return (
            counters == (self.unread_admin, self.unread_user)
            and self.last_at <= item["updated_at"]
            and self._ends_with(item)
            and state_problem("conversation", item) is None
            and (self.in_order or not is_native(item["conversation_id"]))
            and ("last_message_id" not in item or (self._is_last_of(item) and self._awaits(item)))
        )

    def _ends_with(self, item: Item) -> bool:
        """Return whether a conversation is closed, and since when, or open; imported ones need not tell the time."""
        closed, closed_at = item["status"] == "closed", item.get("closed_at")
        if closed == (closed_at is None) and is_native(item["conversation_id"]):
            return False
        return not closed or closed_at is None or self.last_at <= int(closed_at)

    def _is_last_of(self, item: Item) -> bool:
        return (item["last_message_id"], item.get("last_message_at")) == (self.last_id, self.last_at)

    def _awaits(self, item: Item) -> bool:
        """Return whether a user can have waited since then; which of the unanswered messages it was is not known."""
        since: int | None = item.get("waiting_since")
        if since is None or not self.from_user:
            return since is None and not self.from_user
        return max(self.answered_at, int(item["created_at"])) <= since <= self.last_at


_NO_MESSAGES = _Tally()


@dataclass
class ConversationCheck:
    """Invariants 1 and 4, what is told of the last message, the times of messages, and those without a conversation.

    A `waiting_since` before the last answer or behind the last message is found. One between the two is not looked at
    any closer: messages come in no order, and users of imported conversations lawfully wait from a later message on.
    The preview is not compared: while a person is erased it is clean before the message is, and must stay so.
    """

    tables: ClassVar[tuple[Table, ...]] = (MESSAGES, CONVERSATIONS)

    _tallies: defaultdict[str, _Tally] = field(default_factory=lambda: defaultdict(_Tally))
    _suspects: set[str] = field(default_factory=set)

    def visit(self, table: Table, items: list[Item]) -> None:
        """Count messages, or compare conversations with the count; messages must come before conversations."""
        if table is MESSAGES:
            for conversation_id, messages in groupby(items, itemgetter("conversation_id")):
                self._tallies[conversation_id].add(messages)
        else:
            unfit = (i for i in items if not self._tallies.pop(i["conversation_id"], _NO_MESSAGES).fits(i))
            self._suspects.update(item["conversation_id"] for item in unfit)

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield what is wrong with conversations; tallies that no conversation claimed are orphans."""
        for conversation_id in sorted(self._suspects | self._tallies.keys()):
            yield from _repaired(repairs, conversation_id)


def _repaired(repairs: Repairs, conversation_id: str) -> list[Finding]:
    for _ in range(TRIES):
        item = find_by_id(repairs.store, CONVERSATIONS, conversation_id)
        if item is not None and type_problem(CONVERSATIONS, item):
            return []
        try:
            messages, _ = read_messages(repairs.store, MessageQuery(conversation_id))
        except Damaged:  # named by the shape check; what such messages count for, only a person can say
            return []
        if any(message.created_at >= FAR_FUTURE for message in messages):
            return []  # likewise
        try:
            found = _rebuild(repairs, messages) if item is None else _correct(repairs, item, messages)
        except ConditionFailed:
            continue
        return found + list(_disorder(repairs, conversation_id, messages))
    return []


def _disorder(repairs: Repairs, conversation_id: str, messages: list[Message]) -> Iterator[Finding]:
    """Yield the messages that do not come later than the one before; only a person can say when they were written."""
    for before, message in pairwise(messages if is_native(conversation_id) else ()):
        if message.created_at <= before.created_at:
            problem = f"created_at is {message.created_at}, that of the message before it {before.created_at}"
            found = repairs.finding("message-order", MESSAGES, message.message_id, problem)
            yield found.model_copy(update={"fixed": False})


def _correct(repairs: Repairs, found: Item, messages: list[Message]) -> list[Finding]:
    """Write what the messages and audit rows say into the conversation, unless any of it changed since."""
    item = _with_known_state(repairs, found)
    problems = dict(_problems(found, item, messages))
    if not problems:
        return []
    conversation_id, state = item["conversation_id"], _true_state(item, messages)
    at = max(repairs.clock(), item["updated_at"] + 1, state.get("updated_at", 0))
    dropped = tuple(name for name in _POINTERS if name not in state) if "last_message_id" in item else ()
    changes: list[Put] = []
    if state["status"] == "open" and {"conversation-status", "closed-conversation"} & problems.keys():
        dropped = (*dropped, "closed_at", "closed_by")
    if state["status"] != found["status"]:
        state["updated_at"] = at
        before, after = {"status": str(found["status"])}, {"status": state["status"]}
        change = AuditEntry("conversation", conversation_id, "audit", repairs.actor, before, after)
        changes.append(change.row(at, repairs.new_id))
    as_read = unchanged(found, *_GUARDED)
    repairs.store.transact(
        Update(CONVERSATIONS, CONVERSATIONS.key_of(item), set=state, remove=dropped, when=as_read), *changes
    )
    return [repairs.finding(name, CONVERSATIONS, conversation_id, words) for name, words in problems.items()]


def _with_known_state(repairs: Repairs, item: Item) -> Item:
    """Return the conversation with a possible status and, when it is closed, since when, as its last audit row tells.

    Imported conversations need not tell since when they are closed.
    """
    possible = state_problem("conversation", item) is None
    if possible and (item["status"] == "open" or "closed_at" in item or not is_native(item["conversation_id"])):
        return item
    told, told_at = last_row(repairs.store, "conversation", item["conversation_id"])
    known = told if state_problem("conversation", told) is None else {"status": "open"}
    status = item["status"] if possible else known["status"]
    if status == "open" or "closed_at" in item:
        return {**item, "status": status}
    return {**item, "status": status, "closed_at": told_at if known["status"] == "closed" else item["updated_at"]}


def _true_state(item: Item, messages: list[Message]) -> dict[str, Any]:
    """Return the attributes as the messages have them; what only imported conversations lack stays away."""
    status = "open" if _entered_late(item, messages) else item["status"]
    state: dict[str, Any] = {"status": status, **_unread(messages)}
    if status == "closed" and "closed_at" in item:
        state["closed_at"] = item["closed_at"]
    if messages and item["updated_at"] < messages[-1].created_at:
        state["updated_at"] = messages[-1].created_at
    if "last_message_id" not in item:
        return state
    if not messages:
        return state | {"last_message": ""}
    last = messages[-1]
    if item["last_message_id"] != last.message_id:
        state["last_message"] = preview(last.message_text)
    state |= {
        "last_message_at": last.created_at,
        "last_message_id": last.message_id,
        # The next message is put behind `updated_at`, so that must not lie before the last one.
        "updated_at": max(item["updated_at"], last.created_at),
    }
    return state if _awaits(item, messages) is None else state | {"waiting_since": _awaits(item, messages)}


def _problems(found: Item, item: Item, messages: list[Message]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a conversation; `item` is the same one, its state as it must have been."""
    for counter, count in _unread(messages).items():
        if item.get(counter, 0) != count:
            yield counter.replace("_", "-"), f"{counter} is {item.get(counter, 0)}, {count} messages are unread"
    impossible = state_problem("conversation", found)
    if impossible:
        yield "conversation-status", impossible
    if _entered_late(item, messages):
        yield "closed-conversation", "a message entered after it was closed; it is open again"
    elif item.get("closed_at") != found.get("closed_at"):
        yield "closed-conversation", f"closed, and not since when; that was {item['closed_at']}"
    elif item["status"] == "open" and "closed_at" in item and is_native(item["conversation_id"]):
        yield "closed-conversation", f"open, and closed since {item['closed_at']}"
    if messages and item["updated_at"] < messages[-1].created_at:
        yield "updated-at", f"updated_at is {item['updated_at']}, before the last message of {messages[-1].created_at}"
    if "last_message_id" in item:
        wrong = _last_problem(item, messages)
        if wrong:
            yield "last-message", wrong
        if item.get("waiting_since") != _awaits(item, messages):
            yield "waiting-since", f"waiting_since is {item.get('waiting_since')}, not {_awaits(item, messages)}"


def _last_problem(item: Item, messages: list[Message]) -> str | None:
    """Return what is wrong with what a conversation tells of its last message, in words, or None."""
    if not messages:
        return f"there is no message, and no {item['last_message_id']}"
    last = messages[-1]
    if item["last_message_id"] != last.message_id:
        return f"the last message is {last.message_id}, not {item['last_message_id']}"
    if item.get("last_message_at") != last.created_at:
        return f"last_message_at is {item.get('last_message_at')}, not {last.created_at}"
    return None


def _unread(messages: list[Message]) -> dict[str, int]:
    unread = [message.sender_type for message in messages if not message.is_read]
    return {"unread_admin": unread.count("user"), "unread_user": unread.count("admin")}


def _entered_late(item: Item, messages: list[Message]) -> bool:
    closed = item["status"] == "closed" and "closed_at" in item and bool(messages)
    return closed and messages[-1].created_at > item["closed_at"]


def _awaits(item: Item, messages: list[Message]) -> int | None:
    """Return since when the user waits: as the conversation tells, if that is the time of an unanswered message.

    Users of imported conversations wait from the first message on that came in here.
    """
    times, told = _unanswered(messages), item.get("waiting_since")
    return told if told in times else _waiting_since(messages)


def _waiting_since(messages: list[Message]) -> int | None:
    """Return the time of the first user message behind the last admin message, or None when no user waits."""
    return min(_unanswered(messages), default=None)


def _unanswered(messages: list[Message]) -> list[int]:
    from_user = takewhile(lambda message: message.sender_type == "user", reversed(messages))
    return [message.created_at for message in from_user]


def _rebuild(repairs: Repairs, messages: list[Message]) -> list[Finding]:
    """Give messages without a conversation one again, open, so that somebody looks at it."""
    if not messages:
        return []
    conversation_id, rebuilt = messages[0].conversation_id, _rebuilt(messages)
    told, told_at = last_row(repairs.store, "conversation", conversation_id)
    changes: list[Put] = []
    if told != {"status": "open"}:
        at = rebuilt["updated_at"] = max(repairs.clock(), rebuilt["updated_at"] + 1, told_at + 1)
        change = AuditEntry("conversation", conversation_id, "audit", repairs.actor, told, {"status": "open"})
        changes.append(change.row(at, repairs.new_id))
    repairs.store.transact(Put(CONVERSATIONS, rebuilt, when=Absent()), *changes)
    problem = f"{len(messages)} messages without a conversation"
    return [repairs.finding("orphan-messages", MESSAGES, conversation_id, problem)]


def _rebuilt(messages: list[Message]) -> Item:
    first, last = messages[0], messages[-1]
    users = [message.sender_id for message in messages if message.sender_type == "user"]
    conversation_id = first.conversation_id
    rebuilt: Item = {
        "conversation_id": conversation_id,
        "created_at": created_at_of(conversation_id) if is_native(conversation_id) else first.created_at,
        "user_id": users[0] if users else "unknown",
        "store_url": "",
        "status": "open",
        "updated_at": last.created_at,
        "last_message": preview(last.message_text),
        "last_message_at": last.created_at,
        "last_message_id": last.message_id,
        **_unread(messages),
    }
    since = _waiting_since(messages)
    return rebuilt if since is None else rebuilt | {"waiting_since": since}
