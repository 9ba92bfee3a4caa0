"""An adoption from its beginning to its end: read everything, convert it, write what is new or changed, compare."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from commercive_cli.domain.answers.adoption import Adopted
from commercive_cli.domain.clock import CLOCKS_DIFFER_MS, Clock, Sleep, system_clock
from commercive_cli.domain.errors import SAME_KEY, CommerciveError, Conflict, Misconfigured
from commercive_cli.domain.links import DASHBOARD_URL, affiliate_url
from commercive_cli.domain.text import actor_id
from commercive_cli.services.access.foreign import refuse_foreign
from commercive_cli.services.access.scan import OnItems, ignore_items
from commercive_cli.services.adopt.conversion import Times
from commercive_cli.services.adopt.lease import Holder, Lease, held, this_process
from commercive_cli.services.adopt.mapping import LEGACY, Legacy
from commercive_cli.services.adopt.marks import is_mark
from commercive_cli.services.adopt.partners import bring_partners
from commercive_cli.services.adopt.problems import Problems
from commercive_cli.services.adopt.quarantine import QuarantineFile
from commercive_cli.services.adopt.reconciliation import Ledger
from commercive_cli.services.adopt.run import Counts, Run, Writer
from commercive_cli.services.adopt.source import LegacySource, LegacyTable, legacy_tables
from commercive_cli.services.adopt.spool import Spool
from commercive_cli.services.adopt.threads import bring_threads
from commercive_cli.services.adopt.values import as_time
from commercive_cli.store.items import Item, text_item
from commercive_cli.store.port import Page, Store
from commercive_cli.store.schema import OPS, TABLES


@dataclass(frozen=True)
class Wish:
    """What kind of run is wanted: a rehearsal, the last one, with which quarantine file."""

    dry_run: bool = False
    final: bool = False
    quarantine: Path | None = None


@dataclass(frozen=True)
class Steps:
    """Whom to tell how many items were read, brought and compared."""

    on_read: OnItems = ignore_items
    on_brought: OnItems = ignore_items
    on_compared: OnItems = ignore_items


@dataclass(frozen=True)
class AdoptionService:
    """Brings over what the backend before this one holds, as often as it is wanted.

    Nothing is written before all was read and found to be what the source says it is. Memory holds the longest
    thread; everything else is on disk, in a file without a name.
    """

    store: Store
    clock: Clock = system_clock
    dashboard_url: str = DASHBOARD_URL
    holder: Callable[[], Holder] = field(default=this_process)
    sleep: Sleep = time.sleep

    def items(self, source: LegacySource) -> int | None:
        """Return about how many items there are to read, None when the source does not know."""
        counts = [table.items for table in legacy_tables(source, source.tables()).values()]
        return None if None in counts else sum(each or 0 for each in counts)

    def run(self, source: LegacySource, actor: str, wish: Wish, steps: Steps) -> Adopted:
        """Adopt a source.

        Raises Conflict while another adoption runs, or when the source is the target, Misconfigured when tables are
        missing on either side, Invalid when an export is not whole.
        """
        by = actor_id(actor)
        if source.place == self.store.target:
            raise Conflict(f"{source.place} cannot be adopted into itself; name another store with --store")
        found = source.tables()
        tables = legacy_tables(source, found)
        self._check_target()
        place = nullcontext() if wish.dry_run else held(self.store, self.clock, self.holder(), by, self.sleep)
        with place as lease, _spooled(self.clock()) as spool:
            run = self._run(spool, by, source.prefix, lease, steps.on_brought)
            file = None if wish.quarantine is None else QuarantineFile(wish.quarantine)
            self._read(source, tables, run, file, steps.on_read)
            names = {table.name for table in tables.values()}
            skipped = [table.name for table in found if table.name not in names]
            with nullcontext() if wish.dry_run else _going_on(run.counts):
                bring_threads(run)
                bring_partners(run)
                if file is not None and not wish.dry_run:
                    file.write(spool)
                return self._answer(run, source.place, skipped, wish, steps.on_compared)

    def _check_target(self) -> None:
        refuse_foreign(self.store)
        missing = [table.name for table in TABLES if self.store.describe_table(table) is None]
        if missing:
            names = ", ".join(self.store.prefix + name for name in missing)
            raise Misconfigured(f"{self.store.target} has no {names}; make them first: commercive tables create")

    def _run(self, spool: Spool, by: str, prefix: str, lease: Lease | None, on_brought: OnItems) -> Run:
        run = Run(
            self.store,
            Writer(self.store, lease),
            spool,
            by,
            Times(spool.now, 0),
            fresh=self._is_empty(),
            prefix=prefix,
            problems=Problems(),
            counts=Counts(),
            ledger=Ledger(spool),
            form_of=lambda code: affiliate_url(self.dashboard_url, code),
            on_brought=on_brought,
        )
        spool.on_unkeyed = run.ledger.unkeyed
        return run

    def _read(
        self,
        source: LegacySource,
        tables: dict[Legacy, LegacyTable],
        run: Run,
        file: QuarantineFile | None,
        on_read: OnItems,
    ) -> None:
        """Read everything; what the quarantine file completes stands in place of what is there."""
        if file is not None:
            file.read(run.spool)
        began = self.clock()
        for legacy, table in tables.items():
            for page in source.pages(table):
                run.spool.add(legacy, page)
                run.counts.add(legacy, "read", len(page))
                on_read(len(page))
                for item in _written_since(page, began) if source.live else ():
                    run.note(legacy, str(item.get(legacy.key)))("written-meanwhile", "it changed while it was read")
        run.spool.resolve()
        run.times = Times(run.spool.now, run.spool.latest or began)

    def _is_empty(self) -> bool:
        """Return whether there is nothing in the tables, and never was by an adoption: nothing need be compared."""
        others = self.store.scan(OPS)  # the lease is there
        marked = others.next is not None or any(is_mark(item) for item in others.items)
        return not marked and all(self.store.scan(table) == Page([]) for table in TABLES if table is not OPS)

    def _answer(self, run: Run, place: str, skipped: list[str], wish: Wish, on_compared: OnItems) -> Adopted:
        aside = 0
        for _, name, text, reason, seen in run.spool.aside():
            [legacy] = (each for each in LEGACY if each.name == name)
            if not seen:
                run.note(legacy, _key_in(text, legacy))("no-longer-there", "completed in the quarantine file")
            elif reason:
                aside += 1
                run.counts.add(legacy, "quarantined")
                run.note(legacy, _key_in(text, legacy))("quarantine", reason)
        return Adopted(
            source=place,
            dry_run=wish.dry_run,
            final=wish.final,
            tables=run.counts.answers(run.prefix),
            problems=run.problems.answers(),
            skipped=skipped,
            in_quarantine=aside,
            quarantine=str(wish.quarantine) if wish.quarantine is not None else None,
            reconciliation=[] if wish.dry_run else run.ledger.balances(self.store, on_compared),
        )


@contextmanager
def _going_on(counts: Counts) -> Iterator[None]:
    """Say in a failure how much was brought before, and that the same command goes on: an adoption has no key."""
    try:
        yield
    except CommerciveError as error:
        told = error.message if SAME_KEY in error.message else f"{error.message}; {SAME_KEY}"
        done = f"{counts.written():,} items were brought before, and stay; run the same command again to go on"
        error.message = told.replace(SAME_KEY, done)
        raise


@contextmanager
def _spooled(now: int) -> Iterator[Spool]:
    spool = Spool(now + CLOCKS_DIFFER_MS)
    try:
        yield spool
    finally:
        spool.close()


def _written_since(page: list[Item], began: int) -> Iterator[Item]:
    for item in page:
        times = (as_time(item.get(name)) or 0 for name in ("created_at", "updated_at"))
        if began <= max(times) <= began + 24 * 3_600_000:
            yield item


def _key_in(text: str, legacy: Legacy) -> str:
    return str(text_item(text).get(legacy.key, "an item without a key"))
