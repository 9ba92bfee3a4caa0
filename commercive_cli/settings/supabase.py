"""The Supabase project that knows affiliates, and the key that may read and write its tables."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.pasted import pasted
from commercive_cli.settings.safe_url import host_url, safe_url, spelled

URL = "COMMERCIVE_SUPABASE_URL"
_PUBLISHABLE = "sb_publishable_"
_SERVICE_PATH = re.compile(r"/(auth|rest|storage|functions|realtime|graphql)/v1(/.*)?$")
_DASHBOARD = re.compile(r"https://(?:app\.supabase\.com|supabase\.com/dashboard)/project/([a-z0-9]+)(/.*)?")


@dataclass(frozen=True)
class SupabaseSettings:
    """The project whose table `affiliates` says who is which affiliate and shows links, and its service key."""

    url: str
    key: str


def load_supabase(environ: Mapping[str, str]) -> SupabaseSettings | None:
    """Return the project, or None without a service key; raise Invalid naming the variable that is wrong."""
    url, key = project_url(environ), pasted(environ, "COMMERCIVE_SUPABASE_KEY")
    if not key.isascii() or " " in key:
        raise Invalid("COMMERCIVE_SUPABASE_KEY must be visible ASCII, as it goes into a header")
    if key.startswith(_PUBLISHABLE):
        raise Invalid("COMMERCIVE_SUPABASE_KEY holds the publishable key, to which tables are closed; set a secret key")
    if key and not url:
        raise Invalid(f"COMMERCIVE_SUPABASE_KEY is set, and {URL} does not say of which project")
    return SupabaseSettings(url, key) if key else None


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
