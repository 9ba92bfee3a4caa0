"""Environment, config file and profiles. No other package reads the environment or the config file."""

import os
from collections.abc import Mapping

_SECRETS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "COMMERCIVE_ADDRESS_KEY",
    "COMMERCIVE_ANSWER_TOKEN",
    "COMMERCIVE_JWT_SECRET",
    "COMMERCIVE_SUPABASE_KEY",
)


def environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def secrets_of(environ: Mapping[str, str]) -> list[str]:
    """Return the values in the environment that no message may hold."""
    return [environ[name] for name in _SECRETS if name in environ]


def editor_of(environ: Mapping[str, str]) -> str:
    """Return the command of the user's editor, chosen as git and gh do."""
    return environ.get("VISUAL") or environ.get("EDITOR") or "vi"


def no_colour(environ: Mapping[str, str]) -> bool:
    """Return whether the user turned colours off (no-color.org)."""
    return bool(environ.get("NO_COLOR"))
