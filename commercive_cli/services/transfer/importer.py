"""Imports: checks the files before the first write, stores them in order, and audits the store; can be resumed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from commercive_cli.domain.answers.transfer import Imported
from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Conflict, Invalid, Misconfigured, Unavailable
from commercive_cli.services.access.foreign import refuse_foreign
from commercive_cli.services.access.insert_missing import insert_missing
from commercive_cli.services.access.scan import OnItems, ignore_items
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.waiting_index import fill_waiting
from commercive_cli.services.transfer.batches import batches, grouped
from commercive_cli.services.transfer.checks import checked_source, wanted_source
from commercive_cli.services.transfer.exporter import IMPORT_MARKER, is_marker
from commercive_cli.services.transfer.source import ParsedLine, Source, SourceFile
from commercive_cli.store.items import Item, item_text
from commercive_cli.store.limits import TRANSACTION_BYTES, TRANSACTION_WRITES
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import CONVERSATIONS, OPS, Table
from commercive_cli.store.writes import Delete, Put

POLICIES = ("fail", "skip", "overwrite")


@dataclass(frozen=True)
class ImportService:
    """Imports an export into a store whose tables exist."""

    store: Store
    audit: AuditService

    def run(
        self,
        directory: Path,
        actor: str,
        *,
        on_conflict: str = "fail",
        only: Sequence[str] = (),
        on_checked: OnItems = ignore_items,
        on_items: OnItems = ignore_items,
        on_audited: OnItems = ignore_items,
    ) -> Imported:
        """Import an export, or `only` the named tables of it, then audit the store, unless another table is not ours.

        `on_conflict` says what to do when the store holds a different item with the same key: stop the import (fail),
        keep the stored item (skip), or replace it (overwrite). An equal item is no conflict.

        An interrupted import is resumed when it is repeated with the same policy, unless another export was imported
        since. Any other import starts from the beginning, also after a conflict. Tables that are empty when the import
        starts are filled without checking for stored items. Nobody else should write to the store until the import is
        finished, since items that were stored before an interruption are not checked again.

        Raises RefusedLines before the first write, naming files and lines that are not as they were exported or cannot
        be stored. Two lines with the same key are found within a batch, anywhere in a sorted file, and in two files of
        our own exports, which are sorted and hold each key in one file. They are not found in different files of other
        exports.
        Raises Unavailable, naming the first line that may not be stored; calling it again then resumes the import.
        """
        stored, skipped = self.import_files(
            directory, on_conflict=on_conflict, only=only, on_checked=on_checked, on_items=on_items
        )
        left_out = bool(only) and self._has_foreign_tables()
        audit = None if left_out else self.audit.run(actor, on_items=on_audited)
        return Imported(stored=stored, skipped=skipped, audit=audit)

    def lines(self, directory: Path, only: Sequence[str] = ()) -> int:
        """Return how many items an import would store, as the manifest says; raise Invalid when there is no export."""
        return sum(file.items for file in wanted_source(self.store, directory, only).files)

    def import_files(
        self,
        directory: Path,
        *,
        on_conflict: str = "fail",
        only: Sequence[str] = (),
        on_checked: OnItems = ignore_items,
        on_items: OnItems = ignore_items,
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Import an export without the audit; return how many items of each table were stored, and how many skipped."""
        policy = choose(on_conflict, POLICIES, "on-conflict")
        source = checked_source(self.store, directory, only, on_checked)
        try:
            counts = self._import_all(source, policy, on_items)
        except (Conflict, Invalid):
            # The next import starts from the beginning, since the store or the files may be changed before it.
            self._delete(self._markers())
            raise
        if CONVERSATIONS in source.tables:
            fill_waiting(self.store)
        self._delete(self._markers())
        return counts

    def _has_foreign_tables(self) -> bool:
        try:
            refuse_foreign(self.store)
        except Misconfigured:
            return True
        return False

    def _import_all(self, source: Source, policy: str, on_items: OnItems) -> tuple[dict[str, int], dict[str, int]]:
        markers = self._own_markers(source, policy)
        empty = [table for table in source.tables if self._is_empty(table)]
        stored = {table.name: 0 for table in source.tables}
        skipped = stored.copy()
        for file in source.files:
            marker = _new_marker(source, file, policy)
            marker = marker if file.table in empty else markers.get(marker["sk"], marker)
            done = self._import_file(file, marker, on_items, unchecked=policy == "overwrite" or file.table in empty)
            stored[file.table.name] += done["stored"]
            skipped[file.table.name] += done["lines"] - done["stored"]
        return stored, skipped

    def _import_file(self, file: SourceFile, marker: Item, on_items: OnItems, *, unchecked: bool) -> Item:
        """Store the rest of a file, without checking for stored items if `unchecked`; return the file's new marker."""
        for batch in batches(file, marker["lines"]):
            with _resumable_at(file, marker["lines"] + 1):
                stored = self._put(file, batch) if unchecked else self._insert_missing(file, batch, marker["policy"])
                marker = {**marker, "lines": batch[-1].number, "stored": marker["stored"] + stored}
                self.store.transact(Put(OPS, marker))
            on_items(len(batch))
        return marker

    def _put(self, file: SourceFile, batch: list[ParsedLine]) -> int:
        return self.store.batch_put(file.table, (line.item for line in batch))

    def _insert_missing(self, file: SourceFile, batch: list[ParsedLine], policy: str) -> int:
        """Store the items whose keys are free; return how many were stored."""
        chunks = grouped(batch, TRANSACTION_WRITES, TRANSACTION_BYTES)
        return sum(self._put_chunk(file, chunk, policy) for chunk in chunks)

    def _put_chunk(self, file: SourceFile, chunk: list[ParsedLine], policy: str) -> int:
        def check_taken(position: int, found: Item | None) -> None:
            line = chunk[position]
            if policy == "fail" and (found is None or item_text(found) != item_text(line.item)):
                raise Conflict(
                    f"{file.path}, line {line.number}: the store holds a different item with this key; "
                    "import with --on-conflict skip or overwrite"
                )

        return insert_missing(self.store, file.table, [line.item for line in chunk], check_taken)

    def _is_empty(self, table: Table) -> bool:
        page = self.store.scan(table)
        return page.next is None and all(is_marker(table, item.get("pk")) for item in page.items)

    def _own_markers(self, source: Source, policy: str) -> dict[str, Item]:
        """Return the markers of this import by sort key, and delete those of other imports.

        They are deleted before this import stores anything, as it may replace what other imports have stored. An
        import with another policy is another one: it may have skipped items that this one has to replace or refuse.
        """
        markers = self._markers()
        ours = [each for each in markers if (each.get("source"), each.get("policy")) == (source.name, policy)]
        self._delete([marker for marker in markers if marker not in ours])
        return {marker["sk"]: marker for marker in ours}

    def _markers(self) -> list[Item]:
        return list(query_items(self.store, Query(OPS, IMPORT_MARKER)))

    def _delete(self, markers: list[Item]) -> None:
        deletes = [Delete(OPS, {"pk": marker["pk"], "sk": marker["sk"]}) for marker in markers]
        for start in range(0, len(deletes), TRANSACTION_WRITES):
            self.store.transact(*deletes[start : start + TRANSACTION_WRITES])


@contextmanager
def _resumable_at(file: SourceFile, line: int) -> Iterator[None]:
    """When the block raises Unavailable, add the first line that may not be stored, and how to resume the import."""
    try:
        yield
    except Unavailable as error:
        message = f"{file.path}, line {line}: {error.message}; run the same command again to go on"
        raise Unavailable(message, field=error.field) from error


def _new_marker(source: Source, file: SourceFile, policy: str) -> Item:
    key = {"pk": IMPORT_MARKER, "sk": f"{file.table.name}/{file.name}"}
    return {**key, "source": source.name, "policy": policy, "lines": 0, "stored": 0}
