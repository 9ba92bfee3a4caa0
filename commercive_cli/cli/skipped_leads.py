"""The leads that one admin skipped in a store, so that the next review shows them last; the file holds ids alone."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from commercive_cli.cli.cache_files import replace_private

KEPT = 2_000
"""Leads that are remembered, those that were skipped last."""


@dataclass(frozen=True)
class SkippedLeads:
    """A file that need not exist; one that cannot be read counts as empty, one that cannot be written is left out."""

    path: Path

    def read(self) -> list[str]:
        """Return the ids, those skipped last at the end."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return []
        return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []

    def add(self, lead_id: str) -> None:
        """Remember a lead that was skipped now."""
        ids = [each for each in self.read() if each != lead_id] + [lead_id]
        with suppress(OSError):
            replace_private(self.path, json.dumps(ids[-KEPT:]))
