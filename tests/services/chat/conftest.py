"""Stores on both engines, one after the other, for what reads many conversations."""

from collections.abc import Iterator

import pytest

from commercive_cli.store.port import Store
from tests.e2e.stores import ENGINES, server_store


@pytest.fixture(params=ENGINES)
def either(request: pytest.FixtureRequest) -> Iterator[Store]:
    """The embedded store, and then a DynamoDB-compatible server."""
    if request.param == "sqlite":
        yield request.getfixturevalue("store")
        return
    with server_store(request.getfixturevalue("real_endpoint")) as store:
        yield store
