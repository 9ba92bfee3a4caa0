"""Which names a local server answers to, so that no page can reach it under a name of its own (DNS rebinding).

A browser sends a page's requests to whatever address the page's host resolves to, and takes the answer for that host's:
the list of origins does not help, since to the browser both are one site. The header Host still says the page's name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from commercive_cli.domain.errors import Denied, Invalid
from commercive_cli.domain.quoting import quoted

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(address: str) -> bool:
    """Return whether only this machine can reach an IP address."""
    return ip_address(address).is_loopback


@dataclass(frozen=True)
class HostNames:
    """The names that are a server's own; with `addresses`, any IP address is one, too, as none can be rebound."""

    names: frozenset[str]
    addresses: bool = False

    def check(self, header: str | None) -> None:
        """Raise Denied unless the header Host has one of the names; its port does not matter."""
        name = _name_in(header or "")
        if name in self.names or (self.addresses and _is_address(name)):
            return
        raise Denied(f"this server does not answer to the host name {quoted(name)}; start it with --allow-host NAME")


def names_of(host: str, address: str, more: Iterable[str] = ()) -> HostNames:
    """Return the names of a server that was asked to listen on `host`, which is the IP address `address`.

    Raises Invalid for one of `more` that is no host name.
    """
    names = {host.lower(), address, *map(_checked, more)}
    if ip_address(address).is_unspecified:  # every address of this machine, and it does not know them all
        return HostNames(frozenset(names | LOOPBACK_NAMES), addresses=True)
    return HostNames(frozenset(names | LOOPBACK_NAMES if is_loopback(address) else names))


def _checked(name: str) -> str:
    known = _name_in(name)
    if not known or name.lower() not in (known, f"[{known}]"):
        raise Invalid(f"--allow-host {quoted(name)} must be a host name alone, such as api.internal, without a port")
    return known


def _name_in(header: str) -> str:
    """Return the name in a Host header, in lower case, without port and final dot, or nothing."""
    try:
        parts = urlsplit(f"//{header}")
    except ValueError:
        return ""
    if parts.netloc != header or "@" in header:
        return ""
    return (parts.hostname or "").removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
