"""Imports: files checked before the first write, stored in order, resumable, and audited at the end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from commercive_cli.domain.answers.transfer import Imported
from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Conflict, Invalid, Unavailable
from commercive_cli.services.access.insert_missing import insert_missing
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.transfer.batches import batches, grouped
from commercive_cli.services.transfer.checks import checked_source
from commercive_cli.services.transfer.exporter import IMPORT_MARKER, OnItems, ignore_items, is_marker
from commercive_cli.services.transfer.source import Row, Source, SourceFile
from commercive_cli.store.items import Item, item_text
from commercive_cli.store.limits import TRANSACTION_BYTES, TRANSACTION_WRITES
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import OPS, Table
from commercive_cli.store.writes import Delete, Put

POLICIES = ("fail", "skip", "overwrite")


@dataclass(frozen=True)
class ImportService:
    """Reads an export into a store whose tables exist."""

    store: Store
    audit: AuditService

    def run(
        self,
        directory: Path,
        actor: str,
        *,
        on_conflict: str = "fail",
        only: Sequence[str] = (),
        progress: OnItems = ignore_items,
    ) -> Imported:
        """Import an export, or `only` the named tables of it, then audit the store.

        An item whose key is taken by a different item stops the import (fail), stays as it is (skip), or is replaced
        (overwrite); an equal item is fine. A run that died goes on where it stopped when it is repeated with the same
        policy, unless another export was imported since; whatever else there is begins anew, as after a conflict.
        Tables that are empty when a run begins are filled without looking. Nobody else should write to the store until
        the import has been repeated to its end: what was stored already is not looked at again.
        Raises RefusedLines before the first write, naming files and lines that are not what was exported or cannot be
        stored. Two lines of one key are refused when they are met in one batch, and in a sorted file, as those of our
        exports are, wherever they are; in two files of our exports as well, which hold each key in one of them. Between
        files of other names, nobody looks.
        Raises Unavailable, naming the first line that may not be stored: the same call goes on.
        """
        stored, skipped = self.load(directory, on_conflict=on_conflict, only=only, progress=progress)
        return Imported(stored=stored, skipped=skipped, audit=self.audit.run(actor))

    def load(
        self,
        directory: Path,
        *,
        on_conflict: str = "fail",
        only: Sequence[str] = (),
        progress: OnItems = ignore_items,
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Import an export without the audit; return how many items of each table were stored, and how many skipped."""
        policy = choose(on_conflict, POLICIES, "on-conflict")
        source = checked_source(self.store, directory, only)
        try:
            moved = self._load_files(source, policy, progress)
        except (Conflict, Invalid):
            # Somebody has to decide or mend something first; until they repeat this, the store may have changed.
            self._drop(self._markers())
            raise
        self._drop(self._markers())
        return moved

    def _load_files(self, source: Source, policy: str, progress: OnItems) -> tuple[dict[str, int], dict[str, int]]:
        known = self._known_progress(source, policy)
        empty = [table for table in source.tables if self._is_empty(table)]
        stored = {table.name: 0 for table in source.tables}
        skipped = stored.copy()
        for file in source.files:
            marker = _marker(source, file, policy)
            marker = marker if file.table in empty else known.get(marker["sk"], marker)
            done = self._load(file, marker, progress, whole=policy == "overwrite" or file.table in empty)
            stored[file.table.name] += done["stored"]
            skipped[file.table.name] += done["lines"] - done["stored"]
        return stored, skipped

    def _load(self, file: SourceFile, done: Item, progress: OnItems, *, whole: bool) -> Item:
        """Store what an earlier run left of a file; return the marker of how many lines are done and were stored."""
        for batch in batches(file, done["lines"]):
            with _going_on(file, done["lines"] + 1):
                stored = self._put(file, batch) if whole else self._put_absent(file, batch, done["policy"])
                done = {**done, "lines": batch[-1].number, "stored": done["stored"] + stored}
                self.store.transact(Put(OPS, done))
            progress(len(batch))
        return done

    def _put(self, file: SourceFile, batch: list[Row]) -> int:
        return self.store.batch_put(file.table, (row.item for row in batch))

    def _put_absent(self, file: SourceFile, batch: list[Row], policy: str) -> int:
        """Store what has no item in its place yet; return how many those were."""
        chunks = grouped(batch, TRANSACTION_WRITES, TRANSACTION_BYTES)
        return sum(self._put_chunk(file, chunk, policy) for chunk in chunks)

    def _put_chunk(self, file: SourceFile, chunk: list[Row], policy: str) -> int:
        def check_taken(position: int, found: Item | None) -> None:
            row = chunk[position]
            if policy == "fail" and (found is None or item_text(found) != item_text(row.item)):
                raise Conflict(
                    f"{file.path}, line {row.number}: the store holds a different item with this key; "
                    "import with --on-conflict skip or overwrite"
                )

        return insert_missing(self.store, file.table, [row.item for row in chunk], check_taken)

    def _is_empty(self, table: Table) -> bool:
        page = self.store.scan(table)
        return page.next is None and all(is_marker(table, item.get("pk")) for item in page.items)

    def _known_progress(self, source: Source, policy: str) -> dict[str, Item]:
        """Return the markers of this import, and drop those of others: what they stored may have been replaced since.

        They are dropped before this import stores anything, so markers are only ever those of the last import. One
        with another policy is another import: it passed by what this one may have to replace, or to refuse.
        """
        markers = self._markers()
        ours = [each for each in markers if (each["source"], each.get("policy")) == (source.name, policy)]
        self._drop([marker for marker in markers if marker not in ours])
        return {marker["sk"]: marker for marker in ours}

    def _markers(self) -> list[Item]:
        return list(query_items(self.store, Query(OPS, IMPORT_MARKER)))

    def _drop(self, markers: list[Item]) -> None:
        drops = [Delete(OPS, {"pk": marker["pk"], "sk": marker["sk"]}) for marker in markers]
        for start in range(0, len(drops), TRANSACTION_WRITES):
            self.store.transact(*drops[start : start + TRANSACTION_WRITES])


@contextmanager
def _going_on(file: SourceFile, line: int) -> Iterator[None]:
    """Let what the store could not take be named by the first line that is not known to be stored."""
    try:
        yield
    except Unavailable as error:
        message = f"{file.path}, line {line}: {error.message}; run the same command again to go on"
        raise Unavailable(message, field=error.field) from error


def _marker(source: Source, file: SourceFile, policy: str) -> Item:
    place = {"pk": IMPORT_MARKER, "sk": f"{file.table.name}/{file.name}"}
    return {**place, "source": source.name, "policy": policy, "lines": 0, "stored": 0}
