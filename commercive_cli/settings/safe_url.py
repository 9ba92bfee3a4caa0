"""Addresses that secrets and people's data may travel to: https, or this machine."""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import shortened
from commercive_cli.settings.pasted import pasted

_LOOPBACK = r"(localhost|127\.0\.0\.1|\[::1\])"
_SAFE_URL = re.compile(rf"(https://[^\s/?#@]+|http://{_LOOPBACK}(:[0-9]+)?)(/[^\s?#]*)?", re.ASCII)
_DEFAULT_PORTS = {"https": 443, "http": 80}
_SUPABASE = ".supabase.co"


def safe_url(environ: Mapping[str, str], variable: str) -> str:
    """Return the URL in a variable without its trailing slash, or nothing; plain http is for this machine alone."""
    url = pasted(environ, variable)
    if url and not (_SAFE_URL.fullmatch(url) and _has_valid_port(url)):
        raise Invalid(f"{variable} must be an https URL, or http on this machine, without a query")
    return url.rstrip("/")


def exact_url(environ: Mapping[str, str], variable: str, path: str | None = None) -> str:
    """Return the URL as `safe_url` does, for one that must be equal to another to the letter, as an issuer must.

    `path` is that of Supabase's own hosts. Raises Invalid with the right spelling when the host is not in lower case,
    or a port is named that goes without saying.
    """
    url = safe_url(environ, variable)
    parts = urlsplit(url)
    return spelled(variable, url, host_url(parts) + (path if path is not None and is_supabase(parts) else parts.path))


def spelled(variable: str, url: str, right: str) -> str:
    """Return the URL if it is the right one; raise Invalid, which says what is right, otherwise."""
    if url != right:
        raise Invalid(f"{variable} has a path, a port or capitals that do not belong there; write {shortened(right)}")
    return url


def host_url(parts: SplitResult) -> str:
    """Return the beginning of a URL, up to its path, as servers spell it; nothing for an empty one."""
    if not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    implied = parts.port in (None, _DEFAULT_PORTS[parts.scheme]) or is_supabase(parts)
    return f"{parts.scheme}://{host}" + ("" if implied else f":{parts.port}")


def is_supabase(parts: SplitResult) -> bool:
    """Return whether a URL is on a host of Supabase's own, which have no other port than https."""
    return (parts.hostname or "").endswith(_SUPABASE)


def _has_valid_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False
