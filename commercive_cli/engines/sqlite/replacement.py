"""Puts a file in the place of a store that nobody uses, and keeps the store beside it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from commercive_cli.domain.errors import Conflict, Misconfigured, NotTaken

_LOCK_AT = 0x40000000
_LOCK_BYTES = 512
"""Where SQLite locks a file; whoever has a store open holds a part of it. "Database File Format", section 1.3.5."""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Lock a file, if there is one, so that no process can open it as a store; raise NotTaken when one has it open.

    This process must not open it meanwhile: closing it ends the lock.
    """
    with ExitStack() as stack:
        if path.exists():
            stack.enter_context(_locked(path))
        yield


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("r+b", buffering=0))
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCK_BYTES, _LOCK_AT)
        except BlockingIOError:
            raise NotTaken(
                f"{path} is in use by another process; nothing was changed, stop what uses the store and try again"
            ) from None
        except OSError as error:
            raise Misconfigured(f"{path} cannot be replaced: {error.strerror}") from error
        yield


def check_no_journal(path: Path) -> None:
    """Raise Conflict when a change of the file was interrupted that only the file's own journal can undo."""
    journal = path.with_name(f"{path.name}-journal")
    if journal.exists() and journal.stat().st_size:
        raise Conflict(f"{journal} holds an unfinished change of {path}; open the store once, or move both away")


def swap(path: Path, new: Path, kept: Path) -> bool:
    """Give a finished file on disk the name of the store, whose file and log get the name `kept`; return whether any.

    Within `exclusive`. A process that dies at any line leaves the old store or the new one, and never a mixture: a log
    of the old one beside the new one is refused. Until the new one is in place, the old one's second name ends in
    `.part`.
    """
    log, aside = path.with_name(f"{path.name}-wal"), kept.with_name(f"{kept.name}.part")
    with exclusive(new):
        was_there = path.exists()
        if was_there:
            aside.hardlink_to(path)
        if log.exists() and log.stat().st_size:
            kept.with_name(f"{kept.name}-wal").hardlink_to(log)
        new.replace(path)
        flush_names(path.parent)
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        if was_there:
            aside.rename(kept)
        flush_names(path.parent)
    return was_there


def flush_names(directory: Path) -> None:
    """Write the names of a directory's files to disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
