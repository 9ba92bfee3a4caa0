"""Loads made-up data in bulk, once: a rerun finishes a run that died, and does nothing after one that did not.

The first run puts items without looking. A rerun puts those that are missing: somebody may have worked with the others.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from commercive_cli.domain.answers.seed import Seeded
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Conflict
from commercive_cli.domain.links import DASHBOARD_URL
from commercive_cli.services.access.foreign import refuse_foreign
from commercive_cli.services.access.insert_missing import insert_missing
from commercive_cli.services.seed.plan import Plan, demo_plan
from commercive_cli.services.seed.sales import sales
from commercive_cli.services.seed.traffic import traffic
from commercive_cli.store.items import Item, Key
from commercive_cli.store.limits import TRANSACTION_WRITES
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import OPS, TABLES, Table
from commercive_cli.store.writes import Absent, Condition, Equals, Put

BATCH = 2_000
OnItems = Callable[[int], None]
"""Is told how many items were stored since the last call."""


@dataclass(frozen=True)
class SeedService:
    """Fills a store with made-up data; `dashboard_url` goes into affiliate links."""

    store: Store
    clock: Clock = system_clock
    dashboard_url: str = DASHBOARD_URL

    def demo(self) -> Seeded:
        """Load the demo data set, ending now; when it is there already, change nothing."""
        return self._load(demo_plan(self.clock()), lambda _: None)

    def run(self, plan: Plan, progress: OnItems = lambda _: None) -> Seeded:
        """Load what the plan says; when the same plan was loaded already, change nothing.

        A run that was killed leaves counters that do not add up; the same command again completes it, and leaves alone
        what is there. Where somebody worked with half-loaded conversations meanwhile, `tables audit --fix` counts anew.
        """
        plan.check()
        return self._load(plan, progress)

    def _load(self, plan: Plan, progress: OnItems) -> Seeded:
        refuse_foreign(self.store)
        known = self.store.get(OPS, _place(plan))
        if known is not None and known["state"] == "done":
            return _seeded(plan, changed=False)
        begun = plan if known is None else replace(plan, until=known["until"])
        self._begin(begun, Absent() if known is None else Equals("state", "loading"))
        put = self.store.batch_put if known is None else self._put_missing
        for table, batch in _batches(chain(traffic(begun), sales(begun, self.dashboard_url))):
            put(table, batch)
            progress(len(batch))
        self.store.transact(Put(OPS, _marker(begun, "done"), when=Equals("state", "loading")))
        return _seeded(plan, changed=True)

    def _begin(self, plan: Plan, when: Condition) -> None:
        try:
            self.store.transact(Put(OPS, _marker(plan, "loading"), when=when))
        except ConditionFailed:
            raise Conflict(
                "somebody else has just begun to load this data; nothing was written, try again later"
            ) from None

    def _put_missing(self, table: Table, items: list[Item]) -> int:
        chunks = (items[start : start + TRANSACTION_WRITES] for start in range(0, len(items), TRANSACTION_WRITES))
        return sum(insert_missing(self.store, table, chunk, lambda *_: None) for chunk in chunks)


def _place(plan: Plan) -> Key:
    return {"pk": "seed", "sk": plan.name}


def _marker(plan: Plan, state: str) -> Item:
    return {**_place(plan), "state": state, "until": plan.until}


def _batches(rows: Iterator[tuple[Table, Item]]) -> Iterator[tuple[Table, list[Item]]]:
    waiting: dict[str, tuple[Table, list[Item]]] = {table.name: (table, []) for table in TABLES}
    for table, item in rows:
        held = waiting[table.name][1]
        held.append(item)
        if len(held) == BATCH:
            yield table, held
            waiting[table.name] = (table, [])
    yield from waiting.values()


def _seeded(plan: Plan, *, changed: bool) -> Seeded:
    return Seeded(
        changed=changed,
        conversations=plan.conversations,
        messages=plan.messages,
        affiliates=plan.affiliates,
        leads=plan.leads,
    )
