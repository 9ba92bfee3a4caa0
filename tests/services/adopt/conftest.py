"""An adopter into a store of its own."""

import pytest

from commercive_cli.store.port import Store
from tests.services.adopt.adopter import Adopter


@pytest.fixture
def adopt(store: Store) -> Adopter:
    return Adopter(store)
