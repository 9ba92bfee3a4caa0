"""Rate limits: what is stored for an address, a link or a user is counted in `ops`, in the same transaction."""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address, ip_address, ip_network
from typing import ClassVar

from commercive_cli.domain.clock import Clock
from commercive_cli.domain.errors import NotTaken, RateLimited
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.records.rates import DEFAULT_RATES, Rate, Rates
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import OPS
from commercive_cli.store.writes import Update, Write

CUSTOMER_BITS, SITE_BITS = 64, 48
"""A provider gives a customer a whole /64 network of IPv6; and who asks gets a /48, which holds 65,536 of them."""


class TooMany(RateLimited):
    """A limit is reached; `retry_after` is the number of seconds until it admits another request.

    As in ConditionFailed, `failures` are the request's own writes that failed: none, as far as is known.
    """

    failures: ClassVar[Mapping[int, Item | None]] = {}

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Limit:
    """One rate for one subject. `pk` is where it is counted, `what` says in words what is limited."""

    rate: Rate
    pk: str
    what: str

    def key(self, at: int) -> Key:
        """Return the key in `ops` of what is counted at a time (ms)."""
        return {"pk": self.pk, "sk": self.rate.sort_key(at)}


@dataclass(frozen=True)
class Limits:
    """The limits of one request, and the items of `ops` that were `read` for it before, by their keys."""

    each: tuple[Limit, ...] = ()
    read: Mapping[tuple[str, str], Item] = field(default_factory=dict)

    def keys(self, at: int) -> list[Key]:
        """Return the keys whose items tell beforehand whether there is room."""
        return [limit.key(at) for limit in self.each]

    def having_read(self, items: Iterable[Item]) -> "Limits":
        """Return these limits with what was read of their items."""
        return replace(self, read={_place(item): item for item in items})

    def check(self, store: Store, clock: Clock) -> None:
        """Raise TooMany when a limit is reached: before several transactions, of which the last one is counted."""
        at = clock()
        if keys := self.keys(at):
            list(self._counts(self.having_read(store.batch_get(OPS, keys)).read, at))

    def transact(self, store: Store, clock: Clock, *writes: Write) -> None:
        """Apply the writes and count the request, all or none; a refused request writes nothing.

        Where others count at the same time it tries again. Raises TooMany when a limit is reached, and ConditionFailed
        when a condition of `writes` does not hold, also when a limit is reached, too.
        """
        read = dict(self.read)
        for _ in range(TRIES):
            counts = list(self._counts(read, clock())) if self.each else []
            try:
                return store.transact(*writes, *counts)
            except ConditionFailed as failed:
                others = {at: item for at, item in failed.failures.items() if at < len(writes)}
                if others:
                    raise ConditionFailed(others) from None
                for at, item in failed.failures.items():
                    read[_place(counts[at - len(writes)].key)] = item or {}
        raise NotTaken("too many requests are being counted at once; this write was not made, try again")

    def counting(self, store: Store, clock: Clock) -> "Counting":
        """Return what makes transactions of a store within these limits."""
        return Counting(self, store, clock)

    def _counts(self, read: Mapping[tuple[str, str], Item], at: int) -> Iterator[Update]:
        """Yield the writes that count the request; raise TooMany, for the longest wait, when a limit is reached."""
        found = [(limit, read.get(_place(limit.key(at)))) for limit in self.each]
        wait, reached = max(((limit.rate.wait(item, at), limit) for limit, item in found), key=lambda each: each[0])
        if wait:
            raise TooMany(f"too many {reached.what}: {reached.rate}; try again in {wait} seconds", wait)
        yield from (limit.rate.count(limit.key(at), item, at) for limit, item in found)


UNLIMITED = Limits()


@dataclass(frozen=True)
class Counting:
    """Makes transactions of a store within limits."""

    limits: Limits
    store: Store
    clock: Clock

    def transact(self, *writes: Write) -> None:
        """Apply the writes as `Limits.transact` does."""
        self.limits.transact(self.store, self.clock, *writes)


@dataclass(frozen=True)
class RateLimits:
    """Says which limits a request has. The store holds only HMACs of addresses, links and users, made with `key`."""

    key: bytes
    rates: Rates = field(default_factory=lambda: DEFAULT_RATES)

    def lead(self, address: str, code: str) -> Limits:
        """Return the limits of a lead from an address through a link."""
        link = self._limit("link", code, "submissions through this link")
        return Limits((*self._of_address(address), link))

    def of_user(self, name: str, user_id: str, what: str) -> Limits:
        """Return the limit of that name for one user."""
        return Limits((self._limit(name, user_id, what),))

    def _of_address(self, address: str) -> Iterator[Limit]:
        customer, site = networks_of(address)
        yield self._limit("address", customer, "submissions from this address")
        yield self._limit("address-day", customer, "submissions from this address")
        if site is not None:
            yield self._limit("network", site, "submissions from this network")

    def _limit(self, name: str, subject: str, what: str) -> Limit:
        hidden = hmac.new(self.key, subject.encode("utf-8", "replace"), "sha256").hexdigest()
        return Limit(self.rates[name], f"rate#{name}#{hidden}", what)


def networks_of(address: str) -> tuple[str, str | None]:
    """Return what counts as one caller, and the larger network around it.

    An IPv4 address, also one that is mapped into IPv6, and none; or the /64 and the /48 network of an IPv6 address.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return address, None
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is None:
        customer, site = (str(ip_network((ip.packed, bits), strict=False)) for bits in (CUSTOMER_BITS, SITE_BITS))
        return customer, site
    return str(getattr(ip, "ipv4_mapped", None) or ip), None


def _place(item: Mapping[str, object]) -> tuple[str, str]:
    return str(item["pk"]), str(item["sk"])
