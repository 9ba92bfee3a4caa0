"""Conversations against their messages: unread counters, the last message, who waits, nothing after the close."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.clock import FAR_FUTURE
from commercive_cli.domain.ids import created_at_of
from commercive_cli.domain.models import SNOOZED, WAITING_FOR, Message
from commercive_cli.domain.text import preview
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.audit.check import Repairs
from commercive_cli.services.audit.malformed import readable
from commercive_cli.services.audit.states import lacks_close, last_row, state_problem
from commercive_cli.services.audit.tally import POINTERS, Tally, tells_of_messages
from commercive_cli.services.chat.messages import MessageQuery, is_native, read_messages
from commercive_cli.services.chat.waiting import ANSWERING, ASKING, unanswered
from commercive_cli.services.records.audit_log import AuditEntry, archive_of
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, Table
from commercive_cli.store.writes import Absent, Put, Update, unchanged

_GUARDED = ("updated_at", "unread_admin", "unread_user", *POINTERS, "status", "closed_at")
_NO_MESSAGES = Tally()
_Row = tuple[dict[str, Any], int]
"""The state that an audit row tells, and its time."""


@dataclass
class ConversationCheck:
    """Invariants 1 and 4, what is told of the last message, the times of messages, and those without a conversation.

    Counters of conversations that others made say what was read, since their messages do not: they may lie below the
    number of unread messages, and are never raised. A `waiting_since` before the last answer or behind the last message
    is found. One between the two is not looked at any closer: messages come in no order, and users of imported
    conversations lawfully wait from a later message on. The preview is not compared: while a person is erased it is
    clean before the message is, and must stay so.
    """

    tables: ClassVar[tuple[Table, ...]] = (MESSAGES, CONVERSATIONS)

    _tallies: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
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


@dataclass(frozen=True)
class _Problem:
    """What is wrong with a conversation, in words, and whether there is one right answer to it."""

    invariant: str
    words: str
    has_answer: bool = True

    def finding(self, repairs: Repairs, conversation_id: str) -> Finding:
        made = repairs.finding if self.has_answer else repairs.named
        return made(self.invariant, CONVERSATIONS, conversation_id, self.words)


def _repaired(repairs: Repairs, conversation_id: str) -> list[Finding]:
    for _ in range(TRIES):
        found = find_by_id(repairs.store, CONVERSATIONS, conversation_id)
        item = readable(CONVERSATIONS, found)
        messages, _ = read_messages(repairs.store, MessageQuery(conversation_id))
        # What is wrong with such items is named as malformed; what they count for, only a person can say.
        if (found is not None and item is None) or not all(map(_is_countable, messages)):
            return []
        try:
            if found is None or item is None:
                findings = _rebuild(repairs, messages)
            else:
                findings = _correct(repairs, found, item, messages)
        except ConditionFailed:
            continue
        return findings + list(_disorder(repairs, conversation_id, messages))
    return []


def _is_countable(message: Message) -> bool:
    return not message.damaged and message.created_at < FAR_FUTURE


def _disorder(repairs: Repairs, conversation_id: str, messages: list[Message]) -> Iterator[Finding]:
    """Yield the messages that do not come later than the one before; only a person can say when they were written."""
    for before, message in pairwise(messages if is_native(conversation_id) else ()):
        if message.created_at <= before.created_at:
            problem = f"created_at is {message.created_at}, that of the message before it {before.created_at}"
            yield repairs.named("message-order", MESSAGES, message.message_id, problem)


def _correct(repairs: Repairs, found: Item, item: Item, messages: list[Message]) -> list[Finding]:
    """Write what the messages and audit rows say into the conversation, unless any of it changed since."""
    row = last_row(repairs.store, "conversation", item["conversation_id"])
    known = _with_known_state(item, row)
    problems = list(_problems(item, known, messages))
    findings = [problem.finding(repairs, item["conversation_id"]) for problem in problems]
    if not any(problem.has_answer for problem in problems):
        return findings
    state = _true_state(known, messages)
    if state["status"] == "open" and {"conversation-status", "closed-conversation"} & {p.invariant for p in problems}:
        state |= {"closed_at": None, "closed_by": None}
    changes = [] if state["status"] == item["status"] else [_told_change(repairs, item, state, row)]
    return repairs.apply(findings, _update(found, state), *changes)


def _update(found: Item, state: dict[str, Any]) -> Update:
    """Return the write that gives a conversation this state, where None stands for nothing."""
    changed = {name: value for name, value in state.items() if value != found.get(name)}
    removed = tuple(name for name, value in changed.items() if value is None)
    kept = {name: value for name, value in changed.items() if value is not None}
    as_read = unchanged(found, *_GUARDED)
    return Update(CONVERSATIONS, CONVERSATIONS.key_of(found), set=kept, remove=removed, when=as_read)


def _told_change(repairs: Repairs, item: Item, state: dict[str, Any], row: _Row | None) -> Put:
    before, after = {"status": item["status"]}, {"status": state["status"]}
    changed_at: int = (item | state)["updated_at"]
    at = max(changed_at, row[1] + 1) if row else changed_at
    change = AuditEntry("conversation", item["conversation_id"], "audit", repairs.actor, before, after)
    return change.row(at, repairs.new_id)


def _with_known_state(item: Item, row: _Row | None) -> Item:
    """Return the conversation with the status, and the time of its close, that its last audit row tells.

    They are told where the conversation's own cannot be. Without a row it stands as it is.
    """
    if row is None or state_problem("conversation", row[0]):
        return item
    told, told_at = row
    status = told["status"] if state_problem("conversation", item) else item["status"]
    known = {**item, "status": status}
    return {**known, "closed_at": told_at} if lacks_close(known) and told["status"] == "closed" else known


def _true_state(item: Item, messages: list[Message]) -> dict[str, Any]:
    """Return the attributes as the messages have them; what only imported conversations lack stays away."""
    status = "open" if _entered_late(item, messages) else item["status"]
    state: dict[str, Any] = {"status": status, **_unread(item, messages)}
    if status == "closed" and "closed_at" in item:
        state["closed_at"] = item["closed_at"]
    if messages and is_native(item["conversation_id"]):
        # The next message is put behind `updated_at`, so that must not lie before the last one.
        state["updated_at"] = max(item["updated_at"], messages[-1].created_at)
    return state | _told_of({**item, "status": status}, messages) if tells_of_messages(item) else state


def _told_of(item: Item, messages: list[Message]) -> dict[str, Any]:
    """Return what a conversation tells of its messages."""
    if not messages:
        return {"last_message": "", **dict.fromkeys(POINTERS)}
    last, since = messages[-1], _awaits(item, messages)
    # The preview is cleaned before the message while a person is erased, so it is left alone unless it is another's.
    same = item.get("last_message_id") == last.message_id and "last_message" in item
    shown = {} if same else {"last_message": preview(last.message_text)}
    return {
        **shown,
        "last_message_at": last.created_at,
        "last_message_id": last.message_id,
        "waiting_since": since,
        "waiting_for": _waiting_for(item, since),
    }


def _waiting_for(item: Item, since: int | None) -> str | None:
    if since is None or item["status"] != "open":
        return None
    return SNOOZED if item.get("waiting_for") == SNOOZED else WAITING_FOR


def _problems(found: Item, item: Item, messages: list[Message]) -> Iterator[_Problem]:
    """Yield what is wrong with a conversation; `item` is the same one, its state as it must have been."""
    native = is_native(item["conversation_id"])
    counted = _counted(messages)
    for counter, count in _unread(item, messages).items():
        if found.get(counter, 0) != count:
            words = f"{counter} is {found.get(counter, 0)}, {counted[counter]} messages are unread"
            yield _Problem(counter.replace("_", "-"), words)
    impossible = state_problem("conversation", found)
    if impossible and state_problem("conversation", item):
        words = f"{impossible}; no audit row tells what it was; set it with `tables mend`"
        yield _Problem("conversation-status", words, has_answer=False)
    elif impossible:
        yield _Problem("conversation-status", impossible)
    if _entered_late(item, messages):
        yield _Problem("closed-conversation", "a message entered after it was closed; it is open again")
    elif native:
        yield from _closing_problems(found, item)
    if native and messages and item["updated_at"] < messages[-1].created_at:
        words = f"updated_at is {item['updated_at']}, before the last message of {messages[-1].created_at}"
        yield _Problem("updated-at", words)
    if tells_of_messages(item):
        yield from _pointer_problems(item, messages)


def _closing_problems(found: Item, item: Item) -> Iterator[_Problem]:
    """Yield what is wrong with the time at which one of our conversations was closed."""
    if item["status"] == "open" and "closed_at" in item:
        yield _Problem("closed-conversation", f"open, and closed since {item['closed_at']}")
    elif lacks_close(item):
        words = "closed, and no audit row tells since when; `chat reopen` it, or set closed_at with `tables mend`"
        yield _Problem("closed-conversation", words, has_answer=False)
    elif item.get("closed_at") != found.get("closed_at"):
        yield _Problem("closed-conversation", f"closed, and not since when; that was {item['closed_at']}")


def _pointer_problems(item: Item, messages: list[Message]) -> Iterator[_Problem]:
    wrong = _last_problem(item, messages)
    if wrong:
        yield _Problem("last-message", wrong)
    since, told = _awaits(item, messages), item.get("waiting_since")
    if told != since:
        yield _Problem("waiting-since", f"waiting_since is {told}, not {since}")
    elif item.get("waiting_for") != _waiting_for(item, since):
        words = f"waiting_for is {item.get('waiting_for')}, not {_waiting_for(item, since)}"
        yield _Problem("waiting-for", words)


def _last_problem(item: Item, messages: list[Message]) -> str | None:
    """Return what is wrong with what a conversation tells of its last message, in words, or None."""
    told_id, told_at = item.get("last_message_id"), item.get("last_message_at")
    if not messages:
        named = [str(told) for told in (told_id, told_at) if told is not None]
        return f"there is no message, and no {' '.join(named)}" if named else None
    last = messages[-1]
    if told_id != last.message_id:
        return f"the last message is {last.message_id}, not {told_id}"
    if told_at != last.created_at:
        return f"last_message_at is {told_at}, not {last.created_at}"
    return None if "last_message" in item else "last_message is missing"


def _counted(messages: list[Message]) -> dict[str, int]:
    """Return how many messages of each side are unread; other senders count for nobody."""
    unread = [message.sender_type for message in messages if not message.is_read]
    return {"unread_admin": unread.count(ASKING), "unread_user": unread.count(ANSWERING)}


def _unread(item: Item, messages: list[Message]) -> dict[str, int]:
    """Return the counters as they must be: what is unread, or at most that where messages do not tell what was read."""
    counted = _counted(messages)
    if is_native(item["conversation_id"]):
        return counted
    return {name: min(max(item.get(name, 0), 0), count) for name, count in counted.items()}


def _entered_late(item: Item, messages: list[Message]) -> bool:
    closed = item["status"] == "closed" and "closed_at" in item and bool(messages)
    return closed and messages[-1].created_at > item["closed_at"]


def _awaits(item: Item, messages: list[Message]) -> int | None:
    """Return since when the user waits: as the conversation tells, if that is the time of an unanswered message.

    Users of imported conversations wait from the first message on that came in here.
    """
    times, told = unanswered(messages, human_requested=item.get("human_requested")), item.get("waiting_since")
    return told if told in times else min(times, default=None)


def _rebuild(repairs: Repairs, messages: list[Message]) -> list[Finding]:
    """Give messages without a conversation one again, open, so that somebody looks at it."""
    if not messages:
        return []
    conversation_id, rebuilt = messages[0].conversation_id, _rebuilt(messages)
    if archive_of(repairs.store, conversation_id) is not None:
        words = (
            f"{len(messages)} messages of a conversation that an archive has taken; run `tables archive` again there"
        )
        return [repairs.named("archived-messages", MESSAGES, conversation_id, words)]
    row = last_row(repairs.store, "conversation", conversation_id)
    changes: list[Put] = []
    if row and row[0] != {"status": "open"}:
        rebuilt["updated_at"] = max(rebuilt["updated_at"], row[1] + 1)
        changes.append(_told_change(repairs, {**rebuilt, **row[0]}, rebuilt, row))
    problem = f"{len(messages)} messages without a conversation"
    found = repairs.finding("orphan-messages", MESSAGES, conversation_id, problem)
    return repairs.apply([found], Put(CONVERSATIONS, rebuilt, when=Absent()), *changes)


def _rebuilt(messages: list[Message]) -> Item:
    first, last = messages[0], messages[-1]
    users = [message.sender_id for message in messages if message.sender_type == ASKING and message.sender_id]
    conversation_id = first.conversation_id
    rebuilt: Item = {
        "conversation_id": conversation_id,
        "created_at": created_at_of(conversation_id) if is_native(conversation_id) else first.created_at,
        "user_id": users[0] if users else "unknown",
        "store_url": "",
        "status": "open",
        "updated_at": last.created_at,
    }
    told = _unread(rebuilt, messages) | _told_of(rebuilt, messages)
    return rebuilt | {name: value for name, value in told.items() if value is not None}
