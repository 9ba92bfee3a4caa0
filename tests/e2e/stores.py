"""Stores on real engines, with tables of their own."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.session import Session

from commercive_cli.domain.errors import CommerciveError
from commercive_cli.engines.dynamodb.request_sender import OnRequest
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.limits import TRANSACTION_WRITES
from commercive_cli.store.port import Store
from commercive_cli.store.schema import TABLES
from commercive_cli.store.writes import Delete
from tests.e2e.embedded import file_store, make_tables
from tests.services.raw_data import rows

ENGINES = ("sqlite", "server")
_OF_ITEMS = {"GetItem", "BatchGetItem", "Query", "Scan", "TransactWriteItems", "BatchWriteItem", "DescribeTable"}
"""The operations that leave tables as they were made."""


@dataclass
class _Lent:
    """A store that one test after the other has to itself: to make its tables and to drop them takes far longer."""

    store: DynamoDBStore
    operations: set[str] = field(default_factory=set)

    def is_as_new(self) -> bool:
        """Remove a few items, and return whether the tables are now as they were made."""
        with suppress(CommerciveError):  # an item that is none cannot be read
            left = [Delete(table, table.key_of(item)) for table in TABLES for item in rows(self.store, table)]
            if self.operations <= _OF_ITEMS and len(left) <= TRANSACTION_WRITES:
                if left:
                    self.store.transact(*left)
                return True
        return False


_free: dict[str, list[_Lent]] = defaultdict(list)
"""What nobody has at the moment, by endpoint."""


@contextmanager
def server_store(
    endpoint: str, on_request: OnRequest | None = None, session: Session | None = None
) -> Iterator[DynamoDBStore]:
    """Open a real server with tables of its own, which are empty."""
    if on_request is not None or session is not None:
        with closing(_made(endpoint, on_request, session)) as store:
            yield store
            _drop(store)
        return
    lent = _free[endpoint].pop() if _free[endpoint] else _to_lend(endpoint)
    yield lent.store
    if lent.is_as_new():
        _free[endpoint].append(lent)
        return
    with closing(lent.store):
        _drop(lent.store)


def _to_lend(endpoint: str) -> _Lent:
    operations: set[str] = set()
    store = _made(endpoint, operations.add)
    operations.clear()
    return _Lent(store, operations)


def _made(endpoint: str, on_request: OnRequest | None, session: Session | None = None) -> DynamoDBStore:
    session = session or Session()
    session.set_credentials("test", "test")
    prefix = f"e2e-{uuid4().hex[:8]}_"
    store = DynamoDBStore("eu-west-1", prefix=prefix, endpoint=endpoint, session=session, on_request=on_request)
    make_tables(store)
    return store


def _drop(store: DynamoDBStore) -> None:
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
