"""Takes conversations that were closed long ago out of a store: exports them, then deletes what was exported."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from uuid import uuid4

from commercive_cli.domain.answers.retention import Archived, ArchivePreview, LeftConversation, Retention
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.text import actor_id
from commercive_cli.services.access.foreign import refuse_foreign
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.access.parallel import run_parallel
from commercive_cli.services.access.scan import OnItems, ignore_items, scan_items
from commercive_cli.services.retention.archive_directory import ArchiveDirectory, ArchiveIdentity, ExportState, in_days
from commercive_cli.services.retention.closed import LeftAlone, check_age, closed_since, last_change
from commercive_cli.services.retention.removal import Remover
from commercive_cli.services.retention.threads import Thread, read_thread
from commercive_cli.services.transfer.durable_files import write_error
from commercive_cli.services.transfer.manifest import ExportedFile, Manifest, declared_keys
from commercive_cli.services.transfer.sorting import PARTS
from commercive_cli.store.items import Item, Key
from commercive_cli.store.limits import item_bytes
from commercive_cli.store.pages import pages
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS

MOST_NAMED = 100
"""Conversations that stay where they are and are named, of each quarter of the store."""

RUN_CONVERSATIONS = 500
RUN_BYTES = 2 * 1024 * 1024
"""A run holds at most so many conversations and bytes, and the last conversation whole; one of each segment at a time.
"""

_RESUME = "run the same command again to go on"


@dataclass(frozen=True)
class ArchiveService:
    """Archives conversations, so many in a run. `store_file` is the file that the store lies in, if it lies in one."""

    store: Store
    clock: Clock = system_clock
    new_id: NewId = new_id
    store_file: Path | None = None
    run_conversations: int = RUN_CONVERSATIONS

    def preview(
        self, older_than: int, directory: Path | None = None, on_items: OnItems = ignore_items
    ) -> ArchivePreview:
        """Return what an archive of conversations closed for `older_than` (ms) would take; reads all of it.

        Raises what an archive in the `directory` would raise at once, if one is given.
        """
        before, now = self._before(older_than)
        if directory is not None:
            self._check_apart(directory)
            ArchiveDirectory.check(directory, self._identity(older_than, before))

        def look(segment: int, stop: Event) -> ExportState:
            state = ExportState(segment=segment)
            for page in pages(
                lambda start: self.store.scan(CONVERSATIONS, segment=segment, segments=PARTS, start=start)
            ):
                for item in page.items:
                    state, _ = _counted(state, self.store, item, before, now)
                    on_items(1)
                    if stop.is_set():
                        return state
            return state

        return _preview(before, run_parallel(look, PARTS, self.store.scans_at_once))

    def policy(self, policy: str | None, kept: int | None, on_items: OnItems = ignore_items) -> Retention:
        """Return what a `policy`, by which closed conversations are `kept` so long (ms), would take.

        Reads no message, so of what is due an archive may leave some alone. Without a policy nothing is read.
        """
        if kept is None:
            return Retention.model_validate({**_due(0, []), "policy": None, "command": None})
        before, now = self._before(kept)
        state = ExportState(segment=0)

        def look_at(item: Item) -> None:
            nonlocal state
            try:
                since = closed_since(item, now)
            except LeftAlone as left:
                state = _with_left(state, item, left)
            else:
                state = state if since is None or since > before else _with_due(state, since)

        scan_items(self.store, CONVERSATIONS, look_at, on_items)
        command = f"commercive tables archive --older-than {in_days(kept)} DIR" if state.conversations else None
        return Retention.model_validate({**_due(before, [state]), "policy": policy, "command": command})

    @contextmanager
    def open(self, directory: Path, older_than: int) -> "Iterator[Archiving]":
        """Yield the archive in `directory`: a new one, or an unfinished one of this store that began like that.

        Raises Conflict when the directory holds another archive, a finished one, or another process is at work there,
        Invalid when it holds anything else or cannot be written, Unavailable when the disk is full.
        """
        before, _ = self._before(older_than)
        self._check_apart(directory)
        try:
            with ArchiveDirectory.open(directory, self._identity(older_than, before)) as opened:
                yield Archiving(self.store, self.clock, self.new_id, opened, self.run_conversations)
        except OSError as error:
            raise write_error(error, str(error.filename or directory), _RESUME) from error

    def _identity(self, older_than: int, before: int) -> ArchiveIdentity:
        source = self.store.target
        return ArchiveIdentity(name=uuid4().hex, source=source, older_than=older_than, closed_before=before)

    def _before(self, older_than: int) -> tuple[int, int]:
        refuse_foreign(self.store, (CONVERSATIONS, MESSAGES, OPS))
        now = self.clock()
        return now - check_age(older_than), now

    def _check_apart(self, directory: Path) -> None:
        """Raise Invalid for the directory of the store, and for what a SQLite file has or makes beside it."""
        if self.store_file is None:
            return
        here, file = directory.resolve(), self.store_file.resolve()
        if here == file.parent or here in [file.with_name(f"{file.name}{end}") for end in ("", "-wal", "-shm")]:
            raise Invalid(f"{directory} belongs to the store {file}; choose another directory")


@dataclass(frozen=True)
class Archiving:
    """An archive that is being made: first everything is exported, then what was exported is deleted."""

    store: Store
    clock: Clock
    new_id: NewId
    directory: ArchiveDirectory
    run_conversations: int

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was exported."""
        return not self._total().conversations

    def export(self, on_items: OnItems = ignore_items) -> Archived:
        """Export what is due, as far as that is not done; return what will be deleted. Nothing is deleted yet."""
        if self.directory.identity.finished:
            return self.directory.identity.finished
        if not self.directory.is_exported():
            run_parallel(
                lambda segment, stop: self._export_segment(segment, stop, on_items), PARTS, self.store.scans_at_once
            )
            if not self.is_empty:
                self.directory.write_export(self._manifest)
        return self._archived({})

    def remove(self, actor: str, on_items: OnItems = ignore_items) -> Archived:
        """Delete what was exported and is still the same, as far as that is not done; return what the archive holds.

        What changed since the export stays in the store, and leaves the archive. Raises Invalid, and deletes nothing,
        when the files are not as they were exported.
        """
        by = actor_id(actor)
        archived = self.directory.identity.finished
        if archived is None and self.is_empty:
            archived = self._archived({})
            self.directory.discard()
        else:
            archived = archived or self._remove(by, on_items)
            self.directory.finish(archived)
        return archived

    def _remove(self, actor: str, on_items: OnItems) -> Archived:
        self.directory.check_export()
        remover = Remover(self.store, self.clock, self.new_id, actor, self.directory.identity.name)
        run_parallel(
            lambda segment, stop: self._remove_segment(remover, segment, stop, on_items),
            PARTS,
            self.store.scans_at_once,
        )
        kept = self._kept()
        # What is not in the store stays in the archive, whoever took it: it must be somewhere.
        there = {name for name in kept if find_by_id(self.store, CONVERSATIONS, name) is not None}
        if there:
            self.directory.write_export(self._manifest, there)
        return self._archived({name: kept[name] for name in sorted(there)})

    def _export_segment(self, segment: int, stop: Event, on_items: OnItems) -> None:
        state, threads, size = self.directory.export_state(segment), list[Thread](), 0
        now = self.clock()
        while not state.ended and not stop.is_set():
            page = self.store.scan(CONVERSATIONS, segment=segment, segments=PARTS, start=state.start)
            for item in page.items:
                if stop.is_set():
                    return
                state, thread = _counted(state, self.store, item, self.directory.identity.closed_before, now)
                on_items(1)
                if thread is None:
                    continue
                threads.append(thread)
                size += sum(item_bytes(each) for _, each in thread.parts)
                if len(threads) == self.run_conversations or size >= RUN_BYTES:
                    state = self._store_run(state, threads, CONVERSATIONS.key_of(item))
                    threads, size = [], 0
            state = state.model_copy(update={"start": page.next})
            if page.next is None:
                state = self.directory.store_run(state.model_copy(update={"ended": True}), threads)

    def _store_run(self, state: ExportState, threads: Sequence[Thread], read: Key) -> ExportState:
        return self.directory.store_run(state.model_copy(update={"start": read}), threads)

    def _remove_segment(self, remover: Remover, segment: int, stop: Event, on_items: OnItems) -> None:
        state = self.directory.removal_state(segment)
        for run in range(state.runs, len(self.directory.export_state(segment).runs)):
            threads = self.directory.threads(segment, run)
            kept = remover.remove(threads, stop)
            if stop.is_set():  # perhaps before all of them
                return
            state = state.model_copy(update={"runs": run + 1, "kept": {**state.kept, **kept}})
            self.directory.store_removal(state)
            on_items(len(threads))

    def _kept(self) -> dict[str, str]:
        states = map(self.directory.removal_state, range(PARTS))
        return {name: why for state in states for name, why in state.kept.items()}

    def _manifest(self, files: list[ExportedFile]) -> Manifest:
        return Manifest(
            exported_at=self.clock(),
            source=self.store.target,
            prefix=self.store.prefix,
            tables=declared_keys(),
            files=files,
        )

    def _total(self) -> ArchivePreview:
        states = [self.directory.export_state(segment) for segment in range(PARTS)]
        return _preview(self.directory.identity.closed_before, states)

    def _archived(self, kept: dict[str, str]) -> Archived:
        """Return what the archive holds without what was kept, which is counted by reading its conversations again."""
        total = self._total()
        counts, closed = Counter[str](), list[int]()
        for thread in self._threads() if kept else ():
            if thread.name in kept:
                counts.update(conversations=1, messages=thread.count(MESSAGES), notes=thread.count(OPS))
            else:
                closed.append(last_change(thread.conversation))
        left = [LeftConversation(conversation_id=name, reason=why) for name, why in kept.items()]
        changed = {name: getattr(total, name) - counts[name] for name in ("conversations", "messages", "notes")}
        if kept:
            changed |= {"oldest": min(closed, default=None), "newest": max(closed, default=None)}
        named = {"left": (left + total.left)[:MOST_NAMED], "left_count": total.left_count + len(kept)}
        return Archived(**{**dict(total), **changed, **named}, directory=str(self.directory.directory))

    def _threads(self) -> Iterator[Thread]:
        for segment in range(PARTS):
            for run in range(len(self.directory.export_state(segment).runs)):
                yield from self.directory.threads(segment, run)


