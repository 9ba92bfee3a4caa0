"""Imports: files checked before the first write, stored in order, resumable, and audited at the end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from commercive_cli.domain.answers import Imported
from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Conflict
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.transfer.export import IMPORT_MARKER, Progress, is_marker, silent
from commercive_cli.services.transfer.source import Row, Source, SourceFile, open_source
from commercive_cli.store.items import Key
from commercive_cli.store.limits import TRANSACTION_BYTES, TRANSACTION_WRITES, check_item
from commercive_cli.store.port import ConditionFailed, Page, Store
from commercive_cli.store.schema import OPS, TABLES
from commercive_cli.store.writes import Absent, Delete, Put

BATCH_ITEMS = 6_000
BATCH_BYTES = 8 * 1024 * 1024
POLICIES = ("fail", "skip", "overwrite")
_BEGUN = "begun"


@dataclass(frozen=True)
class ImportService:
    """Reads an export into a store whose tables exist."""

    store: Store
    audit: AuditService

    def run(self, directory: Path, actor: str, *, on_conflict: str = "fail", progress: Progress = silent) -> Imported:
        """Import an export, then audit the store.

        An item whose key is taken by a different item stops the import (fail), stays as it is (skip), or is replaced
        (overwrite); an equal item is fine. A run that died goes on where it stopped when it is repeated. Tables that
        were empty when the import began are filled without looking: nobody else should write to them meanwhile.
        Raises Invalid, naming file and line, for files that are not what was exported: those whose hash or count is
        wrong before the first write, items that cannot be stored when they are met. Two lines of one key are refused
        when they are met in one batch, and in a sorted file, as those of our exports are, wherever they are.
        """
        stored, skipped = self.load(directory, on_conflict=on_conflict, progress=progress)
        return Imported(stored=stored, skipped=skipped, audit=self.audit.run(actor))

    def load(
        self, directory: Path, *, on_conflict: str = "fail", progress: Progress = silent
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Import an export without the audit; return how many items of each table were stored, and how many skipped."""
        policy = choose(on_conflict, POLICIES, "on-conflict")
        source = open_source(directory)
        for file in source.files:
            file.check()
        fresh = self._fresh_tables(source)
        stored, skipped = {table.name: 0 for table in TABLES}, {table.name: 0 for table in TABLES}
        for file in source.files:
            whole = policy == "overwrite" or file.table.name in fresh
            done = self._load(source, file, None if whole else policy, progress)
            stored[file.table.name] += done["stored"]
            skipped[file.table.name] += done["lines"] - done["stored"]
        self._forget(source)
        return stored, skipped

    def _load(self, source: Source, file: SourceFile, policy: str | None, progress: Progress) -> dict[str, int]:
        """Store what an earlier run left of a file; return how many lines are done and how many items were stored."""
        place = _marker_place(source, _name(file))
        known = self.store.get(OPS, place) or {"lines": 0, "stored": 0}
        done = {name: known[name] for name in ("lines", "stored")}
        rows = file.parsed(skip=done["lines"] - 1)
        before = [next(rows)] if done["lines"] else []
        if file.table is OPS:
            rows = (row for row in rows if not is_marker(OPS, row.item.get("pk")))
        for batch in _grouped(rows, BATCH_ITEMS, BATCH_BYTES):
            file.check_distinct(before + batch)
            before = batch[-1:]
            with file.naming(batch):
                stored = self._put(file, batch) if policy is None else self._put_absent(file, batch, policy)
            done = {"lines": batch[-1].number, "stored": done["stored"] + stored}
            self.store.transact(Put(OPS, {**place, **done}))
            progress(len(batch))
        return done

    def _put(self, file: SourceFile, batch: list[Row]) -> int:
        return self.store.batch_put(file.table, (row.item for row in batch))

    def _put_absent(self, file: SourceFile, batch: list[Row], policy: str) -> int:
        """Store what has no item in its place yet; return how many those were."""
        for row in batch:
            check_item(file.table, row.item)
        chunks = _grouped(batch, TRANSACTION_WRITES, TRANSACTION_BYTES)
        return sum(self._put_chunk(file, chunk, policy) for chunk in chunks)

    def _put_chunk(self, file: SourceFile, chunk: list[Row], policy: str) -> int:
        while chunk:
            try:
                self.store.transact(*(Put(file.table, row.item, when=Absent()) for row in chunk))
                return len(chunk)
            except ConditionFailed as failed:
                taken = failed.failures
            for position, found in taken.items():
                row = chunk[position]
                if policy == "fail" and found != row.item:
                    raise Conflict(
                        f"{file.path}, line {row.number}: the store holds a different item with this key; "
                        "import with --on-conflict skip or overwrite"
                    )
            chunk = [row for position, row in enumerate(chunk) if position not in taken]
        return 0

    def _fresh_tables(self, source: Source) -> set[str]:
        """Return the tables that were empty when this import began: nothing can stand in the way there."""
        place = _marker_place(source, _BEGUN)
        known = self.store.get(OPS, place)
        if known is not None:
            return set(known["fresh"])
        fresh = [table.name for table in TABLES if self.store.scan(table) == Page([])]
        self.store.transact(Put(OPS, {**place, "fresh": fresh}))
        return set(fresh)

    def _forget(self, source: Source) -> None:
        """Drop the markers, first of all that tables were fresh: what is in them now must not be overwritten again."""
        places = [_marker_place(source, name) for name in (_BEGUN, *map(_name, source.files))]
        for start in range(0, len(places), TRANSACTION_WRITES):
            self.store.transact(*(Delete(OPS, place) for place in places[start : start + TRANSACTION_WRITES]))


def _grouped(rows: Iterable[Row], most: int, most_bytes: int) -> Iterator[list[Row]]:
    """Yield the rows in lists of at most so many items and bytes."""
    group: list[Row] = []
    size = 0
    for row in rows:
        if group and (len(group) == most or size + row.size > most_bytes):
            yield group
            group, size = [], 0
        group.append(row)
        size += row.size
    if group:
        yield group


def _name(file: SourceFile) -> str:
    return f"{file.table.name}/{file.name}"


def _marker_place(source: Source, name: str) -> Key:
    return {"pk": f"{IMPORT_MARKER}{source.name}", "sk": name}
