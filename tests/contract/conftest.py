"""Each contract test runs against every engine: SQLite, moto, a DynamoDB-compatible server, and the simulator's."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.session import Session
from moto import mock_aws

from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.port import Store
from commercive_cli.store.schema import TABLES
from tests.proof.memory import MemoryStore

REGION = "eu-west-1"


@pytest.fixture(params=["sqlite", "moto", "server", "memory"], scope="module")
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["sqlite", "server", "memory"], scope="module")
def concurrent_engine(request: pytest.FixtureRequest) -> str:
    """Return an engine that can be tested for concurrency; moto never conflicts and loses writes."""
    return str(request.param)


@pytest.fixture(scope="module")
def store(engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Yield a store with all tables, shared by a module's tests; each test writes to its own `partition`."""
    with ExitStack() as stack:
        yield _with_tables(_opened(engine, request, tmp_path_factory.mktemp("contract"), stack))


@pytest.fixture
def empty_store(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Yield a store without tables, for one test."""
    with ExitStack() as stack:
        yield _opened(engine, request, tmp_path, stack)


@pytest.fixture(scope="module")
def concurrent_store(
    concurrent_engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    with ExitStack() as stack:
        yield _with_tables(_opened(concurrent_engine, request, tmp_path_factory.mktemp("contract"), stack))


@pytest.fixture
def tolerate(engine: str, request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function that expects a test to fail on one engine, for a flaw of that server that DynamoDB has not.

    A test that passes all the same fails: the flaw is gone, or was never what the test is about.
    """

    def on(deviating: str, reason: str) -> None:
        if engine == deviating:
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))

    return on


@pytest.fixture
def partition() -> str:
    """Return a partition key that no other test uses."""
    return uuid4().hex


def _opened(engine: str, request: pytest.FixtureRequest, directory: Path, stack: ExitStack) -> Store:
    match engine:
        case "sqlite":
            return stack.enter_context(closing(SQLiteStore(directory / "store.db")))
        case "moto":
            stack.enter_context(mock_aws())
            return stack.enter_context(closing(_dynamodb(None)))
        case "memory":
            return MemoryStore()
    return stack.enter_context(closing(_dynamodb(request.getfixturevalue("real_endpoint"))))


def _dynamodb(endpoint: str | None) -> DynamoDBStore:
    session = Session()
    session.set_credentials("test", "test")
    return DynamoDBStore(REGION, prefix=f"test-{uuid4().hex[:8]}_", endpoint=endpoint, session=session)


def _with_tables(store: Store) -> Store:
    for table in TABLES:
        store.create_table(table)
    return store