def _counted(state: ExportState, store: Store, item: Item, before: int, now: int) -> tuple[ExportState, Thread | None]:
    """Return the state with one more conversation looked at, and what goes with it if it is due."""
    try:
        since = closed_since(item, now)
        if since is None or since > before:
            return state, None
        thread = read_thread(store, item["conversation_id"], before, now)
    except LeftAlone as left:
        return _with_left(state, item, left), None
    if thread is None:
        return state, None
    more = {
        "messages": state.messages + thread.count(MESSAGES),
        "notes": state.notes + thread.count(OPS),
    }
    return _with_due(state, last_change(thread.conversation)).model_copy(update=more), thread


def _with_due(state: ExportState, closed_at: int) -> ExportState:
    oldest = closed_at if state.oldest is None else min(state.oldest, closed_at)
    newest = closed_at if state.newest is None else max(state.newest, closed_at)
    more = {"conversations": state.conversations + 1, "oldest": oldest, "newest": newest}
    return state.model_copy(update=more)


def _with_left(state: ExportState, item: Item, left: LeftAlone) -> ExportState:
    named = state.left
    if len(named) < MOST_NAMED:
        named = {**named, str(item["conversation_id"]): str(left)}
    return state.model_copy(update={"left": named, "left_count": state.left_count + 1})


def _due(before: int, states: Sequence[ExportState]) -> dict[str, object]:
    left = sorted((name, why) for state in states for name, why in state.left.items())[:MOST_NAMED]
    return {
        "closed_before": before,
        "conversations": sum(state.conversations for state in states),
        "oldest": min((state.oldest for state in states if state.oldest is not None), default=None),
        "newest": max((state.newest for state in states if state.newest is not None), default=None),
        "left": [LeftConversation(conversation_id=name, reason=why) for name, why in left],
        "left_count": sum(state.left_count for state in states),
    }


def _preview(before: int, states: Sequence[ExportState]) -> ArchivePreview:
    counts = {name: sum(getattr(state, name) for state in states) for name in ("messages", "notes")}
    return ArchivePreview.model_validate({**_due(before, states), **counts})
