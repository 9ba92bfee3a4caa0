"""Where the config file and the default store lie, and whether there is anything there yet."""

from collections.abc import Mapping
from pathlib import Path

CONFIG = "COMMERCIVE_CONFIG"


def config_path(environ: Mapping[str, str]) -> Path:
    """Return the path of the config file, existing or not: COMMERCIVE_CONFIG, or in the user's config directory."""
    from platformdirs import user_config_path

    chosen = environ.get(CONFIG)
    return Path(chosen).expanduser() if chosen else user_config_path("commercive") / "config.toml"


def default_store_path() -> Path:
    """Return the path of the store that is used where none is named."""
    from platformdirs import user_data_path

    return user_data_path("commercive") / "commercive.db"


def nothing_configured(environ: Mapping[str, str]) -> bool:
    """Return whether there is neither a setting of the user's nor a store where one is looked for unasked."""
    named = environ.get("COMMERCIVE_STORE") or environ.get("COMMERCIVE_PROFILE")
    return not named and is_missing(config_path(environ)) and is_missing(default_store_path())


def is_missing(path: Path) -> bool:
    """Return whether there is nothing at the path; False where nobody may know."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
