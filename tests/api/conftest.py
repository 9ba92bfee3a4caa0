"""An API application on a fresh SQLite store, an issuer of access tokens, and clients."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from commercive_cli.engines.sqlite.store import SQLiteStore
from tests.api.world import Client, FakeClock, Issuer, World, services_over, supabase_of
from tests.e2e.embedded import make_file


@pytest.fixture(scope="session")
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer(clock: FakeClock, ec_key: ec.EllipticCurvePrivateKey, rsa_key: rsa.RSAPrivateKey) -> Issuer:
    return Issuer(clock, ec_key, rsa_key)


@pytest.fixture
def world(tmp_path: Path, clock: FakeClock, issuer: Issuer) -> Iterator[World]:
    path = tmp_path / "store.db"
    make_file(path)
    store = SQLiteStore(path, clock=clock)
    yield World(services_over(store, clock), clock, issuer, supabase_of(issuer))
    store.close()


@pytest.fixture
def client(world: World) -> Client:
    """A client in mode none."""
    return world.open()


@pytest.fixture
def guarded(world: World) -> Client:
    """A client in mode jwt, without a token."""
    return world.open("jwt")
