"""The Supabase project that knows affiliates, and the key that may read and write its tables."""

from collections.abc import Mapping
from dataclasses import dataclass

from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.safe_url import safe_url

_PUBLISHABLE = "sb_publishable_"


@dataclass(frozen=True)
class SupabaseSettings:
    """The project whose table `affiliates` says who is which affiliate and shows links, and its service key."""

    url: str
    key: str


def load_supabase(environ: Mapping[str, str]) -> SupabaseSettings | None:
    """Return the project, or None without a service key; raise Invalid naming the variable that is wrong."""
    url, key = safe_url(environ, "COMMERCIVE_SUPABASE_URL"), environ.get("COMMERCIVE_SUPABASE_KEY", "")
    if not key.isascii() or not key.isprintable():
        raise Invalid("COMMERCIVE_SUPABASE_KEY must be printable ASCII, as it goes into a header")
    if key.startswith(_PUBLISHABLE):
        raise Invalid("COMMERCIVE_SUPABASE_KEY holds the publishable key, to which tables are closed; set a secret key")
    if key and not url:
        raise Invalid("COMMERCIVE_SUPABASE_KEY is set, and COMMERCIVE_SUPABASE_URL does not say of which project")
    return SupabaseSettings(url, key) if key else None
