"""The access log of the command line: JSON lines that say who read or changed which records."""

import errno
import json
import os
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import typer

from commercive_cli.cli.errors import AnswerLost, Interrupted, OutputClosed
from commercive_cli.domain.access import Records
from commercive_cli.domain.answers.base import Failed
from commercive_cli.domain.answers.bulk import Bulk
from commercive_cli.domain.errors import BeginAnew, CommerciveError, Invalid
from commercive_cli.settings.resolve import Settings

STARTED, DONE = "started", "ok"
_KINDS = {"chat": "conversation", "leads": "lead", "affiliates": "affiliate"}
"""What the ids are of that the commands of a group take."""


class AccessLog:
    """Appends lines to a file that only its owner may read; each line is one write, so that processes may share it.

    The first line says that the command has started, and with which ids: nobody who ends it early goes unseen.
    """

    def __init__(self, path: Path, about: Mapping[str, Any], named: Records) -> None:
        """Open the file, making it where there is none, and write the first line; raise Invalid when that fails."""
        self._path, self._about, self._named = path, about, named
        self._told = False
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._append({"outcome": STARTED, **named.document()})
        except OSError as error:
            raise Invalid(f"the access log {path} cannot be written ({error.strerror}); nothing was done") from None

    def tell(self, answer: object) -> None:
        """Write which records an answer is about; of many ids, a line for each outcome. Raises OSError."""
        if isinstance(answer, Bulk):
            for outcome, records in _by_outcome(answer, kind_of(self._about["action"])).items():
                self.write({"outcome": outcome, **records.document()})
        elif records := Records().add_from(answer):
            self.write({"outcome": DONE, **records.document()})

    def write(self, line: Mapping[str, Any]) -> None:
        """Write one line; raise OSError when the file does not take it."""
        self._append(line)
        self._told = True

    def end(self, outcome: str = DONE) -> None:
        """Write how the command ended, unless that has been told; raise OSError when the file does not take it."""
        if outcome != DONE or not self._told:
            self.write({"outcome": outcome, **self._named.document()})

    def _append(self, line: Mapping[str, Any]) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        text = (json.dumps({"at": at, **self._about, **line}) + "\n").encode()
        try:
            whole = os.write(self._file, text) == len(text)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None
        if not whole:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))


def about(context: typer.Context, settings: Settings, *, dry_run: bool) -> dict[str, Any]:
    """Return what every line of one command says."""
    _, _, action = context.command_path.partition(" ")
    said = {"action": action, "actor": settings.actor, "store": str(settings.store), "request_id": str(uuid4())}
    return {**said, "dry_run": True} if dry_run else dict(said)


def named_by(context: typer.Context) -> Records:
    """Return the records that a command line names by id; ids on stdin are known later."""
    given, named = context.params, Records()
    kind = kind_of(context.command_path.partition(" ")[2])
    one_of_each = ((each, given.get(each)) for each in _KINDS.values())
    many = ((kind, each) for each in given.get("ids") or ())
    people = (
        ("person", each) for each in (given.get("who"), *(given.get("also") or ()), *(given.get("include") or ()))
    )
    for of_kind, each in (*one_of_each, *many, *people, (given.get("table"), given.get("key"))):
        if isinstance(of_kind, str) and isinstance(each, str) and each != "-":
            named.add(of_kind, each.partition(" ")[0] if of_kind == given.get("table") else each)
    return named


def kind_of(action: str) -> str:
    """Return what the ids are of that a command takes."""
    return _KINDS.get(action.partition(" ")[0], "item")


def outcome_of(error: BaseException) -> str:
    """Return the word for how a command ended: the error's code, `ok` when it was done and only its end is unusual."""
    if isinstance(error, CommerciveError):
        return error.code
    if isinstance(error, KeyboardInterrupt | Interrupted):
        return "interrupted"
    if isinstance(error, BeginAnew):
        return "begun anew"
    done = isinstance(error, typer.Exit | OutputClosed | BrokenPipeError | AnswerLost)
    return DONE if done else CommerciveError.code


def _by_outcome(bulk: Bulk, kind: str) -> dict[str, Records]:
    found: defaultdict[str, Records] = defaultdict(Records)
    for each in bulk.results:
        found[each.result.code if isinstance(each.result, Failed) else DONE].add(kind, each.id)
    return found
