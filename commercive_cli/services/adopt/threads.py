"""Conversations with their messages: brought whole, changed only where nothing was changed here since."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

from commercive_cli.domain.attributes import UNREADABLE
from commercive_cli.domain.models import WAITING_FOR, Conversation, Message
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import preview
from commercive_cli.services.access.lookup import query_by_id
from commercive_cli.services.adopt import mapping as m
from commercive_cli.services.adopt.conversion import Thread, Unfit
from commercive_cli.services.adopt.marks import Mark, change_of, read_marks, state_row, written
from commercive_cli.services.adopt.run import Run
from commercive_cli.services.adopt.spool import SpooledThread
from commercive_cli.services.chat.waiting import ANSWERING, ASKING, unanswered
from commercive_cli.store.items import Item, TextItem, item_text
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import ConditionFailed, Query
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES
from commercive_cli.store.writes import Absent, Put, Update, Write, unchanged

KIND = "conversation"
_GROUP, _GROUP_MESSAGES = 500, 5_000
"""How many conversations, or their messages, are held at once; a longer thread is held whole."""

_CLOSINGS = 33
"""Conversations whose three writes fit into one transaction of 100."""

_CHUNK = 90
_COUNTERS = {ASKING: "unread_admin", ANSWERING: "unread_user"}


@dataclass(frozen=True)
class Converted:
    """A conversation in our shape with its messages, and what it was made of."""

    item: Item
    messages: list[Item]
    raw: Item
    source: str

    @property
    def subject(self) -> str:
        """Return its id."""
        return str(self.item["conversation_id"])

    @cached_property
    def mark(self) -> Mark:
        """Return what is remembered of it."""
        return Mark(KIND, self.subject, self.source, written(self.item), self.item["created_at"])


def bring_threads(run: Run) -> None:
    """Bring all conversations and messages."""
    group: list[Converted] = []
    messages = 0
    for thread in run.spool.threads():
        converted = _converted(run, thread)
        if converted is None:
            run.on_brought(len(thread.messages) + (thread.conversation is not None))
            continue
        group.append(converted)
        messages += len(converted.messages)
        if len(group) == _GROUP or messages >= _GROUP_MESSAGES:
            _bring(run, group)
            group, messages = [], 0
    _bring(run, group)


def _converted(run: Run, thread: SpooledThread) -> Converted | None:
    """Return a conversation in our shape, or None once it was put aside."""
    if thread.conversation is None:
        _put_aside(
            run,
            thread,
            f"its conversation {shortened(thread.conversation_id)} is not there: give it another one, or add it",
        )
        return None
    raw, first_at = thread.conversation.item, thread.first_at
    if first_at is not None and first_at > run.times.now:
        first_at = run.times.latest
    note = run.note(m.OLD_CONVERSATIONS, thread.conversation_id)
    state = sha256(thread.conversation.text.encode(errors="surrogatepass"))
    try:
        whole = Thread(raw, thread.askers, thread.answerers, thread.owner, first_at, run.times, note)
        whole.note = run.note(m.OLD_MESSAGES, thread.conversation_id)
        messages = []
        for message, sender in thread.messages:
            state.update(message.text.encode(errors="surrogatepass"))
            messages.append(whole.add(message.item, sender))
        whole.note = note
        item = whole.end()
    except Unfit as unfit:
        run.spool.put_aside(m.OLD_CONVERSATIONS, thread.conversation, str(unfit))
        _put_aside(run, thread, f"its conversation {shortened(thread.conversation_id)} is put aside, and comes with it")
        run.ledger.conversation_aside(raw, len(thread.messages))
        return None
    return Converted(TextItem(item, item_text(item)), messages, raw, state.hexdigest()[:32])


def _put_aside(run: Run, thread: SpooledThread, reason: str) -> None:
    for message, _ in thread.messages:
        run.spool.put_aside(m.OLD_MESSAGES, message, reason)
    if thread.conversation is None:
        run.ledger.messages_aside(len(thread.messages))


def _bring(run: Run, group: list[Converted]) -> None:
    new = group
    if group and not run.fresh:
        marks = read_marks(run.store, KIND, [each.subject for each in group])
        new = [each for each in group if _Bringing(run, each, marks.get(each.subject)).is_new()]
    _store_new(run, new)
    run.on_brought(sum(1 + len(each.messages) for each in group))


def _count(run: Run, each: Converted, fate: str) -> None:
    """Count what became of a conversation that an adoption brought, and of its messages."""
    run.counts.add(m.OLD_CONVERSATIONS, fate)
    run.counts.add(m.OLD_MESSAGES, fate, len(each.messages))
    run.ledger.conversation(each.raw, each.item, len(each.messages), each.mark.written)


def _here_already(run: Run, each: Converted, words: str) -> None:
    """Leave a conversation that is here, and that no adoption brought."""
    run.note(m.OLD_CONVERSATIONS, each.subject)("here-already", words)
    run.counts.add(m.OLD_CONVERSATIONS, "left")
    run.counts.add(m.OLD_MESSAGES, "left", len(each.messages))
    run.ledger.conversation_aside(each.raw, len(each.messages))


def _store_new(run: Run, group: Sequence[Converted]) -> None:
    """Store conversations that are not there: their messages first, so that none is seen without them."""
    run.writer.batch_put(MESSAGES, [message for each in group for message in each.messages])
    for start in range(0, len(group), _CLOSINGS):
        part = group[start : start + _CLOSINGS]
        try:
            run.writer.transact(*(write for each in part for write in _closing(run, each)))
        except ConditionFailed:
            # A try whose reply was lost, or somebody who made one of them just now: what is there stays.
            for each in part:
                _store_one(run, each)
        else:
            for each in part:
                _count(run, each, "brought")


def _store_one(run: Run, each: Converted) -> None:
    try:
        run.writer.transact(*_closing(run, each))
    except ConditionFailed:
        mark = read_marks(run.store, KIND, [each.subject]).get(each.subject)
        if mark is None or mark["source"] != each.source:
            return _here_already(run, each, "it was made here just now")
    return _count(run, each, "brought")


def _closing(run: Run, each: Converted) -> tuple[Write, ...]:
    return (
        Put(CONVERSATIONS, each.item, when=Absent()),
        state_row(KIND, each.subject, run.actor, each.raw, each.item, each.item["updated_at"]),
        each.mark.put(),
    )


@dataclass
class _Bringing:
    """One conversation, compared with what is here; `mark` is what an earlier run remembers of it."""

    run: Run
    wanted: Converted
    mark: Item | None

    def is_new(self) -> bool:
        """Return whether nothing is here of it; otherwise do what there is to do."""
        mark = self.mark
        if mark is not None and mark["source"] == self.wanted.source:
            _count(self.run, self.wanted, "unchanged")
            return False
        current = self._current()
        if mark is None:
            return self._is_free(current)
        if current is None:
            self._left("deleted-here", "changed there, and deleted here since")
        elif written(current) == mark["written"]:
            self._change(current, mark)
        else:
            self._merge(current)
        return False

    def _current(self) -> Item | None:
        if self.mark is None:
            return query_by_id(self.run.store, CONVERSATIONS, self.wanted.subject)
        key = {"conversation_id": self.wanted.subject, "created_at": self.mark["place"]}
        return self.run.store.get(CONVERSATIONS, key)

    def _is_free(self, current: Item | None) -> bool:
        """Return whether it can be stored as new: what a killed run has stored of it is the same."""
        stored = self._stored()
        others = [each["message_id"] for each in self.wanted.messages if _differs(stored, each)]
        if current is None and not others:
            return True
        which = f"message {others[0]} differs" if current is None else f"status {current.get('status')}"
        _here_already(self.run, self.wanted, which)
        return False

    def _stored(self) -> dict[str, Item]:
        """Return those of its messages that are here."""
        keys = [MESSAGES.key_of(each) for each in self.wanted.messages]
        found: dict[str, Item] = {}
        for start in range(0, len(keys), 100):
            items = self.run.store.batch_get(MESSAGES, keys[start : start + 100])
            found |= {item["message_id"]: item for item in items}
        return found

    def _left(self, kind: str, words: str) -> None:
        self.run.note(m.OLD_CONVERSATIONS, self.wanted.subject)(kind, words)
        _count(self.run, self.wanted, "left")

    def _change(self, current: Item, mark: Item) -> None:
        """Bring what changed there: nothing did here."""
        item = {**self.wanted.item, "created_at": current["created_at"]}
        stored = self._stored()
        writes = [w for each in self.wanted.messages for w in _message_write(stored.get(each["message_id"]), each)]
        try:
            self._in_steps(current, item, mark, writes, stored)
        except ConditionFailed:
            return self._left("changed-here", "it was changed here just now; run again")
        return _count(self.run, replace(self.wanted, item=item), "changed")

    def _in_steps(
        self, current: Item, item: Item, mark: Item, writes: list[Put | Update], stored: dict[str, Item]
    ) -> None:
        """Make one conversation of another with its messages; the mark tells in every step what is left to do."""
        chunks = [writes[start : start + _CHUNK] for start in range(0, len(writes), _CHUNK)] or [[]]
        for chunk in chunks[:-1]:
            following = _counted(current, chunk, stored)
            step = replace(self.wanted.mark, source=mark["source"], written=written(following), place=mark["place"])
            self.run.writer.transact(change_of(CONVERSATIONS, current, following), step.put(mark), *chunk)
            current, mark = following, step.put().item
        done = replace(self.wanted.mark, written=written(item), place=mark["place"])
        rows = []
        if current["status"] != item["status"]:
            at = max(item["updated_at"], current["updated_at"] + 1)
            rows = [state_row(KIND, self.wanted.subject, self.run.actor, current, item, at)]
        self.run.writer.transact(change_of(CONVERSATIONS, current, item), done.put(mark), *rows, *chunks[-1])

    def _merge(self, current: Item) -> None:
        """Bring new messages into a conversation that was changed here since, and leave all else as it is here."""
        here = list(query_items(self.run.store, Query(MESSAGES, self.wanted.subject)))
        known = {item["message_id"] for item in here}
        new = [each for each in self.wanted.messages if each["message_id"] not in known]
        told = f"status {current.get('status')} here, {self.wanted.item['status']} there, {len(new)} new messages"
        if new and _is_damaged(current, here):
            return self._left("changed-here", f"{told}, not brought: it is damaged here; see `tables audit`")
        for start in range(0, len(new), _CHUNK):
            chunk = new[start : start + _CHUNK]
            late = [
                each for each in chunk if current["status"] == m.CLOSED and each["created_at"] > current["closed_at"]
            ]
            if late:
                return self._left("changed-here", f"{told}, not brought: it was closed here before they were written")
            chunk = list(_apart(chunk, {item["created_at"] for item in here}))
            following = _with_messages(current, here, chunk)
            puts = [Put(MESSAGES, each, when=Absent()) for each in chunk]
            try:
                self.run.writer.transact(change_of(CONVERSATIONS, current, following), *puts)
            except ConditionFailed:
                return self._left("changed-here", f"{told}, not brought: it was changed here just now; run again")
            here, current = here + chunk, following
        return self._left("changed-here", told + (", which are brought" if new else ""))


def _is_damaged(conversation: Item, messages: Sequence[Item]) -> bool:
    """Return whether anything is missing or of another kind on which depends what new messages change."""
    found = Conversation.of(conversation)
    needed = {"status", "updated_at", *_COUNTERS.values(), UNREADABLE}
    lacks_close = found.status == m.CLOSED and found.closed_at is None
    if lacks_close or not needed.isdisjoint(found.damaged):
        return True
    return any(not {"created_at", UNREADABLE}.isdisjoint(Message.of(each).damaged) for each in messages)


def _differs(stored: dict[str, Item], wanted: Item) -> bool:
    found = stored.get(wanted["message_id"])
    return found is not None and item_text(found) != item_text(wanted)


def _message_write(found: Item | None, wanted: Item) -> Iterator[Put | Update]:
    """Yield the write that brings a message up to what is there; a text that is here stays as it is."""
    if found is None:
        yield Put(MESSAGES, wanted, when=Absent())
        return
    changed = {name: wanted[name] for name in ("created_at", "is_read") if found.get(name) != wanted[name]}
    if changed:
        yield Update(MESSAGES, MESSAGES.key_of(wanted), set=changed, when=unchanged(found, "created_at", "is_read"))


def _counted(conversation: Item, writes: Sequence[Put | Update], stored: dict[str, Item]) -> Item:
    """Return a conversation whose counters agree with its messages after these writes; all else waits for the last."""
    counted = dict(conversation)
    for write in writes:
        before = None if isinstance(write, Put) else stored[write.key["message_id"]]
        after: dict[str, Any] = write.item if isinstance(write, Put) else {**(before or {}), **write.set}
        counter = _COUNTERS.get(after.get("sender_type", ""))
        if counter:
            unread = (after["is_read"] is False) - (before is not None and before.get("is_read") is False)
            counted[counter] = counted.get(counter, 0) + unread
    return counted


def _apart(messages: Sequence[Item], taken: set[int]) -> Iterator[Item]:
    """Yield the messages at times that no other one has."""
    for message in messages:
        at = message["created_at"]
        while at in taken:
            at += 1
        taken.add(at)
        yield {**message, "created_at": at}


def _with_messages(conversation: Item, here: Sequence[Item], new: Sequence[Item]) -> Item:
    """Return a conversation as it is once it holds new messages, too."""
    item = _counted(conversation, [Put(MESSAGES, each) for each in new], {})
    thread = sorted(map(Message.of, [*here, *new]), key=lambda each: (each.created_at, each.message_id))
    last, times = thread[-1], unanswered(thread, human_requested=item.get("human_requested"))
    if item.get("last_message_id") != last.message_id:
        item |= {"last_message": preview(last.message_text), "last_message_id": last.message_id}
        item["updated_at"] = max(item["updated_at"], last.created_at)
    item["last_message_at"] = last.created_at
    since = item.get("waiting_since") if item.get("waiting_since") in times else min(times, default=None)
    waiting = {"waiting_since": since, "waiting_for": WAITING_FOR if item["status"] == m.OPEN else None}
    kept = {name: value for name, value in item.items() if name not in waiting}
    return kept | ({name: value for name, value in waiting.items() if value is not None} if since is not None else {})
