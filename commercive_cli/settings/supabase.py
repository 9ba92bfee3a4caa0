"""The Supabase project that knows affiliates, and the key that may read and write its tables."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.pasted import pasted
from commercive_cli.settings.safe_url import host_url, safe_url, spelled
from commercive_cli.settings.secret_values import SUPABASE_KEY, both_values

URL = "COMMERCIVE_SUPABASE_URL"
_PUBLISHABLE = "sb_publishable_"
_SERVICE_PATH = re.compile(r"/(auth|rest|storage|functions|realtime|graphql)/v1(/.*)?$")
_DASHBOARD = re.compile(r"https://(?:app\.supabase\.com|supabase\.com/dashboard)/project/([a-z0-9]+)(/.*)?")


@dataclass(frozen=True)
class SupabaseSettings:
    """The project whose table `affiliates` says who is which affiliate and shows links, and its service key.

    `second_key` is tried where Supabase refuses the first one.
    """

    url: str
    key: str
    second_key: str | None = None


def load_supabase(environ: Mapping[str, str]) -> SupabaseSettings | None:
    """Return the project, or None without a service key; raise Invalid naming the variable that is wrong."""
    url, keys = project_url(environ), both_values(environ, SUPABASE_KEY, _service_key)
    if keys and not url:
        raise Invalid(f"there is a service key, and {URL} does not say of which project")
    return SupabaseSettings(url, *keys) if keys else None


def _service_key(environ: Mapping[str, str], variable: str) -> str:
    key = pasted(environ, variable)
    if not key.isascii() or " " in key:
        raise Invalid(f"{variable} must be visible ASCII, as it goes into a header")
    if key.startswith(_PUBLISHABLE):
        raise Invalid(f"{variable} holds the publishable key, to which tables are closed; set a secret key")
    return key


def project_url(environ: Mapping[str, str]) -> str:
    """Return the address of the project, or nothing.

    Raises Invalid with the right address for that of one of its services, of its page in the dashboard, or one that
    names a port where none belongs.
    """
    url = safe_url(environ, URL)
    if page := _DASHBOARD.fullmatch(url):
        return spelled(URL, url, f"https://{page[1]}.supabase.co")
    parts = urlsplit(url)
    return spelled(URL, url, host_url(parts) + _SERVICE_PATH.sub("", parts.path))
