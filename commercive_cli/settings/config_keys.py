"""The keys of the config file as users type them: `default_profile`, `profiles.NAME.SETTING`, `commission.NAME` ..."""

import re

from commercive_cli.domain.choices import suggestion
from commercive_cli.domain.commissions import AMOUNT_NAME
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted
from commercive_cli.settings.config_file import BUSINESS_HOURS, Profile, RetentionTable

Keys = tuple[str, ...]
KNOWN = ("default_profile", *Profile.model_fields)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def setting_keys(key: str, profile: str | None) -> Keys:
    """Return the nested keys of a setting; one that stands alone belongs to `profile`, as far as profiles have it.

    Raises Invalid with the nearest setting when there is no such, and when the name of the profile is missing.
    """
    *tables, name = key.split(".")
    if tables == ["business_hours"]:
        if name not in BUSINESS_HOURS:
            known = ", ".join(BUSINESS_HOURS)
            raise Invalid(f"there is no {quoted(key)}{suggestion(name, BUSINESS_HOURS)}; business_hours has {known}")
        return (*tables, name)
    if tables == ["retention"]:
        policies = RetentionTable.model_fields
        if name not in policies:
            raise Invalid(f"there is no {quoted(key)}{suggestion(name, policies)}; retention has {', '.join(policies)}")
        return (*tables, name)
    if tables == ["commission"] and AMOUNT_NAME.fullmatch(name):
        return (*tables, name)
    if name not in KNOWN or (name == "default_profile" and tables):
        raise Invalid(f"there is no setting {quoted(name)}{suggestion(name, KNOWN)}; settings: {', '.join(KNOWN)}")
    if name == "default_profile":
        return (name,)
    if not tables and profile is not None:
        tables = ["profiles", profile]
    if len(tables) != 2 or tables[0] != "profiles" or not _NAME.fullmatch(tables[1]):
        near = tables[-1] if tables else ""
        way = f"profiles.{near}.{name}" if _NAME.fullmatch(near) else f"profiles.NAME.{name}, or pass --profile NAME"
        raise Invalid(f"{name} belongs to a profile; write {way}")
    return (*tables, name)


def stored_keys(key: str, profile: str | None) -> Keys:
    """Return the nested keys of anything that the file may hold: a setting, known or not, or a whole table."""
    keys = tuple(key.split("."))
    if keys in (("business_hours",), ("commission",), ("retention",)):
        return keys
    if keys[0] == "profiles" and len(keys) in (2, 3):
        return keys
    return setting_keys(key, profile)
