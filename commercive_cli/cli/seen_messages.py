"""The last message of each conversation that an agent was shown on this machine: an answer goes behind that one only.

A file for each conversation and agent, so that no command loses what another one notes at the same time. Without the
files, an answer goes behind what is the last message when its command starts. They hold no words, and no names.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from commercive_cli.cli.cache_files import replace_private

KEPT = 2_000
"""Conversations that are remembered, the latest ones."""


@dataclass(frozen=True)
class SeenMessages:
    """What one agent was shown of one store, in a directory that need not exist."""

    directory: Path
    agent: str

    def last(self, conversation_id: str) -> str | None:
        """Return the id of the last message that the agent was shown of a conversation, None when that is unknown."""
        try:
            return self._file(conversation_id).read_text("utf-8").strip() or None
        except (OSError, ValueError):
            return None

    def remember(self, conversation_id: str, message_id: str) -> None:
        """Note which message is the last one that was shown; where that cannot be written, it is left out."""
        with suppress(OSError):
            replace_private(self._file(conversation_id), message_id)
            self._drop_oldest()

    def _file(self, conversation_id: str) -> Path:
        # A UUID is one conversation in any case of its letters.
        name = "\0".join((self.agent, conversation_id.strip().lower()))
        return self.directory / hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]

    def _drop_oldest(self) -> None:
        files = list(self.directory.iterdir())
        if len(files) > KEPT:
            files.sort(key=lambda file: file.stat().st_mtime)
            for file in islice(files, len(files) - KEPT):
                file.unlink(missing_ok=True)
