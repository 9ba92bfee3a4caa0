"""Ids that this terminal has shown lately, in a file for each store; deleting it loses nothing but short ids.

The file is replaced whole, so that two commands at once cannot damage it: the later one wins. A file that cannot be
read counts as empty, one that cannot be written is left out: no command fails for its sake.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

KEPT = 2_000
"""Ids that are remembered; the latest ones, whatever they are of."""
LABEL_LENGTH = 80


@dataclass(frozen=True)
class Known:
    """What an id that was shown belongs to: the kind of record, and a few words about it."""

    kind: str
    label: str


class KnownIds:
    """The ids of one store's records."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Known]:
        """Return the ids, those shown last at the end."""
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(each): Known(str(kind), str(label)) for each, (kind, label) in document.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def remember(self, shown: Mapping[str, Known]) -> None:
        """Add the ids that were shown now."""
        if not shown:
            return
        known = {each: what for each, what in self.read().items() if each not in shown} | dict(shown)
        latest = dict(list(known.items())[-KEPT:])
        text = json.dumps({each: (what.kind, what.label[:LABEL_LENGTH]) for each, what in latest.items()})
        with suppress(OSError):
            self._replace(text)

    def forget(self) -> None:
        """Delete the file, which may hold words about a person who was erased."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _replace(self, text: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=self._path.parent)  # readable by its owner alone
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(self._path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
