"""Changes single lines of the config file, so that comments and the order of lines are kept."""

import json
import os
import re
import tempfile
from pathlib import Path

from commercive_cli.domain.choices import suggestion
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted
from commercive_cli.settings.config_file import Profile, line_of, parse_config, read_text

SETTABLE = ("default_profile", *Profile.model_fields)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def change_config(path: Path, profile: str | None, key: str, value: str) -> None:
    """Set `key` in the file; create file and profile when they are missing. A bare key belongs to `profile`.

    Raises Invalid and writes nothing when the key is unknown or the changed file would be invalid.
    """
    keys = _keys(key, profile)
    text = read_text(path)
    parse_config(text, path)
    changed = _changed(text, keys, f"{keys[-1]} = {_toml(keys[-1], value)}")
    parse_config(changed, path)
    _replace(path, changed)


def _keys(key: str, profile: str | None) -> tuple[str, ...]:
    *tables, name = key.split(".")
    if name not in SETTABLE or (name == "default_profile" and tables):
        raise Invalid(
            f"there is no setting {quoted(name)}{suggestion(name, SETTABLE)}; settings: {', '.join(SETTABLE)}"
        )
    if name == "default_profile":
        return (name,)
    if not tables and profile is not None:
        tables = ["profiles", profile]
    if len(tables) != 2 or tables[0] != "profiles" or not _NAME.fullmatch(tables[1]):
        raise Invalid(f"{name} belongs to a profile; write profiles.NAME.{name}, or pass --profile NAME")
    return (*tables, name)


def _toml(name: str, value: str) -> str:
    if name not in ("read_only", "protected"):
        return json.dumps(value)
    if value not in ("true", "false"):
        raise Invalid(f"{name} is true or false, not {quoted(value)}")
    return value


def _changed(text: str, keys: tuple[str, ...], line: str) -> str:
    lines = text.splitlines()
    table = keys[:-1]
    present = line_of(text, keys)
    if present is not None:
        lines[present - 1] = line
    elif not table:
        lines.insert(0, line)
    elif (header := line_of(text, table)) is not None:
        lines.insert(header, line)
    else:
        lines += ["", f"[{'.'.join(table)}]", line] if lines else [f"[{'.'.join(table)}]", line]
    return "\n".join(lines) + "\n"


def _replace(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".config-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}") from None
