"""Environment, config file and profiles. No other package reads the environment or the config file."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from commercive_cli.domain.errors import Invalid, Misconfigured
from commercive_cli.settings.secret_values import SECRETS

_SECRETS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    *SECRETS,
)


def environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


@contextmanager
def set_by_environment() -> Iterator[None]:
    """Raise Misconfigured for what is wrong in a variable: the command line is right, and another try ends the same."""
    try:
        yield
    except Invalid as wrong:
        raise Misconfigured(wrong.message) from None


def secrets_of(environ: Mapping[str, str]) -> list[str]:
    """Return the values in the environment that no message may hold."""
    return [environ[name] for name in _SECRETS if name in environ]


def editor_of(environ: Mapping[str, str]) -> str:
    """Return the command of the user's editor, chosen as git and gh do."""
    return environ.get("VISUAL") or environ.get("EDITOR") or "vi"


def no_colour(environ: Mapping[str, str]) -> bool:
    """Return whether the user turned colours off (no-color.org)."""
    return bool(environ.get("NO_COLOR"))


def forced_width(environ: Mapping[str, str]) -> int | None:
    """Return the width of the terminal that standard output counts as (COMMERCIVE_FORCE_TTY), None when it is not set.

    Raises Misconfigured unless it is 20 to 1000.
    """
    text = environ.get("COMMERCIVE_FORCE_TTY")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 20 <= int(text[:5]) <= 1000):
        raise Misconfigured("COMMERCIVE_FORCE_TTY is the width of a terminal, 20 to 1000 columns")
    return int(text)
