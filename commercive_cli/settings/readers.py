"""Reads the values of settings that have a form of their own."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.links import DASHBOARD_URL
from commercive_cli.domain.money import parse_amount
from commercive_cli.settings.pasted import clean
from commercive_cli.settings.places import default_store_path
from commercive_cli.settings.store_url import StoreURL, parse_store_url

SHORTEST_WAIT, LONGEST_WAIT = 0.1, 600
"""Seconds to wait for credentials."""


def read_store(url: str, source: str) -> StoreURL:
    """Return the store of a URL; raise Invalid naming the source when it is malformed."""
    return parse_store_url(url, source, default_store_path())


def read_dashboard_url(url: str, source: str) -> str:
    """Return the address without its trailing slash; raise Invalid naming the source when it is no web address."""
    if url == DASHBOARD_URL:
        return url
    from commercive_cli.domain.web_addresses import is_web_url  # imported late, as most runs have the built-in one

    if not is_web_url(clean(url, f"dashboard_url ({source})")):
        raise Invalid(f"dashboard_url ({source}) must be a web address such as {DASHBOARD_URL}")
    return url.rstrip("/")


def read_log(path: str, _source: str) -> Path:
    """Return the path of the access log."""
    return Path(path).expanduser()


def read_amount(amount: str, source: str) -> Decimal:
    """Return a limit of what an approval may give, in USD; raise Invalid naming the source when it is no amount."""
    return parse_amount(amount, source)


def read_wait(seconds: str, source: str) -> float:
    """Return for how many seconds to wait; raise Invalid naming the source when it is no such number."""
    try:
        wait = float(clean(seconds, f"the wait for credentials ({source})"))
    except ValueError:
        wait = 0.0
    if not SHORTEST_WAIT <= wait <= LONGEST_WAIT:
        raise Invalid(
            f"the wait for credentials ({source}) must be a number of seconds from {SHORTEST_WAIT} to {LONGEST_WAIT}"
        )
    return wait


READERS: Mapping[str, Callable[[str, str], Any]] = {
    "store": read_store,
    "dashboard_url": read_dashboard_url,
    "access_log": read_log,
    "credentials_wait": read_wait,
    "credentials_wait_terminal": read_wait,
    "ceiling": read_amount,
    "commission.min": read_amount,
    "commission.max": read_amount,
}
"""What reads a setting's value, given where it stands. Settings without a reader are taken as they are."""
