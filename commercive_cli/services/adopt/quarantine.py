"""The quarantine file: JSON lines with what could not be brought and why, which people complete and adoptions take.

A line is {"table", "source", "reason", "Item"}. Whoever completes one changes "Item", whose values are as in DynamoDB's
exports. "source" tells which item there the line stands for, and stays as it is; a line without it adds an item. Lines
stay in the file once they are taken, without a reason, since the item there stays as it was.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from commercive_cli.domain.answers.audit import Mended
from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Conflict, Invalid, NotFound
from commercive_cli.domain.quoting import shortened
from commercive_cli.services.adopt.mapping import LEGACY, Legacy
from commercive_cli.services.adopt.spool import ADDED, Spool
from commercive_cli.services.adopt.values import as_text
from commercive_cli.services.audit.mend import Changes
from commercive_cli.services.transfer.durable_files import path_exists, read_error, write_durably, write_error
from commercive_cli.services.transfer.jsonl import parse_line
from commercive_cli.store.items import item_text, text_item

_NAMES = {each.name: each for each in LEGACY}


@dataclass(frozen=True)
class _Line:
    """One line: `source` is None for an item that is not there, `text` that of the item."""

    legacy: Legacy
    source: str | None
    reason: str
    text: str

    @classmethod
    def of(cls, where: str, raw: bytes) -> "_Line":
        try:
            document: Any = json.loads(raw)
            legacy, item = _NAMES[document["table"]], document["Item"]
            source, reason = document.get("source"), str(document.get("reason", ""))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            form = f'{{"table": one of {", ".join(_NAMES)}, "Item": {{name: {{type: value}}}}}}'
            raise Invalid(f"{where} is not of the form {form}") from None
        if not (source is None or isinstance(source, str)):
            raise Invalid(f"{where}: source is no text")
        try:
            text = item_text(parse_line(json.dumps({"Item": item}).encode() + b"\n"))
        except Invalid as wrong:
            raise Invalid(f"{where}: {wrong.message}") from None
        return cls(legacy, source, reason, text)

    def bytes(self) -> bytes:
        source = {} if self.source is None else {"source": self.source}
        head = json.dumps({"table": self.legacy.name, **source, "reason": self.reason}, ensure_ascii=False)
        return f'{head[:-1]}, "Item": {self.text}}}\n'.encode()


class QuarantineFile:
    """The file of one adoption."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_as: tuple[int, ...] = ()

    def read(self, spool: Spool) -> None:
        """Take the completed items, if there is a file; raise Invalid, naming the line, for what is no such line."""
        self._read_as = self._state()
        if self._read_as:
            for line in _read(self._path):
                spool.complete(line.legacy, line.source, line.text, line.reason)

    def write(self, spool: Spool) -> None:
        """Write the file anew; that of before stays until the new one is on disk.

        Raises Conflict when somebody changed it since it was read, for their work would be lost.
        """
        if self._state() != self._read_as:
            raise Conflict(f"{self._path} was changed meanwhile, and stays as it is")
        rows = (
            (None if s.startswith(ADDED) else s, table, text, reason) for s, table, text, reason, _ in spool.aside()
        )
        _write(self._path, (_Line(_NAMES[table], source, reason, text) for source, table, text, reason in rows))

    def _state(self) -> tuple[int, ...]:
        """Return what is another with every change of the file, nothing when there is none."""
        if not path_exists(self._path):
            return ()
        found = self._path.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size


def complete_line(path: Path, table: str, key: str, changes: Changes) -> Mended:
    """Set and remove attributes of one item in the file; raise NotFound when it is not in there.

    `table` is a table of the former backend, with or without its prefix, `key` the item's id there.
    """
    known = sorted(_NAMES, key=len, reverse=True)
    legacy = _NAMES[next((name for name in known if table.endswith(name)), "") or choose(table, tuple(known), "TABLE")]
    lines = list(_read(path))
    found = [at for at, line in enumerate(lines) if line.legacy is legacy and _key(line) == key]
    if not found:
        raise NotFound(f"{path} has no line of {legacy.name} with the {legacy.key} {shortened(key)}")
    if len(found) > 1:
        raise Invalid(f"{path} has {len(found)} lines of {legacy.name} with the {legacy.key} {shortened(key)}; edit it")
    [at] = found
    item = text_item(lines[at].text)
    made = changes.of(item)
    lines[at] = replace(lines[at], text=item_text(made.applied(item)))
    _write(path, lines)
    return Mended(table=legacy.name, id=key, mended=made.names, changed=bool(made.names))


def _key(line: _Line) -> str:
    return as_text(text_item(line.text).get(line.legacy.key, ""))


def _read(path: Path) -> Iterator[_Line]:
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                if raw.strip():
                    yield _Line.of(f"{path}, line {number}", raw)
    except OSError as error:
        raise read_error(path, error) from None


def _write(path: Path, lines: Iterable[_Line]) -> None:
    try:
        write_durably(path, (line.bytes() for line in lines))
    except OSError as error:
        raise write_error(error, str(path), "the file is as it was; run the command again") from error
