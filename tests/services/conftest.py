"""Services over an embedded store of their own, with a clock that goes on by itself and that the test may set."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from tests.e2e.embedded import make_file
from tests.e2e.stores import ENGINES, server_store
from tests.services.audit.world import World, made
from tests.services.fakes import Codes, Intervening, ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    # The store looks at the time, to drop what expired, and takes none of it.
    make_file(tmp_path / "store.db")
    with closing(SQLiteStore(tmp_path / "store.db", clock=lambda: clock.now)) as store:
        yield store


@pytest.fixture(params=ENGINES)
def either(request: pytest.FixtureRequest) -> Iterator[Store]:
    """The embedded store, and then a DynamoDB-compatible server."""
    if request.param == "sqlite":
        yield request.getfixturevalue("store")
        return
    with server_store(request.getfixturevalue("real_endpoint")) as store:
        yield store


@pytest.fixture
def chat(store: Store, clock: ManualClock) -> ChatService:
    return ChatService(store, clock)


@pytest.fixture
def leads(store: Store, clock: ManualClock) -> LeadService:
    return LeadService(store, clock)


@pytest.fixture
def affiliates(store: Store, clock: ManualClock) -> AffiliateService:
    return AffiliateService(store, clock)


@pytest.fixture
def code(store: Store, clock: ManualClock) -> str:
    """Return the link code of the affiliate `aff-1`."""
    service = AffiliateService(store, clock, Codes("ABC10XYZ"))
    return service.create_link("aff-1", "aff@example.com", "shop.example").link_id


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    """Return a store with one of everything."""
    return made(store, clock)


@pytest.fixture
def meddled(store: Store) -> Intervening:
    """Return a store between whose calls a test can run concurrent writes."""
    return Intervening(store)
