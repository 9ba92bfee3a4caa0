"""1,000 ids by `-`: approvals and closes on the server, beside a loop of the same requests by as many threads."""

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from commercive_cli.services.seed.plan import Plan
from commercive_cli.services.seed.service import SeedService
from commercive_cli.store.items import Item
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, Table
from tests.benchmarks.command_line import FLOOR, OURS
from tests.benchmarks.measuring import Measured, Row, Sample, child, in_turns, python
from tests.benchmarks.places import REGION, Places
from tests.benchmarks.recording import Exchange, recording
from tests.services.raw_data import rows
from tests.services.transfer.stores import sqlite_store

IDS, TURNS, SEEDED = 1_000, 2, 4
OURS_AT, THEIRS, REHEARSED = "bulk-ours_", "bulk-bare_", "bulk-rehearsed_"


def of_leads(places: Places) -> Measured:
    """Measure approvals of seeded leads, whose flags are looked at, too."""
    line = ["leads", "approve", "-", "--commission", "5", "--despite-flags", "-o", "json"]
    return _measure(places, LEADS, "pending", line)


def of_conversations(places: Places) -> Measured:
    """Measure closes of open conversations."""
    return _measure(places, CONVERSATIONS, "open", ["chat", "close", "-", "-o", "json"])


def _measure(places: Places, table: Table, status: str, line: list[str]) -> Measured:
    made = _made(places, table, status)
    chosen = [str(item[table.partition.name]) for item in made[table]]
    for prefix in (OURS_AT, THEIRS, REHEARSED):
        places.filled(f"{table.name}-{prefix}", made)
    turns = iter([chosen[at : at + IDS] for at in range(0, len(chosen), IDS)])
    given, requests, out = (places.directory / name for name in ("ids", "requests", "out"))

    def run(prefix: str, endpoint: str) -> Sample:
        store = f"dynamodb://{REGION}?endpoint={endpoint}&prefix={table.name}-{prefix}"
        return child(python(OURS, *line), places.environment | {"COMMERCIVE_STORE": store}, out, given)

    def ours() -> Sample:
        given.write_text("\n".join(next(turns)))
        return run(OURS_AT, places.endpoint)

    def floor() -> Sample:
        with recording(places.endpoint) as rehearsal:
            run(REHEARSED, rehearsal.url)
        requests.write_text(_lines(rehearsal.exchanges))
        bare = python(FLOOR.format("requests"), str(requests))
        return child(bare, places.environment | {"AWS_ENDPOINT_URL": places.endpoint}, out)

    return replace(in_turns(ours, floor, TURNS, warm=False), note=f"{len(requests.read_text().splitlines())} requests")


def _made(places: Places, table: Table, status: str) -> dict[Table, list[Item]]:
    """Return made-up data with so many items of a status as all turns take, and what decisions about them touch."""
    needed = TURNS * IDS
    count = SEEDED * needed
    plan = Plan(conversations=count, messages=count, affiliates=50, leads=count, rng=5)
    with closing(sqlite_store(places.directory / f"bulk-{table.name}.db")) as store:
        SeedService(store).run(plan)
        found = [each for each in rows(store, table) if each["status"] == status][:needed]
        assert len(found) == needed, len(found)
        return {table: found, **{each: rows(store, each) for each in (AFFILIATE_LINKS, AFFILIATE_STATS)}}


def _lines(exchanges: Sequence[Exchange]) -> str:
    """Return the requests as lines for the floor, on its own tables and with tokens of its own."""
    sent = [
        (each.operation, {name: value for name, value in each.parameters.items() if name != "ClientRequestToken"})
        for each in exchanges
    ]
    return "\n".join(json.dumps([each]) for each in sent).replace(REHEARSED, THEIRS)


ROWS = [
    Row("1,000 approvals by -", "the same requests by boto3, 8 threads", 1.1, of_leads),
    Row("1,000 closes by -", "the same requests by boto3, 8 threads", 1.1, of_conversations),
]
