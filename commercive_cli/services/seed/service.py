"""Loads generated data once: a rerun finishes an interrupted run, and does nothing after a complete one.

The first run puts all items. A rerun puts only missing items, since the others may have been changed since.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from commercive_cli.domain.answers.seed import Seeded
from commercive_cli.domain.attributes import UNREADABLE
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Conflict, Damaged
from commercive_cli.domain.links import DASHBOARD_URL
from commercive_cli.services.access.foreign import refuse_foreign
from commercive_cli.services.access.insert_missing import insert_missing
from commercive_cli.services.access.scan import OnItems, ignore_items
from commercive_cli.services.seed.affiliates import affiliate_items
from commercive_cli.services.seed.conversations import conversation_items
from commercive_cli.services.seed.plan import Plan, demo_plan
from commercive_cli.store.items import Item, Key
from commercive_cli.store.limits import TRANSACTION_WRITES
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import OPS, TABLES, Table
from commercive_cli.store.writes import Absent, Put

BATCH = 2_000


@dataclass(frozen=True)
class SeedService:
    """Fills a store with generated data; affiliate links begin with `dashboard_url`."""

    store: Store
    clock: Clock = system_clock
    dashboard_url: str = DASHBOARD_URL

    def demo(self) -> Seeded:
        """Load the demo data set, ending now; change nothing when it was loaded already."""
        return self._load(demo_plan(self.clock()), ignore_items)

    def run(self, plan: Plan, progress: OnItems = ignore_items) -> Seeded:
        """Load the data of the plan; change nothing when the same plan was loaded already.

        `progress` is told of the items that `Plan.items` counts.

        A killed run leaves wrong counters; a rerun completes it and keeps the items that exist. If half-loaded
        conversations were used in between, `tables audit --fix` corrects their counters.
        """
        plan.check()
        return self._load(plan, progress)

    def _load(self, plan: Plan, progress: OnItems) -> Seeded:
        refuse_foreign(self.store, written=True)
        marker = self.store.get(OPS, _marker_key(plan))
        if marker is not None and UNREADABLE in marker:
            raise Damaged("the marker of this data cannot be read; see `commercive tables audit`")
        if marker is not None and marker["state"] == "done":
            return _answer(plan, changed=False)
        if marker is None:
            self._begin(plan)
        else:
            plan = replace(plan, until=marker["until"])
        put = self.store.batch_put if marker is None else self._put_missing
        for table, batch in _batches(chain(conversation_items(plan), affiliate_items(plan, self.dashboard_url))):
            put(table, batch)
            progress(len(batch) if table is not OPS else 0)
        self.store.transact(Put(OPS, _marker(plan, "done")))
        return _answer(plan, changed=True)

    def _begin(self, plan: Plan) -> None:
        try:
            self.store.transact(Put(OPS, _marker(plan, "loading"), when=Absent()))
        except ConditionFailed:
            raise Conflict("another command is loading this data; nothing was written, try again later") from None

    def _put_missing(self, table: Table, items: list[Item]) -> int:
        chunks = (items[start : start + TRANSACTION_WRITES] for start in range(0, len(items), TRANSACTION_WRITES))
        return sum(insert_missing(self.store, table, chunk, lambda *_: None) for chunk in chunks)


def _marker_key(plan: Plan) -> Key:
    return {"pk": "seed", "sk": plan.name}


def _marker(plan: Plan, state: str) -> Item:
    return {**_marker_key(plan), "state": state, "until": plan.until}


def _batches(rows: Iterator[tuple[Table, Item]]) -> Iterator[tuple[Table, list[Item]]]:
    batches: dict[str, tuple[Table, list[Item]]] = {table.name: (table, []) for table in TABLES}
    for table, item in rows:
        batch = batches[table.name][1]
        batch.append(item)
        if len(batch) == BATCH:
            yield table, batch
            batches[table.name] = (table, [])
    yield from batches.values()


def _answer(plan: Plan, *, changed: bool) -> Seeded:
    return Seeded(
        changed=changed,
        conversations=plan.conversations,
        messages=plan.messages,
        affiliates=plan.affiliates,
        leads=plan.leads,
    )
