"""Previews of imports: every file is checked, and every item compared with the store, without a write."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from commercive_cli.domain.answers.transfer import ImportPreview
from commercive_cli.services.access.scan import OnItems, ignore_items
from commercive_cli.services.transfer.batches import batches
from commercive_cli.services.transfer.checks import checked_source
from commercive_cli.services.transfer.refusals import MOST_NAMED
from commercive_cli.services.transfer.source import ParsedLine, SourceFile
from commercive_cli.store.items import item_text
from commercive_cli.store.port import Page, Store


@dataclass(frozen=True)
class ImportPreviewService:
    """Compares an export with a store whose tables exist; costs one read for each item, none for empty tables."""

    store: Store

    def run(
        self,
        directory: Path,
        *,
        only: Sequence[str] = (),
        on_checked: OnItems = ignore_items,
        on_items: OnItems = ignore_items,
    ) -> ImportPreview:
        """Return how many items of each table are new, equal to the stored ones, and different; memory is constant.

        Raises RefusedLines, naming files and lines, for anything that an import would refuse.
        """
        source = checked_source(self.store, directory, only, on_checked)
        empty = {table.name for table in source.tables if self.store.scan(table) == Page([])}
        counts = {table.name: Counter[str]() for table in source.tables}
        different: list[str] = []
        for file in source.files:
            for line in chain.from_iterable(batches(file)):
                state = self._state(file, line, empty=file.table.name in empty)
                counts[file.table.name][state] += 1
                if state == "different" and len(different) < MOST_NAMED:
                    different.append(f"{file.path}, line {line.number}")
                on_items(1)
        return ImportPreview(
            new={name: found["new"] for name, found in counts.items()},
            equal={name: found["equal"] for name, found in counts.items()},
            different={name: found["different"] for name, found in counts.items()},
            places=different,
        )

    def _state(self, file: SourceFile, line: ParsedLine, *, empty: bool) -> str:
        found = None if empty else self.store.get(file.table, file.table.key_of(line.item))
        if found is None:
            return "new"
        return "equal" if item_text(found) == item_text(line.item) else "different"
