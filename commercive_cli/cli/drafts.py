"""Drafts: replies that were not sent, in files that only their owner can read, until they are.

A draft is a text file, and beside it a record in JSON with the same name: why the text was not sent, and the key under
which it is sent. The record comes first: whatever was sent from a file has a key that makes a repetition harmless.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from pydantic import BaseModel, ConfigDict, ValidationError

from commercive_cli.cli.editor_file import cut, without_quotes
from commercive_cli.domain.clock import system_clock
from commercive_cli.domain.encodings import decoded
from commercive_cli.domain.errors import CommerciveError, Invalid
from commercive_cli.domain.ids import new_id
from commercive_cli.services.transfer.durable_files import write_durably, write_error

UNFINISHED = "the program ended before it was sent, or before it was known to be"
_LONGEST_NAME = 200
_PRIVATE = 0o700


class Record(BaseModel):
    """What is known of a draft beside its text.

    `key` is the request key of its reply, `if_last` the last message that its author had read. `quotes` is what stands
    below the text while an editor has it, and `process` the one that waits for the editor. `tried_at` is when the text
    was first sent with its key, 0 while it is known not to have come through.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    conversation_id: str
    actor: str = ""
    key: str = ""
    saved_at: int = 0
    reason: str = UNFINISHED
    if_last: str | None = None
    quotes: str = ""
    process: int = 0
    tried_at: int = 0


class Draft:
    """One draft and its files."""

    def __init__(self, path: Path, record: Record) -> None:
        self.path = path
        self.record = record

    @property
    def text(self) -> str:
        """Return the text without what was quoted below it; raise Invalid when it cannot be read."""
        return without_quotes(self._content, self.record.quotes)

    @property
    def is_uncut(self) -> bool:
        """Return whether an editor left the file without the line that parts the text from what was quoted."""
        return bool(self.record.quotes) and cut(self._content) is None

    @property
    def _content(self) -> str:
        try:
            return decoded(self.path.read_bytes(), str(self.path))
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise Invalid(f"{self.path} cannot be read: {error.strerror}") from None

    @property
    def words(self) -> list[str]:
        """Return all that is written in its files, also where that cannot be read as text."""
        content = self.path.read_bytes() if self.exists else b""
        return [content.decode("utf-8", "surrogateescape"), self.record.quotes, self.record.reason]

    @property
    def is_blank(self) -> bool:
        """Return whether there is no text to lose."""
        with suppress(Invalid):
            return not self.text.strip()
        return False

    @property
    def exists(self) -> bool:
        """Return whether the draft is kept."""
        return self.path.exists()

    @property
    def is_open_elsewhere(self) -> bool:
        """Return whether another process waits for an editor that has it."""
        if self.record.process in (0, os.getpid()):
            return False
        try:
            os.kill(self.record.process, 0)
        except (OSError, OverflowError):
            return False
        return True

    def write(self, text: str) -> None:
        """Replace the text. Raises OSError."""
        write_durably(self.path, [text.encode("utf-8", "surrogateescape")])

    def note(self, **changes: Any) -> None:
        """Change the record. Raises OSError."""
        record = self.record.model_copy(update={"saved_at": system_clock(), **changes})
        write_durably(_record_path(self.path), [record.model_dump_json().encode()])
        self.record = record

    def change(self, change: Callable[[str], str]) -> None:
        """Change all that is written in its files. Raises OSError."""
        content, quotes, reason = map(change, self.words)
        self.note(quotes=quotes, reason=reason, saved_at=self.record.saved_at)
        if self.exists:
            self.write(content)

    def remove(self) -> None:
        """Remove the draft; the text goes first, for a text without a record would have a new key."""
        self.path.unlink(missing_ok=True)
        _record_path(self.path).unlink(missing_ok=True)


@dataclass(frozen=True)
class Drafts:
    """The drafts of one store, in a directory of their own."""

    directory: Path

    def all(self) -> list[Draft]:
        """Return the drafts that hold a text, newest first."""
        drafts = [draft for draft in map(_read, self.directory.glob("*.txt")) if not draft.is_blank]
        return sorted(drafts, key=lambda draft: draft.record.saved_at, reverse=True)

    def every(self) -> list[Draft]:
        """Return all drafts, also those without a text, and records that are left of one."""
        names = {path.with_suffix(".txt") for ending in ("txt", "json") for path in self.directory.glob(f"*.{ending}")}
        return list(map(_read, sorted(names)))

    def of(self, conversation_id: str) -> list[Draft]:
        """Return the drafts for one conversation, newest first."""
        return [draft for draft in self.all() if draft.record.conversation_id == conversation_id.strip()]

    def new(self, conversation_id: str, actor: str, key: str | None, text: str = "") -> Draft:
        """Keep a text that nobody has tried to send, and return its draft; raise as `write_error` does."""
        at = system_clock()
        record = Record(conversation_id=conversation_id.strip(), actor=actor, key=key or new_id(at))
        try:
            self._make_directory()
            draft = next(filter(None, (_free(path, record) for path in self._paths(record.conversation_id))))
            draft.note()
            draft.write(text)
        except OSError as error:
            raise _unkept(error, self.directory) from None
        return draft

    def _make_directory(self) -> None:
        for directory in (self.directory.parent.parent, self.directory.parent, self.directory):
            directory.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        self.directory.chmod(_PRIVATE)

    def _paths(self, conversation_id: str) -> Iterator[Path]:
        name = quote(conversation_id, safe="", errors="replace")
        if len(name) > _LONGEST_NAME:
            name = hashlib.sha256(name.encode()).hexdigest()
        for number in count(1):
            yield self.directory / (f"{name}.txt" if number == 1 else f"{name}.{number}.txt")


def _free(path: Path, record: Record) -> Draft | None:
    """Return a new draft in a file that nobody uses, None when somebody does."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        left = _read(path)
        if not left.is_blank or left.is_open_elsewhere:
            return None
    return Draft(path, record)


def _read(path: Path) -> Draft:
    try:
        return Draft(path, Record.model_validate_json(_record_path(path).read_bytes()))
    except (OSError, ValidationError):
        at = system_clock()
        reason = "its record is missing or damaged"
        return Draft(path, Record(conversation_id=unquote(path.stem), key=new_id(at), saved_at=at, reason=reason))


def _record_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _unkept(error: OSError, directory: Path) -> CommerciveError:
    return write_error(error, str(error.filename or directory), "free some space there")
