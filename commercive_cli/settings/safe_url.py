"""Addresses that secrets and people's data may travel to: https, or this machine."""

import re
from collections.abc import Mapping

from commercive_cli.domain.errors import Invalid

_LOOPBACK = r"(localhost|127\.0\.0\.1|\[::1\])"
_SAFE_URL = re.compile(rf"(https://[^\s/?#@]+|http://{_LOOPBACK}(:[0-9]+)?)(/[^\s?#]*)?", re.ASCII)


def safe_url(environ: Mapping[str, str], variable: str) -> str:
    """Return the URL in a variable without its trailing slash, or nothing; plain http is for this machine alone."""
    url = environ.get(variable, "")
    if url and not _SAFE_URL.fullmatch(url):
        raise Invalid(f"{variable} must be an https URL, or http on this machine, without a query")
    return url.rstrip("/")
