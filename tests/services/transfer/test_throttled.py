"""Imports into tables that take fewer writes a second than an import could send."""

from contextlib import closing
from pathlib import Path
from uuid import uuid4

from commercive_cli.services.seed.plan import Plan
from commercive_cli.services.seed.service import SeedService
from commercive_cli.store.schema import LEADS, MESSAGES, TABLES
from tests.engines.dynamodb.doubles import ManualTime, serving, store_at
from tests.engines.dynamodb.throttled import ThrottledServer
from tests.services.transfer.stores import connected, exported, findings_of, importer, sqlite_store, with_tables

PLAN = Plan(conversations=100, messages=900, affiliates=10, leads=200, rng=3)


def test_an_import_beyond_what_tables_take_arrives_whole(real_endpoint: str, tmp_path: Path) -> None:
    """Some 1,400 items at 30 writes a second: all arrive, also beside some that are there, and are counted once."""
    with closing(sqlite_store(tmp_path / "store.db")) as source:
        SeedService(source).run(PLAN)
        made = exported(source, tmp_path / "export")
        every_second_lead = source.scan(LEADS).items[::2]
    time, counted, told = ManualTime(), list[int](), set[str]()

    def waits(table: str) -> bool:
        told.add(table)
        return True

    prefix = f"t-{uuid4().hex[:8]}_"
    server = ThrottledServer(real_endpoint, time.now, writes=30, burst=4)
    with closing(with_tables(connected(real_endpoint, prefix))) as direct, serving(server) as front:
        direct.batch_put(LEADS, every_second_lead)
        with closing(store_at(front.url, time, prefix=prefix, on_throttled=waits)) as store:
            done = importer(store).run(tmp_path / "export", "ops", on_conflict="skip", on_items=counted.append)
        arrived = exported(direct, tmp_path / "again")
        for table in TABLES:
            direct.delete_table(table)

    assert [] == findings_of(done)
    assert (900, 100) == (done.stored["messages"], done.stored["leads"])
    assert sum(counted) == sum(done.stored.values()) + sum(done.skipped.values())
    assert made == arrived
    assert {prefix + MESSAGES.name, prefix + LEADS.name} <= told
    assert server.throttled > 0
    assert time.seconds >= 30
