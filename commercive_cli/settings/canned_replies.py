"""The canned replies: text files in the directory `templates` next to the config file."""

import re
from collections.abc import Mapping
from pathlib import Path

from commercive_cli.domain.choices import suggestion
from commercive_cli.domain.encodings import decoded
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted
from commercive_cli.settings.places import config_path
from commercive_cli.settings.whole_files import read_whole

SUFFIX = ".txt"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def reply_directory(environ: Mapping[str, str]) -> Path:
    """Return the directory of the user's canned replies."""
    return config_path(environ).parent / "templates"


def reply_names(environ: Mapping[str, str]) -> list[str]:
    """Return the names of the existing canned replies, sorted."""
    return sorted(path.stem for path in reply_directory(environ).glob(f"*{SUFFIX}"))


def read_reply(environ: Mapping[str, str], name: str) -> str:
    """Return the text of a canned reply; raise Invalid, suggesting the nearest name, when there is none."""
    names = reply_names(environ)
    directory = reply_directory(environ)
    if name not in names:
        files = directory / f"NAME{SUFFIX}"
        raise Invalid(
            f"there is no template {quoted(name)}{suggestion(name, names)}; templates are files {files}",
            field="template",
        )
    path = directory / f"{name}{SUFFIX}"
    try:
        return decoded(read_whole(path), str(path))
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}", field="template") from None


def new_reply_path(environ: Mapping[str, str], name: str) -> Path:
    """Return the file of a canned reply that exists or may be made, and make its directory.

    Raises Invalid for a name that is none, or when the directory cannot be made.
    """
    if name not in reply_names(environ) and not _NAME.fullmatch(name):
        raise Invalid(
            f"{quoted(name)} is no name of a template; it has 1 to 64 letters, digits, _ and -", field="template"
        )
    directory = reply_directory(environ)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(f"{directory} cannot be made: {error.strerror}", field="template") from None
    return directory / f"{name}{SUFFIX}"
