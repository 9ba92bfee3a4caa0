"""Imports: files checked before the first write, stored in order, resumable, and audited at the end."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from commercive_cli.domain.answers import Imported
from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Conflict
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.transfer.export import IMPORT_MARKER
from commercive_cli.services.transfer.source import Source, SourceFile, open_source
from commercive_cli.store.items import Item, Key
from commercive_cli.store.limits import TRANSACTION_WRITES
from commercive_cli.store.port import ConditionFailed, Page, Store
from commercive_cli.store.schema import OPS, TABLES
from commercive_cli.store.writes import Absent, Delete, Put

BATCH = 1_000
POLICIES = ("fail", "skip", "overwrite")
Progress = Callable[[int], None]
_Numbered = tuple[int, Item]


@dataclass(frozen=True)
class ImportService:
    """Reads an export into a store whose tables exist."""

    store: Store
    audit: AuditService

    def run(
        self, directory: Path, actor: str, *, on_conflict: str = "fail", progress: Progress = lambda _: None
    ) -> Imported:
        """Import an export, then audit the store.

        An item whose key is taken by a different item stops the import (fail), stays as it is (skip), or is replaced
        (overwrite); an equal item is fine. A run that died goes on where it stopped when it is repeated. Raises
        Invalid, naming file and line, for files that are not what was exported.
        """
        policy = choose(on_conflict, POLICIES, "on-conflict")
        source = open_source(directory)
        for file in source.files:
            file.check()
        fresh = self._fresh_tables(source)
        stored, skipped = self._load(source, policy, fresh, progress)
        self._forget(source)
        return Imported(stored=stored, skipped=skipped, audit=self.audit.run(actor))

    def _load(
        self, source: Source, policy: str, fresh: set[str], progress: Progress
    ) -> tuple[dict[str, int], dict[str, int]]:
        stored, skipped = Counter({table.name: 0 for table in TABLES}), Counter({table.name: 0 for table in TABLES})
        for file in source.files:
            whole = policy == "overwrite" or file.table.name in fresh
            for done, batch in self._batches(source, file):
                left = len(batch) if whole else self._put_absent(file, batch, policy)
                if whole:
                    self.store.batch_put(file.table, (item for _, item in batch))
                self._remember(source, file, done)
                stored[file.table.name] += left
                skipped[file.table.name] += len(batch) - left
                progress(len(batch))
        return dict(stored), dict(skipped)

    def _batches(self, source: Source, file: SourceFile) -> Iterator[tuple[int, list[_Numbered]]]:
        """Yield batches behind what an earlier run stored, each with the number of its last line."""
        marker = self.store.get(OPS, _marker_place(source, _name(file)))
        numbered = file.parsed(skip=marker["lines"] if marker else 0)
        while batch := list(islice(numbered, BATCH)):
            yield batch[-1][0], batch

    def _put_absent(self, file: SourceFile, batch: list[_Numbered], policy: str) -> int:
        """Store what has no item in its place yet; return how many those were."""
        chunks = (batch[start : start + TRANSACTION_WRITES] for start in range(0, len(batch), TRANSACTION_WRITES))
        return sum(self._put_chunk(file, chunk, policy) for chunk in chunks)

    def _put_chunk(self, file: SourceFile, chunk: list[_Numbered], policy: str) -> int:
        while chunk:
            try:
                self.store.transact(*(Put(file.table, item, when=Absent()) for _, item in chunk))
                return len(chunk)
            except ConditionFailed as failed:
                taken = failed.failures
            for position, found in taken.items():
                number, item = chunk[position]
                if policy == "fail" and found != item:
                    raise Conflict(
                        f"{file.path}, line {number}: the store holds a different item with this key; "
                        "import with --on-conflict skip or overwrite"
                    )
            chunk = [row for position, row in enumerate(chunk) if position not in taken]
        return 0

    def _fresh_tables(self, source: Source) -> set[str]:
        """Return the tables that were empty when this import began: nothing can stand in the way there."""
        place = _marker_place(source, "begun")
        known = self.store.get(OPS, place)
        if known is not None:
            return set(known["fresh"])
        fresh = [table.name for table in TABLES if self.store.scan(table) == Page([])]
        self.store.transact(Put(OPS, {**place, "fresh": fresh}))
        return set(fresh)

    def _remember(self, source: Source, file: SourceFile, lines: int) -> None:
        self.store.transact(Put(OPS, {**_marker_place(source, _name(file)), "lines": lines}))

    def _forget(self, source: Source) -> None:
        for name in [*map(_name, source.files), "begun"]:
            self.store.transact(Delete(OPS, _marker_place(source, name)))


def _name(file: SourceFile) -> str:
    return f"{file.table.name}/{file.path.name}"


def _marker_place(source: Source, name: str) -> Key:
    return {"pk": f"{IMPORT_MARKER}{source.name}", "sk": name}
