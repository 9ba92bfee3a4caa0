"""A local server answers to its own names alone."""

import pytest

from commercive_cli.api.http.hosts import names_of
from commercive_cli.domain.errors import Denied, Invalid


@pytest.mark.parametrize(
    ("host", "address", "own"),
    [
        ("127.0.0.1", "127.0.0.1", ["127.0.0.1", "localhost:8787", "LocalHost.", "[::1]"]),
        ("::1", "::1", ["[::1]:8787", "localhost"]),
        ("box.lan", "192.0.2.7", ["box.lan", "BOX.LAN:80", "192.0.2.7"]),
        ("0.0.0.0", "0.0.0.0", ["localhost", "192.0.2.7:80", "[2001:db8::1]"]),  # noqa: S104 - an example
        ("::", "::", ["localhost", "192.0.2.7", "[2001:db8::1]:80"]),
    ],
)
def test_its_own_names_are_those_of_where_it_listens(host: str, address: str, own: list[str]) -> None:
    """In any case, with a port or without; any address where it listens on all of them."""
    names = names_of(host, address)

    for header in own:
        names.check(header)
    for header in ("evil.example", "localhost.evil.example", "192.0.2.7.evil.example"):
        with pytest.raises(Denied, match="--allow-host"):
            names.check(header)


@pytest.mark.parametrize(
    "header",
    [None, "", ":8787", "localhost, evil.example", "evil@localhost", "localhost/", "[::1", "local\thost", "::1"],
)
def test_what_is_no_name_is_none_of_its_own(header: str | None) -> None:
    """A header that is missing, doubled or misspelled is refused."""
    with pytest.raises(Denied):
        names_of("127.0.0.1", "127.0.0.1").check(header)


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1"])
def test_one_address_is_not_another(address: str) -> None:
    """A server on one address does not answer for others."""
    with pytest.raises(Denied):
        names_of("192.0.2.8", "192.0.2.8").check(address)
    with pytest.raises(Denied):
        names_of("192.0.2.8", "192.0.2.8").check("localhost")


def test_more_names_can_be_given() -> None:
    """As a proxy or a container needs them."""
    names = names_of("127.0.0.1", "127.0.0.1", ["API.internal", "[fd00::7]"])

    names.check("api.internal:8080")
    names.check("[fd00::7]")


@pytest.mark.parametrize("name", ["", "http://api.internal", "api.internal:80", "a b@c", "*/"])
def test_more_names_are_names(name: str) -> None:
    """A URL or a port in the option would never match anything, so it is refused at the start."""
    with pytest.raises(Invalid, match="--allow-host"):
        names_of("127.0.0.1", "127.0.0.1", [name])
