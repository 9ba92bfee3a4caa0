"""Where this program keeps what it remembers from one run to the next."""

import hashlib
from pathlib import Path

from platformdirs import user_state_path

from commercive_cli.settings.store_url import StoreURL


def drafts_directory(store: StoreURL) -> Path:
    """Return the directory of the drafts of one store, existing or not, in the user's state directory."""
    place = (store.engine, str(store.path.absolute()), store.region, store.endpoint or "", store.prefix)
    name = hashlib.sha256("\0".join(place).encode()).hexdigest()[:12]
    return user_state_path("commercive") / "drafts" / name
