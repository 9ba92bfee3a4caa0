"""A hundred thousand items into tables that take 500 writes a second: they arrive whole, at nearly that rate."""

import time
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.services.seed.plan import Plan
from commercive_cli.services.seed.service import SeedService
from commercive_cli.store.schema import TABLES
from tests.engines.dynamodb.doubles import serving, session_with_credentials
from tests.engines.dynamodb.throttled import ThrottledServer
from tests.services.transfer.stores import connected, exported, importer, sqlite_store, with_tables

pytestmark = pytest.mark.benchmark
WRITES = 500
LEAST_SHARE = 0.8
"""How much of what the tables take is to be used."""


def test_an_import_uses_what_the_tables_take(
    real_endpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is lost, and no time either."""
    with closing(sqlite_store(tmp_path / "store.db")) as source:
        SeedService(source).run(Plan(conversations=8_000, messages=80_000, affiliates=100, leads=10_000, rng=1))
        made = exported(source, tmp_path / "export")
    prefix, throttled = f"t-{uuid4().hex[:8]}_", list[str]()

    def waits(table: str) -> bool:
        throttled.append(table)
        return True

    front = ThrottledServer(real_endpoint, time.monotonic, writes=WRITES)
    with closing(with_tables(connected(real_endpoint, prefix))) as direct, serving(front) as server:
        session = session_with_credentials()
        store = DynamoDBStore("eu-west-1", prefix=prefix, endpoint=server.url, session=session, on_throttled=waits)
        with closing(store):
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
