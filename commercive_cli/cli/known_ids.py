"""Ids that this terminal has shown lately, in a file for each store; deleting it loses nothing but short ids.

A file that cannot be read counts as empty, one that cannot be written is left out: no command fails for its sake.
"""

import fcntl
import json
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from commercive_cli.cli.cache_files import replace_private

KEPT = 2_000
"""Ids that are remembered; the latest ones, whatever they are of."""
LABEL_LENGTH = 80


@dataclass(frozen=True)
class Known:
    """What an id that was shown belongs to: the kind of record, and a few words about it.

    `waiting_since` is the time in milliseconds since which a conversation waits, where that is known.
    """

    kind: str
    label: str
    waiting_since: int | None = None


class KnownIds:
    """The ids of one store's records."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Known]:
        """Return the ids, those shown last at the end."""
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(each): _known(*fields) for each, fields in document.items()}
        except (OSError, ValueError, AttributeError, TypeError, RecursionError):
            return {}

    def remember(self, shown: Mapping[str, Known]) -> None:
        """Add the ids that were shown now."""
        if not shown:
            return
        known = {each: what for each, what in self.read().items() if each not in shown} | dict(shown)
        self.replace(dict(list(known.items())[-KEPT:]))

    def replace(self, known: Mapping[str, Known]) -> None:
        """Keep these ids and no others."""
        text = json.dumps({each: _fields(what) for each, what in known.items()})
        with suppress(OSError):
            replace_private(self._path, text)

    def of_listing(self, name: str) -> "KnownIds":
        """Return the ids that a look-up for a Tab found last in one listing; they were not shown by that."""
        return KnownIds(self._path.with_name(f"{self._path.stem}-{name}.json"))

    @contextmanager
    def only_reader(self) -> Iterator[bool]:
        """Yield whether no other process is within such a block for this file; a process that ends leaves it."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def age(self) -> float:
        """Return how many seconds ago the file was written; infinity when there is none."""
        try:
            return time.time() - self._path.stat().st_mtime
        except OSError:
            return math.inf

    def forget(self) -> None:
        """Delete the files, also those of listings, which may hold words about a person who was erased."""
        with suppress(OSError):
            for file in self._path.parent.glob(f"{self._path.stem}*"):
                file.unlink(missing_ok=True)


def _fields(known: Known) -> tuple[str | int, ...]:
    words = (known.kind, known.label[:LABEL_LENGTH])
    return words if known.waiting_since is None else (*words, known.waiting_since)


def _known(kind: object, label: object, waiting_since: object = None) -> Known:
    return Known(str(kind), str(label), waiting_since if isinstance(waiting_since, int) else None)
