"""Fixtures: a filled store, its export, a copy of the export to change, and empty stores of either kind."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from commercive_cli.store.port import Store
from tests.services.transfer.stores import exported, filled, server_store, sqlite_store

NewStore = Callable[[str], Store]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with closing(sqlite_store(tmp_path_factory.mktemp("source") / "store.db")) as store:
        yield filled(store)


@pytest.fixture(scope="module")
def original(source: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the export of the filled store; tests that change it use `export`."""
    directory = tmp_path_factory.mktemp("original") / "export"
    exported(source, directory)
    return directory


@pytest.fixture
def export(original: Path, tmp_path: Path) -> Path:
    """Return a copy of the export, which a test may damage."""
    return Path(shutil.copytree(original, tmp_path / "export"))


@pytest.fixture
def new_store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[NewStore]:
    """Yield a function that creates empty stores of a kind, "sqlite" or "server"."""
    with ExitStack() as opened:
        numbers = iter(range(1_000))

        def make(kind: str) -> Store:
            if kind == "sqlite":
                return opened.enter_context(closing(sqlite_store(tmp_path / f"{next(numbers)}.db")))
            return opened.enter_context(closing(server_store(request.getfixturevalue("real_endpoint"))))

        yield make


@pytest.fixture
def target(new_store: NewStore) -> Store:
    """Return an empty embedded store."""
    return new_store("sqlite")
