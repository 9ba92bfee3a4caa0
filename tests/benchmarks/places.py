"""Where rows are measured: a directory, a SQLite file and a DynamoDB-compatible server, made when first asked for."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3
from botocore.client import BaseClient
from botocore.session import Session

from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.services.seed.plan import Plan
from commercive_cli.services.seed.service import SeedService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import TABLES, Table
from tests.benchmarks.measuring import Skipped
from tests.conftest import NO_SERVER, held_port, pytest_configure, server_binary
from tests.services.raw_data import rows
from tests.services.transfer.server import Server
from tests.services.transfer.stores import sqlite_store, with_tables

REGION = "eu-west-1"
PATIENCE = 120.0
PLAN = Plan(conversations=200, messages=1_000, affiliates=10, leads=200, rng=3)


@dataclass
class Places:
    """Made-up data in a file and on a server; `turns` is how often processes are run, `messages` how many moved."""

    directory: Path
    turns: int
    messages: int
    _open: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def file(self) -> str:
        """The URL of a SQLite file with data in it."""
        path = self.directory / "store.db"
        with closing(sqlite_store(path)) as store:
            SeedService(store).run(PLAN)
        return f"sqlite:///{path}"

    @cached_property
    def endpoint(self) -> str:
        """The URL of a server of its own."""
        if server_binary() is None:
            raise Skipped(NO_SERVER)
        port = self._open.enter_context(held_port())
        return self._open.enter_context(closing(Server(self.directory, port))).endpoint

    @cached_property
    def served(self) -> str:
        """The URL of a store on the server with data in it, that of the file."""
        self.filled("cli_", self.items)
        return f"dynamodb://{REGION}?endpoint={self.endpoint}&prefix=cli_"

    @cached_property
    def items(self) -> dict[Table, list[Item]]:
        """What the file holds."""
        with closing(sqlite_store_of(self.file)) as store:
            return {table: list(rows(store, table)) for table in TABLES}

    def filled(self, prefix: str, items: dict[Table, list[Item]]) -> Store:
        """Return a store on the server that holds these items."""
        session = Session()
        session.set_credentials("test", "test")
        opened = DynamoDBStore(REGION, prefix=prefix, endpoint=self.endpoint, session=session, deadline=PATIENCE)
        store = self._open.enter_context(closing(with_tables(opened)))
        for table, each in items.items():
            store.batch_put(table, each)
        return store

    def client(self) -> BaseClient:
        """Return a client as boto3 makes it."""
        session = boto3.Session("test", "test", region_name=REGION)
        return session.client("dynamodb", endpoint_url=self.endpoint)

    @cached_property
    def environment(self) -> dict[str, str]:
        """The environment of a user who has nothing set but credentials."""
        return {
            "HOME": str(self.directory),
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "COMMERCIVE_ACTOR": "bench",
        }


@contextmanager
def places(directory: Path | None, turns: int, messages: int) -> Iterator[Places]:
    """Lend places in a directory that is removed afterwards."""
    pytest_configure()  # which puts temporary files where no disk is waited for
    with TemporaryDirectory(dir=directory) as made, ExitStack() as opened:
        yield Places(Path(made), turns, messages, opened)


def sqlite_store_of(url: str) -> Store:
    """Return the store of a file that exists."""
    from commercive_cli.engines.sqlite.store import SQLiteStore

    return SQLiteStore(Path(url.removeprefix("sqlite:///")))


def first(items: Sequence[Item], **wanted: object) -> Item:
    """Return the first item that has these attributes."""
    return next(each for each in items if wanted.items() <= each.items())
