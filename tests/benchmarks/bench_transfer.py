"""How fast and how lean export, import, audit and recompute are, beside bare loops of the same requests.

Run it by hand; every step is a process of its own, so that its peak memory is its own:

    python -m tests.benchmarks.bench_transfer --store sqlite --messages 1000000
    python -m tests.benchmarks.bench_transfer --store server --messages 200000

`server` needs the DynamoDB-compatible server that the tests use (COMMERCIVE_TEST_SERVER). A bare loop sends what the
job sends and drops the answers: the same scans by as many threads, the same puts of items that are in memory already.
On the server it goes through botocore alone, on SQLite through the store. Limits: 150 MB, and 0.8 of the bare loop.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

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
from tests.conftest import held_port
from tests.services.transfer.server import Server
from tests.services.transfer.stores import connected, with_tables

MOST_MB, LEAST_SHARE = 150, 0.8
SEGMENTS, WRITERS, BATCH, HELD = 4, 8, 25, 50_000
AUDITED = (*TABLES, LEADS)
RECOMPUTED = (AFFILIATE_STATS, LEADS)


def main() -> int:
    """Run the steps and print a table; exit 1 when a limit is not kept."""
    options = _options()
    if options.step:
        _report(options)
        return 0
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        if options.store == "sqlite":
            return _measure(options, Path(directory), [f"{directory}/source.db", f"{directory}/target.db"])
        with held_port() as port, closing(Server(Path(directory), port)) as server:
            return _measure(options, Path(directory), [f"{server.endpoint} source_", f"{server.endpoint} target_"])


def _measure(options: argparse.Namespace, directory: Path, places: list[str]) -> int:
    source, target = places
    seeded = _step(options, "seed", source, directory)
    _say(
        f"{options.store}, {options.messages:,} messages, {seeded['items']:,} items, seed {seeded['seconds']:.1f} s, "
        f"{seeded['mb']:.0f} MB"
    )
    _say(f"{'':10} {'seconds':>8} {'bare':>8} {'share':>6} {'items/s':>8} {'MB':>5}")
    failed, turns = False, range(options.repeat)
    for job, place in (("export", source), ("import", target), ("audit", target), ("recompute", target)):
        # In turns, since a server gets slower or faster with what it has been through.
        runs = [(_step(options, f"bare-{job}", place, directory), _step(options, job, place, directory)) for _ in turns]
        bare = min(each["seconds"] for each, _ in runs)
        done = min((each for _, each in runs), key=lambda each: float(each["seconds"]))
        share = bare / done["seconds"]
        kept = share >= LEAST_SHARE and done["mb"] < MOST_MB
        failed |= not kept
        rate = done["items"] / done["seconds"]
        _say(
            f"{job:10} {done['seconds']:8.1f} {bare:8.1f} {share:6.2f} {rate:8,.0f} {done['mb']:5.0f}"
            f"{'' if kept else '  beyond the limit'}"
        )
    return int(failed)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _step(options: argparse.Namespace, step: str, place: str, directory: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.bench_transfer", "--step", step, "--place", place]
    command += ["--messages", str(options.messages), "--directory", str(directory)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - this very module
    return dict(json.loads(done.stdout))


def _report(options: argparse.Namespace) -> None:
    with closing(_opened(options.place)) as store:
        store.describe_table(LEADS)  # so that nobody's time holds the making of the connection
        seconds, items = STEPS[options.step](store, options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say(json.dumps({"seconds": seconds, "items": items, "mb": peak}))


def _seed(store: Store, options: argparse.Namespace) -> tuple[float, int]:
    with_tables(store)
    n = options.messages
    plan = Plan(conversations=usual_conversations(n), messages=n, affiliates=max(1, n // 200), leads=n // 10)
    counted: list[int] = []
    return _timed(lambda: SeedService(store).run(plan, counted.append)), sum(counted)


def _export(store: Store, options: argparse.Namespace) -> tuple[float, int]:
    directory = options.directory / f"export-{time.monotonic_ns()}"
    seconds = _timed(lambda: ExportService(store).run(directory))
    (options.directory / "newest").write_text(str(directory))
    return seconds, sum(file.items for file in open_source(directory).files)


def _import(store: Store, options: argparse.Namespace) -> tuple[float, int]:
    """Import into tables made anew; the audit at the end is measured on its own."""
    _emptied(store)
    directory = Path((options.directory / "newest").read_text())
    seconds = _timed(lambda: ImportService(store, AuditService(store)).import_files(directory))
    return seconds, sum(file.items for file in open_source(directory).files)


def _audit(store: Store, _options: argparse.Namespace) -> tuple[float, int]:
    checked: dict[str, int] = {}
    seconds = _timed(lambda: checked.update(AuditService(store).run("bench").checked))
    return seconds, sum(checked.values()) + checked["leads"]


def _recompute(store: Store, _options: argparse.Namespace) -> tuple[float, int]:
    checked: list[int] = []
    seconds = _timed(lambda: checked.append(RecomputeService(store).all("bench").checked))
    return seconds, checked[0]


def _bare_scan(tables: tuple[Table, ...]) -> Callable[[Store, argparse.Namespace], tuple[float, int]]:
    def loop(store: Store, options: argparse.Namespace) -> tuple[float, int]:
        pages = _raw_pages(options.place) if " " in options.place else _store_pages(store)

        def read(place: tuple[Table, int]) -> int:
            return sum(pages(*place))

        def scan() -> None:
            with ThreadPoolExecutor(store.scans_at_once) as pool:
                places = ([(table, segment) for segment in range(SEGMENTS)] for table in tables)
                counts.extend(sum(pool.map(read, each)) for each in places)

        counts: list[int] = []
        return _timed(scan), sum(counts)

    return loop


def _bare_import(store: Store, options: argparse.Namespace) -> tuple[float, int]:
    """Put what the export holds, from memory: reading and parsing the files is not in the time."""
    _emptied(store)
    put = _raw_put(options.place) if " " in options.place else _store_put(store)
    seconds, items = 0.0, 0
    for file in open_source(Path((options.directory / "newest").read_text())).files:
        rows = file.parsed_lines()
        while held := list(islice(rows, HELD)):
            prepared = put(file.table, held)
            seconds += _timed(prepared)
            items += len(held)
    return seconds, items


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


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _opened(place: str) -> Store:
    endpoint, _, prefix = place.partition(" ")
    return connected(endpoint, prefix) if prefix else SQLiteStore(Path(place))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=["sqlite", "server"], default="sqlite")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=2, help="take the best of so many runs, of bare loops too")
    parser.add_argument("--directory", type=Path, help="where the data goes; needs about 3 GB for a million messages")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--place", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


STEPS: dict[str, Callable[[Store, argparse.Namespace], tuple[float, int]]] = {
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

if __name__ == "__main__":
    raise SystemExit(main())
