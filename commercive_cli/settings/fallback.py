"""Where requests for other backends' actions go, while those still serve the dashboard beside this API."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted
from commercive_cli.settings.pasted import clean
from commercive_cli.settings.safe_url import safe_url

_PREFIX = re.compile(r"[A-Za-z0-9_./-]+", re.ASCII)


@dataclass(frozen=True)
class FallbackSettings:
    """The backend that serves the actions whose names begin with one of `prefixes`."""

    url: str
    prefixes: tuple[str, ...]


def load_fallback(environ: Mapping[str, str]) -> FallbackSettings | None:
    """Return the fallback, or None when none is configured; raise Invalid naming the variable that is wrong."""
    url = safe_url(environ, "COMMERCIVE_FALLBACK_URL")
    prefixes = tuple(environ.get("COMMERCIVE_FALLBACK_ACTIONS", "").replace(",", " ").split())
    for prefix in prefixes:
        if not _PREFIX.fullmatch(clean(prefix, "an action in COMMERCIVE_FALLBACK_ACTIONS")):
            raise Invalid(f"COMMERCIVE_FALLBACK_ACTIONS: {quoted(prefix)} is no beginning of an action, such as crm/")
    if bool(url) != bool(prefixes):
        missing = "COMMERCIVE_FALLBACK_ACTIONS" if url else "COMMERCIVE_FALLBACK_URL"
        raise Invalid(f"a fallback needs COMMERCIVE_FALLBACK_URL and COMMERCIVE_FALLBACK_ACTIONS; {missing} is not set")
    return FallbackSettings(url, prefixes) if url else None
