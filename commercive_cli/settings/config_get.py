"""One value as it is written: of a setting in force, or of a key of the config file."""

import json
from collections.abc import Mapping
from typing import Any

from commercive_cli.domain.choices import suggestion
from commercive_cli.domain.errors import Invalid, NotFound
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.settings.config_file import BUSINESS_HOURS, ConfigFile, examined, read_text
from commercive_cli.settings.config_keys import setting_keys
from commercive_cli.settings.places import config_path
from commercive_cli.settings.resolve import NAMES, Finder


def value_of(environ: Mapping[str, str], given: Mapping[str, str | None], key: str) -> str:
    """Return a value as `config set` takes it; a setting's name alone means its value in this run.

    Raises Invalid when the config file or the value is wrong, NotFound when nothing is set.
    """
    path = config_path(environ)
    contents = examined(read_text(path), path)
    contents.checked()
    if key not in NAMES:
        return _written(_in_file(contents.config, setting_keys(key, None)), f"{path} does not set {shortened(key)}")
    finder = Finder(environ, contents, given)
    for name in ("profile", key):
        if problem := finder.problem(name):
            raise Invalid(problem)
    return _written(finder.find(key)[0], f"there is no {key} in use")


def _in_file(config: ConfigFile, keys: tuple[str, ...]) -> Any:
    if len(keys) == 1:
        return config.default_profile
    if keys[0] == "commission":
        return config.commission.get(keys[1])
    if keys[0] == "business_hours":
        return getattr(config.business_hours, BUSINESS_HOURS[keys[1]], None)
    if keys[0] == "retention":
        return getattr(config.retention, keys[1], None)
    profile = config.profiles.get(keys[1])
    if profile is None:
        raise NotFound(f"there is no profile {quoted(keys[1])}{suggestion(keys[1], config.profiles)}")
    return getattr(profile, keys[2]) if keys[2] in profile.model_fields_set else None


def _written(value: Any, nothing: str) -> str:
    if value is None:
        raise NotFound(nothing)
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)
