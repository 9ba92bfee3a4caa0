"""Rate limits: how many leads one address, or one affiliate link, may submit. The counters are items of `ops`."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import RateLimited
from commercive_cli.domain.ids import code_spellings
from commercive_cli.store.items import Key
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import OPS
from commercive_cli.store.writes import Absent, AnyOf, Below, Update

MINUTE, DAY = 60, 86_400


@dataclass(frozen=True)
class Rate:
    """At most `most` requests within each period of `seconds`; periods start at multiples of their length."""

    name: str
    most: int
    seconds: int


ADDRESS_RATES = (Rate("address-minute", 5, MINUTE), Rate("address-day", 50, DAY))
LINK_RATE = Rate("link-day", 500, DAY)


class TooMany(RateLimited):
    """A limit is reached; `retry_after` is the number of seconds until its period ends."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class RateService:
    """Counts submissions. The store holds only HMACs of addresses and links, made with `key`."""

    store: Store
    key: bytes
    clock: Clock = system_clock

    def admit_lead(self, address: str, link_id: str) -> None:
        """Count one submission from an address through a link, in one transaction; raise TooMany beyond a limit.

        The limits are 5 a minute and 50 a day for an address (a /64 network of IPv6 counts as one), 500 a day for a
        link.
        """
        now = self.clock() // 1000
        counters = list(self._counters(address, link_id))
        try:
            self.store.transact(*(_count(rate, name, now) for rate, name in counters))
        except ConditionFailed as failed:
            raise _refusal([counters[position][0] for position in failed.failures], now) from None

    def _counters(self, address: str, link_id: str) -> Iterator[tuple[Rate, str]]:
        hidden = self._hidden(network_of(address))
        yield from ((rate, hidden) for rate in ADDRESS_RATES)
        yield LINK_RATE, self._hidden((code_spellings(link_id) or ("",))[-1])

    def _hidden(self, value: str) -> str:
        return hmac.new(self.key, value.encode("utf-8", "replace"), "sha256").hexdigest()


def network_of(address: str) -> str:
    """Return what counts as one caller: an IPv4 address, or the /64 network of an IPv6 address.

    A provider gives a customer a whole /64 network.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((ip.packed, 64), strict=False))
    return str(ip)


def _count(rate: Rate, name: str, now: int) -> Update:
    start = now - now % rate.seconds
    return Update(
        OPS,
        _counter_key(rate, name, start),
        set={"expires_at": start + 2 * rate.seconds},
        add={"hits": 1},
        when=AnyOf(Absent(), Below("hits", rate.most)),
    )


def _counter_key(rate: Rate, name: str, start: int) -> Key:
    return {"pk": f"rate#{rate.name}#{name}", "sk": str(start)}


def _refusal(reached: list[Rate], now: int) -> TooMany:
    """Return the error for the reached limit with the longest period."""
    rate = max(reached, key=lambda each: each.seconds)
    wait = rate.seconds - now % rate.seconds
    what = "through this link" if rate is LINK_RATE else "from this address"
    period = "minute" if rate.seconds == MINUTE else "day"
    return TooMany(f"too many submissions {what}: {rate.most} a {period}; try again in {wait} seconds", wait)
