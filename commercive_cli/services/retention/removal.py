"""Deletes from the store what an archive holds, each item on condition that it is still as it was exported.

A conversation is gone in one transaction with an audit row and as many of its other items as there is room for. Behind
that nobody can write anything about it, as every write checks that it is there. So what is found then is all that there
is: it is deleted too, or, if any of it was not exported, the conversation is put back.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Event

from commercive_cli.domain.attributes import attributes_of
from commercive_cli.domain.clock import Clock
from commercive_cli.domain.errors import NotTaken
from commercive_cli.domain.ids import NewId
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.insert_missing import insert_missing
from commercive_cli.services.records.audit_log import ARCHIVED, AuditEntry, archive_of
from commercive_cli.services.retention.closed import last_change
from commercive_cli.services.retention.threads import Part, Thread, leftovers, read_note_items
from commercive_cli.store.items import Item, item_text
from commercive_cli.store.limits import TRANSACTION_WRITES, item_bytes
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import CONVERSATIONS, OPS, Table
from commercive_cli.store.writes import Absent, All, Delete, Put, Write, unchanged

TRANSACTION_SIZE = 2 * 1024 * 1024
"""In bytes of the items that one transaction deletes or puts back; half of what DynamoDB takes."""

CHANGED = "it changed after it was exported"
ANNOTATED = "a note about it was written or changed after it was exported"
TAKEN = "somebody else deleted it"


@dataclass(frozen=True)
class Remover:
    """Deletes conversations; `archive` is the name of the archive that holds them."""

    store: Store
    clock: Clock
    new_id: NewId
    actor: str
    archive: str

    def remove(self, threads: Sequence[Thread], stop: Event) -> dict[str, str]:
        """Delete conversations; return those that are not as they were exported, and why. They stay as they are.

        Where `stop` is set, the others are left for another time.
        """
        kept: dict[str, str] = {}
        for group in _groups(threads):
            if stop.is_set():
                break
            kept |= self._remove(group)
        return kept

    def _remove(self, group: Sequence[Thread]) -> dict[str, str]:
        """Delete some conversations in one transaction, and what does not fit into it behind that."""
        kept = {thread.name: ANNOTATED for thread in group if self._is_annotated(thread)}
        left, gone = [thread for thread in group if thread.name not in kept], list[Thread]()
        while left:
            owners = [(thread, write) for thread in left for write in self._writes(thread)]
            try:
                self.store.transact(*(write for _, write in owners))
                break
            except ConditionFailed as failed:
                failing = {owners[position][0].name for position in failed.failures}
            for thread in [each for each in left if each.name in failing]:
                left.remove(thread)
                if self._is_there(thread):
                    kept[thread.name] = CHANGED
                else:
                    gone.append(thread)
        ours = [thread for thread in gone if self._took(thread)]
        kept |= {thread.name: TAKEN for thread in gone if thread not in ours}
        return kept | {thread.name: why for thread in (*left, *ours) if (why := self._settle(thread))}

    def _writes(self, thread: Thread) -> Iterator[Write]:
        yield _deletion(CONVERSATIONS, thread.conversation)
        yield self._row(thread, ARCHIVED)
        yield from (_deletion(table, item) for table, item in _fitting(thread))

    def _row(self, thread: Thread, event: str) -> Put:
        state = {"status": "closed"}
        entry = AuditEntry("conversation", thread.name, event, self.actor, state, state)
        row = entry.row(max(self.clock(), last_change(thread.conversation) + 1), self.new_id)
        return replace(row, item={**row.item, "archive": self.archive})

    def _is_there(self, thread: Thread) -> bool:
        return self.store.get(CONVERSATIONS, CONVERSATIONS.key_of(thread.conversation)) is not None

    def _took(self, thread: Thread) -> bool:
        """Return whether it was this archive that deleted a conversation which is gone, in a run that was killed."""
        return archive_of(self.store, thread.name) == self.archive

    def _is_annotated(self, thread: Thread) -> bool:
        """Return whether there is a note that was not exported; only what takes the conversation away rules that out.

        Without this look, such a conversation would be gone for a moment before it is put back.
        """
        notes = ((OPS, item) for item in read_note_items(self.store, thread.name))
        return not _are_exported(notes, thread) and self._is_there(thread)

    def _settle(self, thread: Thread) -> str | None:
        """Delete what is left of a conversation that is gone; put it back, and say why, if that was not exported."""
        for _ in range(TRIES):
            left = list(leftovers(self.store, thread.name))
            if not _are_exported(left, thread):
                self._put_back(thread)
                return CHANGED
            try:
                for chunk in _chunks(left):
                    self.store.transact(*(_deletion(table, item) for table, item in chunk))
            except ConditionFailed:
                continue
            return None
        raise NotTaken(f"conversation {thread.name} is changing too fast; run the same command again")

    def _put_back(self, thread: Thread) -> None:
        """Store a conversation again; the other items first, so that nobody finds it without them."""
        for chunk in _chunks(thread.others):
            for table in {each.name: each for each, _ in chunk}.values():
                insert_missing(self.store, table, [item for each, item in chunk if each is table], _keep)
        row = self._row(thread, "unarchive")
        try:
            self.store.transact(Put(CONVERSATIONS, thread.conversation, when=Absent()), row)
        except ConditionFailed:
            return  # another process was faster


def as_exported(table: Table, item: Item) -> All:
    """Return the condition that every attribute that an item had or could have is what it was."""
    record = table.record_of(item)
    declared = attributes_of(record) if record else ()
    names = [name for name in {**item, **dict.fromkeys(declared)} if name not in table.key_names]
    return unchanged(item, *names)


def _are_exported(parts: Iterable[Part], thread: Thread) -> bool:
    """Return whether all these items are in the archive, each as it is now."""
    known = {_place(part): item_text(part[1]) for part in thread.others}
    return all(known.get(_place(part)) == item_text(part[1]) for part in parts)


def _deletion(table: Table, item: Item) -> Delete:
    return Delete(table, table.key_of(item), when=as_exported(table, item))


def _place(part: Part) -> tuple[object, ...]:
    table, item = part
    return table.name, *table.key_of(item).values()


def _keep(_position: int, _found: Item | None) -> None:
    """Let an item stay that is there already."""


def _fitting(thread: Thread) -> Sequence[Part]:
    """Return the other items that fit into one transaction with the conversation and its audit row."""
    return next(_chunks(thread.others, TRANSACTION_WRITES - 2), [])


def _chunks(parts: Iterable[Part], most: int = TRANSACTION_WRITES) -> Iterator[list[Part]]:
    """Yield the items in lists for one transaction each."""
    chunk: list[Part] = []
    size = 0
    for part in parts:
        added = item_bytes(part[1])
        if chunk and (len(chunk) == most or size + added > TRANSACTION_SIZE):
            yield chunk
            chunk, size = [], 0
        chunk.append(part)
        size += added
    if chunk:
        yield chunk


def _groups(threads: Iterable[Thread]) -> Iterator[list[Thread]]:
    """Yield the conversations in lists, each of which one transaction can delete."""
    group: list[Thread] = []
    writes = size = 0
    for thread in threads:
        parts = _fitting(thread)
        more, bytes_ = len(parts) + 2, sum(item_bytes(item) for _, item in parts) + item_bytes(thread.conversation)
        if group and (writes + more > TRANSACTION_WRITES or size + bytes_ > TRANSACTION_SIZE):
            yield group
            group, writes, size = [], 0, 0
        group.append(thread)
        writes, size = writes + more, size + bytes_
    if group:
        yield group
