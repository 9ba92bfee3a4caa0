"""A desk with conversations that were closed long ago and others, and what archives of it are held against."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from commercive_cli.domain.answers.retention import Archived
from commercive_cli.domain.ids import new_id
from commercive_cli.domain.models import AI_SENDER
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.retention.service import ArchiveService
from commercive_cli.services.transfer.importer import ImportService
from commercive_cli.store.items import Item, item_text
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS, TABLES
from commercive_cli.store.writes import Write
from tests.services.fakes import DAY, Intervening, ManualClock
from tests.services.raw_data import rows

YEAR = 365 * DAY
Contents = dict[str, set[str]]


@dataclass
class Books:
    """A store and what people do with it; archives are made a year and a day later."""

    store: Store
    clock: ManualClock
    old: list[str] = field(default_factory=list)

    @property
    def chat(self) -> ChatService:
        return ChatService(self.store, self.clock)

    @property
    def desk(self) -> DeskService:
        return DeskService(self.chat)

    @property
    def archives(self) -> ArchiveService:
        return ArchiveService(self.store, self.clock)

    def closed(self, *, messages: int = 2, note: str | None = None, put_off: bool = False) -> str:
        """Return a conversation that was closed; its user has not read the answer, and mostly wrote again since.

        One that was put off leaves its snooze behind. Of many messages, most are stored at once.
        """
        name = self.chat.send("user-1", "Where is my order?", store="shop.example").conversation_id
        times = [self.clock() for _ in range(messages - 2)]
        self.store.batch_put(MESSAGES, [_message(name, at) for at in times])
        self.chat.reply(name, "admin-1", "On its way")
        if note is not None:
            self.desk.note(name, "admin-1", note)
        if put_off:
            self.chat.send("user-1", "Is it?", conversation_id=name)
            self.desk.snooze(name, "admin-1", self.clock.now + DAY)
        self.chat.close(name, "admin-1")
        self.old.append(name)
        return name

    def export(self, directory: Path) -> Archived:
        """Export and delete nothing, as a run that was stopped at the question."""
        with self.archives.open(directory, YEAR) as archiving:
            return archiving.export()

    def archive(self, directory: Path, store: Store | None = None) -> Archived:
        """Archive what was closed a year ago."""
        with ArchiveService(store or self.store, self.clock).open(directory, YEAR) as archiving:
            archiving.export()
            return archiving.remove("ops-1")

    def restore(self, directory: Path) -> list[str]:
        """Import the archive again; return what the audit found."""
        imported = ImportService(self.store, self._audit()).run(directory, "ops-1")
        assert imported.audit is not None
        return [finding.problem for finding in imported.audit.findings]

    def findings(self) -> list[str]:
        """Return what an audit finds."""
        return [finding.invariant for finding in self._audit().run("ops-1").findings]

    def _audit(self) -> AuditService:
        return AuditService(self.store, self.clock, sleep=lambda _: None)


def _message(name: str, at: int) -> Item:
    return {
        "conversation_id": name,
        "message_id": new_id(at),
        "sender_type": "ai",
        "sender_id": AI_SENDER,
        "message_text": f"automatic {at}",
        "created_at": at,
        "is_read": True,
    }


def small_books(store: Store, clock: ManualClock) -> Books:
    """Return books with one of each kind: closed, with a note, put off, open, and closed too late."""
    books = Books(store, clock)
    books.closed()
    books.closed(messages=5, note="pays by invoice")
    books.closed(put_off=True)
    books.chat.send("user-3", "Still open")
    clock.advance(YEAR)
    late = books.chat.send("user-4", "Closed yesterday").conversation_id
    books.chat.close(late, "admin-1")
    clock.advance(DAY)
    return books


def contents(store: Store) -> Contents:
    """Return every item of the store as its text, but the rows that archives write."""
    found = {table.name: set(map(item_text, rows(store, table))) for table in TABLES}
    return {**found, OPS.name: {text for text in found[OPS.name] if not is_told_by_archive(text)}}


def is_told_by_archive(text: str) -> bool:
    return '"archive":{"S":' in text


def names_in(store: Store) -> set[str]:
    """Return the ids of all conversations of the store."""
    return {item["conversation_id"] for item in rows(store, CONVERSATIONS)}


def traces_of(store: Store, name: str) -> list[str]:
    """Return the items that tell of a conversation, but its audit rows and claims of requests, which stay."""
    items = [item for table in (CONVERSATIONS, MESSAGES, OPS) for item in rows(store, table)]
    kept = ("audit#", "request#", "held#")
    return [text for item in items if name in (text := item_text(item)) and not str(item.get("pk")).startswith(kept)]


def lines_of(directory: Path) -> set[str]:
    """Return the items in the files of an archive, as texts."""
    manifest = json.loads((directory / "manifest.json").read_text())
    files = [directory / file["path"] for file in manifest["files"]]
    lines = [line for file in files for line in file.read_text().splitlines()]
    return {line.removeprefix('{"Item":').removesuffix("}") for line in lines}


class Dying(Intervening):
    """A store whose process dies right before the `last`-th transaction, or right behind it."""

    def __init__(self, store: Store, last: int, *, behind: bool = False) -> None:
        super().__init__(store)
        self._left, self._behind = last, behind

    def transact(self, *writes: Write) -> None:
        self._left -= 1
        if self._left == 0 and not self._behind:
            raise Killed
        super().transact(*writes)
        if self._left == 0:
            raise Killed


class Killed(BaseException):
    """Ends a run as nothing in it expects."""
