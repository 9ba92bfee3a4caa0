"""How fast and how lean export, import, audit and recompute are, beside bare loops of the same requests.

Every step is a process of its own, so that its peak memory is its own. A bare loop sends what the job sends and drops
the answers: the same scans by as many threads, the same puts of items that are in memory already. On the server it goes
through botocore alone, on SQLite through the store. Limits: 150 MB, and 0.8 of the bare loop.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import Session

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.seed.plan import Plan, usual_conversations
from commercive_cli.services.seed.service import SeedService
from commercive_cli.services.transfer.exporter import ExportService
from commercive_cli.services.transfer.importer import ImportService
from commercive_cli.services.transfer.source import ParsedLine, open_source
from commercive_cli.store.items import encode_item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS, TABLES, Table
from tests.benchmarks.measuring import ROOT, Measured, Row, Sample, in_process, in_turns, python
from tests.services.transfer.stores import connected, with_tables

if TYPE_CHECKING:
    from tests.benchmarks.places import Places

MOST_MB, LEAST_SHARE = 150, 0.8
SEGMENTS, WRITERS, BATCH, HELD = 4, 8, 25, 50_000
AUDITED = (*TABLES, LEADS)
RECOMPUTED = (AFFILIATE_STATS, LEADS)
JOBS = ("export", "import", "audit", "recompute")
STEP = "import sys; from tests.benchmarks.transfer import report; report(*sys.argv[1:])"
SERVER_SHARE = 10
"""The part of the messages that is moved on a server, which takes so much longer to fill."""


@dataclass(frozen=True)
class Asked:
    """What a step works on: a store, a directory for exports, and how many messages there are to be."""

    place: str
    directory: Path
    messages: int


@dataclass(frozen=True)
class Stores:
    """The places of a source with data and of a target, by engine, and what the jobs have in common."""

    source: str
    target: str
    directory: Path
    messages: int

    def step(self, name: str, place: str) -> dict[str, Any]:
        """Run one step in a process of its own."""
        command = python(STEP, name, place, str(self.directory), str(self.messages))
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)  # noqa: S603 - this module
        return dict(json.loads(done.stdout))


@lru_cache(maxsize=1)
def _stores(engine: str, directory: Path, messages: int, endpoint: str) -> Stores:
    """Return stores of which the source holds data, which has been exported and imported once."""
    directory = directory / f"transfer-{engine}"
    directory.mkdir()
    source, target = (f"{endpoint} {name}_" if endpoint else f"{directory}/{name}.db" for name in ("source", "target"))
    stores = Stores(source, target, directory, messages)
    for step, place in (("seed", source), ("export", source), ("import", target)):
        stores.step(step, place)
    return stores


def measure(engine: str, job: str, places: "Places") -> Measured:
    """Measure a job and its bare loop in turns, since a server changes with what it has been through."""
    on_server = engine == "server"
    messages = places.messages // (SERVER_SHARE if on_server else 1)
    stores = _stores(engine, places.directory, messages, places.endpoint if on_server else "")
    place = stores.source if job == "export" else stores.target
    done: list[dict[str, Any]] = []

    def step(name: str) -> Sample:
        done.append(stores.step(name, place))
        return Sample(done[-1]["seconds"], done[-1]["cpu"])

    measured = in_turns(lambda: step(job), lambda: step(f"bare-{job}"), max(2, places.turns // 2), warm=False)
    peak = max(each["mb"] for each in done[::2])
    beyond = "" if peak < MOST_MB else f", beyond {MOST_MB}"
    rate = done[0]["items"] / measured.wall[0]
    return replace(measured, note=f"{rate:,.0f} items/s, {peak:.0f} MB{beyond}")


def report(step: str, place: str, directory: str, messages: str) -> None:
    """Run a step in this process, and print what it took as JSON."""
    asked = Asked(place, Path(directory), int(messages))
    with closing(_opened(place)) as store:
        store.describe_table(LEADS)  # so that nobody's time holds the making of the connection
        sample, items = STEPS[step](store, asked)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": sample.wall, "cpu": sample.cpu, "items": items, "mb": peak}))


def _seed(store: Store, asked: Asked) -> tuple[Sample, int]:
    with_tables(store)
    n = asked.messages
    plan = Plan(conversations=usual_conversations(n), messages=n, affiliates=max(1, n // 200), leads=n // 10)
    counted: list[int] = []
    return in_process(lambda: SeedService(store).run(plan, counted.append)), sum(counted)


def _export(store: Store, asked: Asked) -> tuple[Sample, int]:
    directory = asked.directory / f"export-{time.monotonic_ns()}"
    sample = in_process(lambda: ExportService(store).run(directory))
    (asked.directory / "newest").write_text(str(directory))
    return sample, sum(file.items for file in open_source(directory).files)


def _import(store: Store, asked: Asked) -> tuple[Sample, int]:
    """Import into tables made anew; the audit at the end is measured on its own."""
    _emptied(store)
    directory = Path((asked.directory / "newest").read_text())
    sample = in_process(lambda: ImportService(store, AuditService(store)).import_files(directory))
    return sample, sum(file.items for file in open_source(directory).files)


def _audit(store: Store, _asked: Asked) -> tuple[Sample, int]:
    checked: dict[str, int] = {}
    sample = in_process(lambda: checked.update(AuditService(store).run("bench").checked))
    return sample, sum(checked.values()) + checked["leads"]


def _recompute(store: Store, _asked: Asked) -> tuple[Sample, int]:
    checked: list[int] = []
    sample = in_process(lambda: checked.append(RecomputeService(store).all("bench").checked))
    return sample, checked[0]


def _bare_scan(tables: tuple[Table, ...]) -> Callable[[Store, Asked], tuple[Sample, int]]:
    def loop(store: Store, asked: Asked) -> tuple[Sample, int]:
        pages = _raw_pages(asked.place) if " " in asked.place else _store_pages(store)

        def read(place: tuple[Table, int]) -> int:
            return sum(pages(*place))

        def scan() -> None:
            with ThreadPoolExecutor(store.scans_at_once) as pool:
                places = ([(table, segment) for segment in range(SEGMENTS)] for table in tables)
                counts.extend(sum(pool.map(read, each)) for each in places)

        counts: list[int] = []
        return in_process(scan), sum(counts)

    return loop


def _bare_import(store: Store, asked: Asked) -> tuple[Sample, int]:
    """Put what the export holds, from memory: reading and parsing the files is not in the time."""
    _emptied(store)
    put = _raw_put(asked.place) if " " in asked.place else _store_put(store)
    wall, cpu, items = 0.0, 0.0, 0
    for file in open_source(Path((asked.directory / "newest").read_text())).files:
        rows = file.parsed_lines()
        while held := list(islice(rows, HELD)):
            sample = in_process(put(file.table, held))
            wall, cpu, items = wall + sample.wall, cpu + sample.cpu, items + len(held)
    return Sample(wall, cpu), items


def _store_pages(store: Store) -> Callable[[Table, int], Iterator[int]]:
    def pages(table: Table, segment: int) -> Iterator[int]:
        start = None
        while True:
            page = store.scan(table, segment=segment, segments=SEGMENTS, start=start)
            yield len(page.items)
            start = page.next
            if start is None:
                return

    return pages


def _raw_pages(place: str) -> Callable[[Table, int], Iterator[int]]:
    client, prefix = _client(place)

    def pages(table: Table, segment: int) -> Iterator[int]:
        start: dict[str, Any] = {}
        while True:
            page = client.scan(
                TableName=prefix + table.name, Segment=segment, TotalSegments=SEGMENTS, ConsistentRead=True, **start
            )
            yield len(page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    return pages


def _store_put(store: Store) -> Callable[[Table, list[ParsedLine]], Callable[[], object]]:
    def put(table: Table, rows: list[ParsedLine]) -> Callable[[], object]:
        items = [dict(row.item) for row in rows]
        return lambda: store.batch_put(table, items)

    return put


def _raw_put(place: str) -> Callable[[Table, list[ParsedLine]], Callable[[], object]]:
    client, prefix = _client(place)

    def send(name: str, puts: list[dict[str, Any]]) -> None:
        while puts:
            puts = client.batch_write_item(RequestItems={name: puts})["UnprocessedItems"].get(name, [])

    def put(table: Table, rows: list[ParsedLine]) -> Callable[[], object]:
        puts = [{"PutRequest": {"Item": encode_item(row.item)}} for row in rows]
        batches = [puts[at : at + BATCH] for at in range(0, len(puts), BATCH)]

        def all_batches() -> None:
            with ThreadPoolExecutor(WRITERS) as pool:
                list(pool.map(lambda batch: send(prefix + table.name, batch), batches))

        return all_batches

    return put


def _client(place: str) -> tuple[Any, str]:
    endpoint, _, prefix = place.partition(" ")
    session = Session()
    session.set_credentials("test", "test")
    config = Config(max_pool_connections=50, retries={"mode": "standard", "total_max_attempts": 1})
    return session.create_client("dynamodb", region_name="eu-west-1", endpoint_url=endpoint, config=config), prefix


def _emptied(store: Store) -> None:
    for table in TABLES:
        if store.describe_table(table) is not None:
            store.delete_table(table)
    with_tables(store)


def _opened(place: str) -> Store:
    endpoint, _, prefix = place.partition(" ")
    return connected(endpoint, prefix) if prefix else SQLiteStore(Path(place))


STEPS: dict[str, Callable[[Store, Asked], tuple[Sample, int]]] = {
    "seed": _seed,
    "export": _export,
    "import": _import,
    "audit": _audit,
    "recompute": _recompute,
    "bare-export": _bare_scan(TABLES),
    "bare-import": _bare_import,
    "bare-audit": _bare_scan(AUDITED),
    "bare-recompute": _bare_scan(RECOMPUTED),
}
ROWS = [
    *(Row(f"{job} on SQLite", "a bare loop", 1 / LEAST_SHARE, partial(measure, "sqlite", job)) for job in JOBS),
    *(Row(f"{job} on the server", "a bare loop", 1 / LEAST_SHARE, partial(measure, "server", job)) for job in JOBS),
]
