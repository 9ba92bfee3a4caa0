"""Environment, config file and profiles. No other package reads the environment or the config file."""

import os
from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def editor_of(environ: Mapping[str, str]) -> str:
    """Return the command of the user's editor, chosen as git and gh do."""
    return environ.get("VISUAL") or environ.get("EDITOR") or "vi"


def no_colour(environ: Mapping[str, str]) -> bool:
    """Return whether the user turned colours off (no-color.org)."""
    return bool(environ.get("NO_COLOR"))
