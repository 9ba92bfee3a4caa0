"""Stores of both kinds, filled with made-up data and with unusual items, and functions that change their exports."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from botocore.session import Session

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.answers.retention import Archived
from commercive_cli.domain.answers.transfer import Imported
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.retention.service import ArchiveService
from commercive_cli.services.seed.plan import FIXED_UNTIL, Plan
from commercive_cli.services.seed.service import SeedService
from commercive_cli.services.transfer.exporter import ExportService
from commercive_cli.services.transfer.importer import ImportService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import OPS, TABLES
from tests.e2e.embedded import make_file
from tests.services.fakes import DAY

S = TypeVar("S", bound=Store)
PLAN = Plan(conversations=30, messages=240, affiliates=5, leads=40, rng=7)
ODD: tuple[Item, ...] = (
    {"pk": "odd#numbers", "sk": "1", "n": [Decimal("0.1"), 0, -1, 10**37, Decimal("1.5E-130"), Decimal("9.9E+125")]},
    {"pk": "odd#text\n\t\u2028\x01\U0001f600", "sk": "a\nb", "text": 'two\nlines \u2028 \x1f \u202e \\ " é \U0001f600'},
    {"pk": "odd#nested", "sk": "x", "m": {"l": [None, True, {"": ""}], "z": 1, "a": {}}, "empty": []},
)


def sqlite_store(path: Path, clock: Clock = system_clock) -> SQLiteStore:
    """Return an empty store with its tables in a new file."""
    make_file(path)
    return SQLiteStore(path, clock=clock)


def server_store(endpoint: str, prefix: str | None = None) -> DynamoDBStore:
    """Return an empty store with its tables on a server, under a prefix of its own unless one is given."""
    return with_tables(connected(endpoint, prefix or f"t-{uuid4().hex[:8]}_"))


def connected(endpoint: str, prefix: str) -> DynamoDBStore:
    """Return the store of a prefix on a server."""
    session = Session()
    session.set_credentials("test", "test")
    return DynamoDBStore("eu-west-1", prefix=prefix, endpoint=endpoint, session=session)


def with_tables(store: S) -> S:
    """Create all tables of the store and return it."""
    for table in TABLES:
        store.create_table(table)
    return store


def filled(store: Store) -> Store:
    """Fill the store with made-up data and with unusual items, and return it."""
    SeedService(store).run(PLAN)
    store.batch_put(OPS, ODD)
    return store


def importer(store: Store) -> ImportService:
    """Return the import service of a store, with its audit."""
    return ImportService(store, AuditService(store))


def archived(store: Store, directory: Path) -> Archived:
    """Archive the made-up conversations of a store that were closed for ten days when the newest was made."""
    archives = ArchiveService(store, lambda: FIXED_UNTIL + 10 * DAY, run_conversations=7)
    with archives.open(directory, 10 * DAY) as archiving:
        archiving.export()
        return archiving.remove("ops")


def findings_of(imported: Imported) -> list[Finding]:
    """Return what the audit behind an import found; there was one."""
    assert imported.audit is not None
    return imported.audit.findings


def exported(store: Store, directory: Path, *, compress: bool = False) -> dict[str, str]:
    """Export a store and return the digests of the data files."""
    ExportService(store).run(directory, compress=compress)
    return digests(directory)


def digests(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of every data file of an export, by its path within the directory."""
    files = (path for path in directory.glob("*/*") if path.is_file())
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rewrite(directory: Path, name: str, change: Callable[[list[bytes]], Iterable[bytes]], *, signed: bool) -> Path:
    """Change the lines of a data file; if `signed`, change the manifest to agree, as if another program wrote both."""
    path = directory / name
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    if signed:
        sign(directory, name)
    return path


def sign(directory: Path, name: str) -> None:
    """Change the manifest to agree with a data file."""
    content = (directory / name).read_bytes()

    def update_entry(manifest: dict[str, Any]) -> None:
        entry = next(each for each in manifest["files"] if each["path"] == name)
        lines = gzip.decompress(content) if name.endswith(".gz") else content
        entry |= {"items": lines.count(b"\n"), "sha256": hashlib.sha256(content).hexdigest()}

    edit_manifest(directory, update_entry)


def edit_manifest(directory: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest of an export."""
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


class Stopped(Exception):
    """An export or import was stopped by a test."""


class StopAfter:
    """An OnItems callback that raises Stopped when it is called for the `count`-th time."""

    def __init__(self, count: int) -> None:
        self._left = count

    def __call__(self, _items: int) -> None:
        self._left -= 1
        if self._left <= 0:
            raise Stopped
