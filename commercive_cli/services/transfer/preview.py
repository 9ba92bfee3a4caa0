"""Previews of imports: every file is checked, and every item compared with the store, without a write."""

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from commercive_cli.domain.answers.transfer import ImportPreview
from commercive_cli.services.transfer.batches import batches
from commercive_cli.services.transfer.exporter import OnItems, ignore_items
from commercive_cli.services.transfer.source import ParsedLine, SourceFile, open_source
from commercive_cli.store.items import item_text
from commercive_cli.store.limits import check_item
from commercive_cli.store.port import Page, Store
from commercive_cli.store.schema import TABLES

MOST_NAMED = 100


@dataclass(frozen=True)
class ImportPreviewService:
    """Compares an export with a store whose tables exist; costs one read for each item, none for empty tables."""

    store: Store

    def run(self, directory: Path, *, on_items: OnItems = ignore_items) -> ImportPreview:
        """Return how many items of each table are new, equal to the stored ones, and different; memory is constant.

        Raises Invalid, naming file and line, for anything that an import would refuse.
        """
        files = open_source(directory).files
        for file in files:
            file.check()
        empty = {table.name for table in TABLES if self.store.scan(table) == Page([])}
        counts = {table.name: Counter[str]() for table in TABLES}
        different: list[str] = []
        for file in files:
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
        with file.locating_errors([line]):
            check_item(file.table, line.item)
        found = None if empty else self.store.get(file.table, file.table.key_of(line.item))
        if found is None:
            return "new"
        return "equal" if item_text(found) == item_text(line.item) else "different"
