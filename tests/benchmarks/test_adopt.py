"""A million items of the former backend: adopted in constant memory, at half the speed of a bare loop at least."""

import base64
import gzip
import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.adopt.source import ExportSource
from commercive_cli.store.items import Item, encode_item
from commercive_cli.store.pages import pages
from commercive_cli.store.port import Store
from commercive_cli.store.schema import MESSAGES, TABLES, Table
from commercive_cli.store.writes import Absent, Put
from tests.e2e.conftest import bare_environment
from tests.services.fakes import START

pytestmark = pytest.mark.benchmark
ITEMS = 1_000_000
MOST_MEGABYTES = 150
LEAST_SHARE = 0.5
_WORDS = "where is my parcel, please? it is late "


def conversations(count: int) -> Iterator[Item]:
    for number in range(count):
        at = START - 10**10 + number * 1000
        yield {
            "conversation_id": f"CONV-{number:08X}",
            "user_id": f"{number:08x}-3def-4a38-a12b-2b8f30b17d0b",
            "store_url": "shop-11.myshopify.com",
            "status": "open" if number % 3 else "closed",
            "created_at": at,
            "updated_at": at + 10**6,
            "last_message": _WORDS,
            "unread_admin": number % 2,
            "unread_user": 0,
        }


def messages(count: int, conversations: int) -> Iterator[Item]:
    for number in range(count):
        place = number * 7919 % conversations  # the messages of a thread lie far apart
        yield {
            "message_id": f"MSG-{number:08X}",
            "conversation_id": f"CONV-{place:08X}",
            "sender_type": ("user", "ai", "admin")[number % 3],
            "sender_id": "1b98fbe4-6680-4a11-9ba1-192ec42b7170",
            "message_text": 2 * _WORDS,
            "created_at": START - 10**10 + place * 1000 + number % 977 * 1000,
            "is_read": False,
        }


def leads(count: int, affiliates: int) -> Iterator[Item]:
    for number in range(count):
        affiliate = f"AFF-{number % affiliates:08X}"
        yield {
            "lead_id": f"LEAD-{number:08X}",
            "affiliate_id": affiliate,
            "link_id": affiliate if number % 2 else affiliate[4:],
            "status": ("pending", "rejected")[number % 2],
            "lead_name": "Prospect",
            "lead_email": "p@shop.example",
            "created_at": START - 10**9 + number,
            "updated_at": START - 10**9 + number + 5,
        }


def links(count: int) -> Iterator[Item]:
    for number in range(count):
        yield {"link_id": f"{number:08X}", "affiliate_id": f"AFF-{number:08X}", "created_at": START - 2 * 10**9}


def write_export(root: Path, name: str, items: Iterable[Item]) -> None:
    """Write one table as DynamoDB exports it."""
    data = root / name / "AWSDynamoDB" / "01" / "data"
    data.mkdir(parents=True)
    with gzip.open(data / "0.json.gz", "wt", compresslevel=1) as file:
        count = sum(file.write(json.dumps({"Item": encode_item(item)}) + "\n") > 0 for item in items)
    md5 = base64.b64encode(hashlib.md5((data / "0.json.gz").read_bytes(), usedforsecurity=False).digest()).decode()
    entry = {"itemCount": count, "md5Checksum": md5, "dataFileS3Key": "01/data/0.json.gz"}
    (data.parent / "manifest-files.json").write_text(json.dumps(entry) + "\n")
    arn = f"arn:aws:dynamodb:eu-west-1:123456789012:table/commercive_{name}"
    summary = {"tableArn": arn, "itemCount": count, "outputFormat": "DYNAMODB_JSON", "exportType": "FULL_EXPORT"}
    (data.parent / "manifest-summary.json").write_text(json.dumps(summary))


def scanned(store: Store, table: Table) -> Iterator[list[Item]]:
    for page in pages(lambda start: store.scan(table, start=start)):
        yield page.items


def bare_loop(export: Path, adopted: Store, store: Store) -> float:
    """Return the seconds of reading the export, writing what was adopted, and reading that back; and nothing else."""
    seconds = 0.0

    def timed(work: Callable[[], object]) -> None:
        nonlocal seconds
        began = time.monotonic()
        work()
        seconds += time.monotonic() - began

    def put(table: Table, items: list[Item]) -> None:
        if table is MESSAGES:
            store.batch_put(table, items)
            return
        for start in range(0, len(items), 99):
            store.transact(*(Put(table, item, when=Absent()) for item in items[start : start + 99]))

    source = ExportSource(export)
    for each in source.tables():
        timed(lambda each=each: sum(map(len, source.pages(each))))  # type: ignore[misc]
    for table in TABLES:
        for items in scanned(adopted, table):
            timed(lambda table=table, items=items: put(table, items))  # type: ignore[misc]
    for table in TABLES[:4]:
        timed(lambda table=table: sum(map(len, scanned(store, table))))  # type: ignore[misc]
    return seconds


def test_a_million_items_take_little_memory_and_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The program's peak is below 150 MB, and it is at least half as fast as a loop of the same reads and writes."""
    export, threads, prospects = tmp_path / "export", ITEMS // 12, ITEMS // 12
    partners = prospects // 40
    write_export(export, "chat_conversations", conversations(threads))
    write_export(export, "chat_messages", messages(ITEMS - threads - prospects - partners, threads))
    write_export(export, "leads", leads(prospects, partners))
    write_export(export, "affiliate_links", links(partners))
    url = f"sqlite:///{tmp_path}/adopted.db"
    program = [sys.executable, "-m", "commercive_cli", "--store", url, "tables"]

    def run(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - our own program
            [*program, *arguments], env=bare_environment(tmp_path), check=True, capture_output=True, text=True
        )
        return done.stdout

    run("create")
    began = time.monotonic()
    answer = run("adopt", str(export), "-o", "json")
    took = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    with (
        closing(SQLiteStore(tmp_path / "adopted.db")) as adopted,
        closing(SQLiteStore(tmp_path / "bare.db")) as bare,
    ):
        for table in TABLES:
            bare.create_table(table)
        least = bare_loop(export, adopted, bare)
    with capsys.disabled():
        print(f"\n{ITEMS:,} items in {took:.0f} s, a bare loop {least:.0f} s; {peak:.0f} MB at most")  # noqa: T201

    assert all(each["balanced"] for each in json.loads(answer)["reconciliation"])
    assert peak < MOST_MEGABYTES
    assert least / took >= LEAST_SHARE
