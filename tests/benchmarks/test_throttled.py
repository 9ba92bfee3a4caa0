"""A hundred thousand items into tables that take 500 writes a second: they arrive whole, imported or adopted."""

import time
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from commercive_cli.engines.dynamodb.live_source import LiveSource
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.services.adopt.service import AdoptionService, Steps, Wish
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.seed.plan import Plan
from commercive_cli.services.seed.service import SeedService
from commercive_cli.store.port import OnThrottled
from commercive_cli.store.schema import TABLES
from tests.engines.dynamodb.doubles import serving, session_with_credentials
from tests.engines.dynamodb.legacy import legacy_tables
from tests.engines.dynamodb.throttled import ThrottledServer
from tests.services.adopt.old_backend import old_backend
from tests.services.fakes import DAY, START, ManualClock
from tests.services.transfer.stores import connected, exported, importer, sqlite_store, with_tables

pytestmark = pytest.mark.benchmark
WRITES = 500
LEAST_SHARE = 0.8
"""How much of what the tables take is to be used."""


def _prefix() -> str:
    return f"t-{uuid4().hex[:8]}_"


def _store(endpoint: str, prefix: str, on_throttled: OnThrottled) -> DynamoDBStore:
    session = session_with_credentials()
    return DynamoDBStore("eu-west-1", prefix=prefix, endpoint=endpoint, session=session, on_throttled=on_throttled)


def test_an_import_uses_what_the_tables_take(
    real_endpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is lost, and no time either."""
    with closing(sqlite_store(tmp_path / "store.db")) as source:
        SeedService(source).run(Plan(conversations=8_000, messages=80_000, affiliates=100, leads=10_000, rng=1))
        made = exported(source, tmp_path / "export")
    prefix, throttled = _prefix(), list[str]()

    def waits(table: str) -> bool:
        throttled.append(table)
        return True

    front = ThrottledServer(real_endpoint, time.monotonic, writes=WRITES)
    with closing(with_tables(connected(real_endpoint, prefix))) as direct, serving(front) as server:
        with closing(_store(server.url, prefix, waits)) as store:
            began = time.monotonic()
            stored, _ = importer(store).import_files(tmp_path / "export")
            took = time.monotonic() - began
        arrived = exported(direct, tmp_path / "again")
        for table in TABLES:
            direct.delete_table(table)
    items, requests = sum(stored.values()), len(server.requests)
    with capsys.disabled():
        print(  # noqa: T201 - it measures
            f"\n{items:,} items in {took:.0f} s, {items / took:.0f} a second; "
            f"{len(throttled):,} of {requests:,} requests were throttled"
        )

    assert made == arrived
    assert items / took >= LEAST_SHARE * WRITES


def test_an_adoption_arrives_whole(real_endpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """From live tables, read at 200 units a second, with the marks and audit rows that an adoption writes beside."""
    old, theirs, ours = old_backend(5, conversations=11_500, leads=32_000), f"o-{uuid4().hex[:8]}_", _prefix()
    wanted, brought, throttled = sum(map(len, old.tables_by_name.values())), list[int](), list[str]()

    def waits(table: str) -> bool:
        throttled.append(table)
        return True

    front = ThrottledServer(real_endpoint, time.monotonic, writes=WRITES)
    with (
        legacy_tables(real_endpoint, theirs, old.tables_by_name),
        closing(with_tables(connected(real_endpoint, ours))) as direct,
        serving(front) as server,
        closing(_store(server.url, ours, waits)) as store,
        closing(
            LiveSource(
                "eu-west-1",
                prefix=theirs,
                endpoint=real_endpoint,
                session=session_with_credentials(),
                read_units=200,
                on_throttled=waits,
            )
        ) as source,
    ):
        began = time.monotonic()
        answer = AdoptionService(store, ManualClock(START + DAY)).run(
            source, "ops", Wish(final=True), Steps(on_brought=brought.append)
        )
        took = time.monotonic() - began
        audit = AuditService(direct).run("ops")
        for table in TABLES:
            direct.delete_table(table)
    with capsys.disabled():
        print(  # noqa: T201 - it measures
            f"\n{wanted:,} items, {front.written:,} writes in {took:.0f} s, {front.written / took:.0f} a second; "
            f"{len(throttled):,} of {len(server.requests):,} requests were throttled"
        )

    assert [] == [each for each in answer.reconciliation if not each.balanced]
    assert [] == audit.findings
    assert wanted == sum(brought) == sum(each.read for each in answer.tables)
