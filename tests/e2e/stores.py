"""Stores on real engines, with tables of their own."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.session import Session

from commercive_cli.engines.dynamodb.request_sender import OnRequest
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.port import Store
from commercive_cli.store.schema import TABLES
from tests.e2e.embedded import file_store, make_tables

ENGINES = ("sqlite", "server")


@contextmanager
def server_store(
    endpoint: str, on_request: OnRequest | None = None, session: Session | None = None
) -> Iterator[DynamoDBStore]:
    """Open a real server with tables of its own, and drop them in the end."""
    session = session or Session()
    session.set_credentials("test", "test")
    prefix = f"e2e-{uuid4().hex[:8]}_"
    with closing(
        DynamoDBStore("eu-west-1", prefix=prefix, endpoint=endpoint, session=session, on_request=on_request)
    ) as store:
        make_tables(store)
        yield store
        for table in TABLES:
            store.delete_table(table)


@contextmanager
def engine_store(engine: str, request: pytest.FixtureRequest, directory: Path) -> Iterator[Store]:
    """Open the engine of that name."""
    opened = (
        file_store(directory / "store.db")
        if engine == "sqlite"
        else server_store(request.getfixturevalue("real_endpoint"))
    )
    with opened as store:
        yield store
