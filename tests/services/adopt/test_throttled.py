"""Adoptions of live tables into tables that take fewer writes a second than an adoption could send."""

from contextlib import closing
from uuid import uuid4

from commercive_cli.services.adopt.service import AdoptionService, Steps, Wish
from commercive_cli.services.audit.service import AuditService
from commercive_cli.store.schema import TABLES
from tests.engines.dynamodb.doubles import ManualTime, Watch, serving, store_at
from tests.engines.dynamodb.legacy import legacy_tables
from tests.engines.dynamodb.test_live_source import source_at
from tests.engines.dynamodb.throttled import ThrottledServer
from tests.services.adopt.old_backend import old_backend
from tests.services.fakes import DAY, START, ManualClock
from tests.services.transfer.stores import connected, with_tables


def test_an_adoption_beyond_what_tables_take_arrives_whole(real_endpoint: str) -> None:
    """Live tables, at 20 read units and 500 writes a second: all arrive and balance, the old ones stay untouched."""
    time, told, brought = ManualTime(), set[str](), list[int]()

    def waits(table: str) -> bool:
        told.add(table)
        return True

    old, theirs, ours = old_backend(5, conversations=60, leads=100), f"o-{uuid4().hex[:8]}_", f"t-{uuid4().hex[:8]}_"
    watch, server = Watch(real_endpoint), ThrottledServer(real_endpoint, time.now, writes=500)
    with (
        legacy_tables(real_endpoint, theirs, old.tables_by_name),
        closing(with_tables(connected(real_endpoint, ours))) as direct,
        serving(watch) as tables_in_use,
        serving(server) as front,
        closing(store_at(front.url, time, prefix=ours, on_throttled=waits)) as store,
        closing(source_at(tables_in_use.url, time, prefix=theirs, read_units=20)) as source,
    ):
        adoption = AdoptionService(store, ManualClock(START + DAY))
        answer = adoption.run(source, "ops", Wish(final=True), Steps(on_brought=brought.append))
        audit = AuditService(direct).run("ops")
        for table in TABLES:
            direct.delete_table(table)

    assert [] == [each for each in answer.reconciliation if not each.balanced]
    assert [] == audit.findings
    assert sum(map(len, old.tables_by_name.values())) == sum(brought) == sum(each.read for each in answer.tables)
    assert [] == watch.changed
    assert server.throttled > 0
    assert told
