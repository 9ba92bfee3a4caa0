"""The rate limits that are configured: `link=2000+300/m,address-day=500/d`; the others keep their defaults."""

import re
from collections.abc import Mapping

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted
from commercive_cli.services.records.rates import DEFAULT_RATES, Bucket, Quota, Rate, Rates

VARIABLE = "COMMERCIVE_LIMITS"
LIMIT = r"([a-z-]+)=(?:([1-9][0-9]{0,5})\+)?([1-9][0-9]{0,5})/([1-9][0-9]?)?([smhd])"
"""How one limit is written: its name, how many at once if it is a bucket, how many, and in which period."""

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def load_limits(environ: Mapping[str, str]) -> Rates:
    """Return the rate of every limit; raise Invalid naming the part of the variable that is wrong."""
    changed: dict[str, Rate] = {}
    for part in environ.get(VARIABLE, "").replace(",", " ").split():
        name, rate = _limit(part)
        if name in changed:
            raise _wrong(part, f"names the limit {name} a second time")
        changed[name] = rate
    return {**DEFAULT_RATES, **changed}


def _limit(part: str) -> tuple[str, Rate]:
    found = re.fullmatch(LIMIT, part)
    if found is None:
        raise _wrong(part, "is no limit")
    name, burst, most, times, unit = found.groups()
    if name not in DEFAULT_RATES:
        raise _wrong(part, f"names none of the limits, which are {', '.join(DEFAULT_RATES)}")
    seconds = int(times or 1) * _SECONDS[unit]
    return name, Bucket(int(burst), int(most), seconds) if burst else Quota(int(most), seconds)


def _wrong(part: str, how: str) -> Invalid:
    return Invalid(f"{VARIABLE}: {quoted(part)} {how}; write it like link=2000+300/m,address-day=500/d")
