"""The config file: named profiles in TOML. Errors in it are reported with file, line and key."""

import re
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_config_path
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from commercive_cli.domain.choices import suggestion
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted

_TYPE_ERRORS = {"bool_type": "must be true or false", "string_type": "must be text in quotes"}


class Profile(BaseModel):
    """One `[profiles.NAME]` table; missing settings have defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    store: str | None = None
    actor: str | None = None
    read_only: bool = False
    protected: bool = False
    dashboard_url: str | None = None


class ConfigFile(BaseModel):
    """The whole file; a missing file counts as empty."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    default_profile: str | None = None
    profiles: dict[str, Profile] = {}


def config_path(environ: Mapping[str, str]) -> Path:
    """Return the path of the config file, existing or not: COMMERCIVE_CONFIG, or in the user's config directory."""
    chosen = environ.get("COMMERCIVE_CONFIG")
    return Path(chosen).expanduser() if chosen else user_config_path("commercive") / "config.toml"


def read_config(path: Path) -> ConfigFile:
    """Return the file's content; raise Invalid naming file, line and key of an error in it."""
    return parse_config(read_text(path), path)


def read_text(path: Path) -> str:
    """Return the file's text, empty when it does not exist; raise Invalid when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise Invalid(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}") from None


def parse_config(text: str, path: Path) -> ConfigFile:
    """Return the content of a config file with that text; errors name `path`."""
    if not text:
        return ConfigFile()
    import tomllib  # imported late, since most commands find no file

    try:
        return ConfigFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{path} is not valid TOML: {error}") from None
    except ValidationError as error:
        raise Invalid(_describe_error(error.errors()[0], text, path)) from None


def line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """Return the number, from 1, of the line that sets the last of the nested keys; None when it is not found."""
    *tables, key = keys
    assignment = re.compile(rf"""\s*(\[\[?\s*)?([\w."' -]*\.\s*)?["']?{re.escape(key)}["']?\s*[]=.]""")
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^]]+)\]", line)
        table = _parts(header[1]) if header else table
        inside = table[: len(tables)] == tables or (not header and tables[: len(table)] == table)
        if inside and assignment.match(line):
            return number
    return None


def _parts(header: str) -> list[str]:
    return [part.strip(" \"'") for part in header.split(".")]


def _describe_error(error: ErrorDetails, text: str, path: Path) -> str:
    keys = tuple(map(str, error["loc"]))
    line = line_of(text, keys)
    place = f"{path} line {line}" if line else str(path)
    if error["type"] == "extra_forbidden":
        known = Profile.model_fields if keys[0] == "profiles" else ConfigFile.model_fields
        hint = suggestion(keys[-1], known)
        return f"{place}: unknown key {quoted(keys[-1])}{hint}; the known keys are {', '.join(known)}"
    return f"{place}: {'.'.join(keys)} {_TYPE_ERRORS.get(error['type'], 'must be a table such as [profiles.prod]')}"
