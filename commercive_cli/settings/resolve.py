"""Settings of one run: from options, else the environment, else the config file's profile, else built in."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_cache_path

from commercive_cli.domain.commissions import LIMITS, Bound, Least, Most, NamedAmounts
from commercive_cli.domain.errors import Invalid, Misconfigured
from commercive_cli.domain.links import DASHBOARD_URL
from commercive_cli.domain.money import Ceiling
from commercive_cli.settings.config_file import (
    BusinessHoursTable,
    Contents,
    Profile,
    RetentionTable,
    examined,
    read_text,
)
from commercive_cli.settings.places import config_path
from commercive_cli.settings.readers import READERS, read_amount, read_dashboard_url, read_log, read_store, read_wait
from commercive_cli.settings.store_url import StoreURL

BUILT_IN = "built in"
OS_USER = "OS user"
CEILING = "COMMERCIVE_APPROVAL_CEILING"
OPTIONS = {"profile": "--profile", "store": "--store", "actor": "--as", "access_log": "--access-log"}
VARIABLES = {
    "profile": "COMMERCIVE_PROFILE",
    "store": "COMMERCIVE_STORE",
    "actor": "COMMERCIVE_ACTOR",
    "dashboard_url": "COMMERCIVE_DASHBOARD_URL",
    "access_log": "COMMERCIVE_ACCESS_LOG",
    "credentials_wait": "COMMERCIVE_CREDENTIALS_WAIT",
    "credentials_wait_terminal": "COMMERCIVE_CREDENTIALS_WAIT_TERMINAL",
    "ceiling": CEILING,
    "commission.min": "COMMERCIVE_COMMISSION_MIN",
    "commission.max": "COMMERCIVE_COMMISSION_MAX",
}
NAMES = ("profile", *Profile.model_fields, "commission.min", "commission.max")
_LIMITS: Mapping[str, tuple[Callable[..., tuple[Any, str]], Decimal]] = {
    "ceiling": (min, Decimal(-1)),
    "commission.min": (max, Decimal("Infinity")),
    "commission.max": (min, Decimal(-1)),
}
"""What chooses the stricter of two limits, and what counts as stricter than any amount."""
LimitType = TypeVar("LimitType", Least, Most)
_DEFAULTS = {
    "store": "sqlite://",
    "dashboard_url": DASHBOARD_URL,
    "credentials_wait": "5",
    "credentials_wait_terminal": "120",
}


@dataclass(frozen=True)
class Settings:
    """The settings of one run. `sources` maps each setting's name to where its value comes from.

    A source is an option, a variable, `config.toml:9` (file and line), `built in` or `OS user`. No approval gives more
    than the `ceiling`, or what `least` and `most` refuse; `amounts` have names. Commands add to the `access_log`, if
    there is one. AWS's credentials are there within `credentials_wait` seconds, or `credentials_wait_terminal` where
    somebody sits at one. `business_hours` and `retention` are checked where they are used.
    """

    store: StoreURL
    actor: str
    profile: str | None = None
    read_only: bool = False
    protected: bool = False
    dashboard_url: str = DASHBOARD_URL
    ceiling: Ceiling | None = None
    access_log: Path | None = None
    credentials_wait: float = 5.0
    credentials_wait_terminal: float = 120.0
    business_hours: BusinessHoursTable | None = None
    retention: RetentionTable | None = None
    least: Least | None = None
    most: Most | None = None
    amounts: NamedAmounts = field(default_factory=NamedAmounts)
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """Return all limits of what an approval may give for one lead."""
        return tuple(bound for bound in (self.ceiling, self.least, self.most) if bound is not None)


def ids_path(store: StoreURL) -> Path:
    """Return the file of the ids that were shown of a store."""
    return user_cache_path("commercive") / "ids" / f"{_name(store)}.json"


def seen_directory(store: StoreURL) -> Path:
    """Return the directory of what was shown last of a store's conversations."""
    return user_cache_path("commercive") / "seen" / _name(store)


def skipped_path(store: StoreURL, agent: str) -> Path:
    """Return the file of the leads that an agent skipped in a store."""
    return user_cache_path("commercive") / "skipped" / f"{_name(store)}-{sha256(agent.encode()).hexdigest()[:16]}.json"


def _name(store: StoreURL) -> str:
    return sha256(str(store).encode()).hexdigest()[:16]


def load(
    environ: Mapping[str, str],
    *,
    profile: str | None = None,
    store: str | None = None,
    actor: str | None = None,
    access_log: str | None = None,
) -> Settings:
    """Return the settings; `profile`, `store`, `actor` and `access_log` come from the command line.

    Raises Invalid when an option is wrong, Misconfigured when the config file or a variable is.
    """
    path = config_path(environ)
    try:
        contents = examined(read_text(path), path)
        contents.checked()
    except Invalid as wrong:
        raise Misconfigured(wrong.message) from None
    finder = Finder(environ, contents, {"profile": profile, "store": store, "actor": actor, "access_log": access_log})
    for name in NAMES:
        if problem := finder.problem(name):
            raise (Invalid if finder.find(name)[1] in OPTIONS.values() else Misconfigured)(problem)
    values = {name: finder.find(name) for name in NAMES}
    return Settings(
        store=read_store(*values["store"]),
        actor=values["actor"][0],
        profile=values["profile"][0],
        read_only=values["read_only"][0],
        protected=values["protected"][0],
        dashboard_url=read_dashboard_url(*values["dashboard_url"]),
        access_log=read_log(*values["access_log"]) if values["access_log"][0] else None,
        credentials_wait=read_wait(*values["credentials_wait"]),
        credentials_wait_terminal=read_wait(*values["credentials_wait_terminal"]),
        ceiling=_ceiling(*values["ceiling"], values["profile"][0]),
        business_hours=contents.config.business_hours,
        retention=contents.config.retention,
        least=_limit(Least, *values["commission.min"]),
        most=_limit(Most, *values["commission.max"]),
        amounts=NamedAmounts(named_amounts(contents)),
        sources={name: source for name, (_, source) in values.items()},
    )


@dataclass(frozen=True)
class Finder:
    """Finds the value of each setting, and where it comes from; `given` are the values of options, by setting."""

    environ: Mapping[str, str]
    contents: Contents
    given: Mapping[str, str | None]

    def find(self, name: str) -> tuple[Any, str]:
        """Return a setting's value as it stands, right or wrong, and its source."""
        if name in _LIMITS:
            return self._stricter(name)
        option, variable = OPTIONS.get(name, ""), VARIABLES.get(name, "")
        if (value := self.given.get(name)) is not None:
            return value, option
        if value := self.environ.get(variable):
            return value, variable
        return self._in_file(name) or self._built_in(name)

    def problem(self, name: str) -> str | None:
        """Return what is wrong with a setting's value, None if nothing is."""
        value, source = self.find(name)
        # As from an unset variable in a script, which must not select the default store.
        if isinstance(value, str) and not value.strip():
            return f"{source} is empty; leave it out or give it a value"
        if name == "profile" and value is not None and value not in self.contents.config.profiles:
            return self.contents.no_profile(value)
        try:
            if name in READERS and value is not None:
                READERS[name](value, source)
        except Invalid as refusal:
            return refusal.message
        return None

    def keys(self, name: str) -> tuple[str, ...]:
        """Return the nested keys at which the config file sets a setting of this run."""
        if name == "profile":
            return ("default_profile",)
        return tuple(name.split(".")) if "." in name else ("profiles", self.find("profile")[0] or "", name)

    def _stricter(self, name: str) -> tuple[Any, str]:
        """Return the stricter of the two limits: one is a limit, no preference, so none lifts the other.

        What is no amount counts as stricter than any, so that it is found and refused.
        """
        variable, (stricter, strictest) = VARIABLES[name], _LIMITS[name]
        given = [(self.environ.get(variable), variable), self._in_file(name) or (None, "")]
        set_ = [(value, source) for value, source in given if value]
        return stricter(set_, key=lambda limit: _amount_or(strictest, *limit), default=self._built_in(name))

    def _in_file(self, name: str) -> tuple[Any, str] | None:
        config = self.contents.config
        keys = self.keys(name)
        if keys[0] == "commission":
            amount = config.commission.get(keys[1])
            return None if amount is None else (amount, self.contents.place(keys))
        table = config if name == "profile" else config.profiles.get(keys[1], Profile.model_construct())
        value = getattr(table, keys[-1]) if keys[-1] in table.model_fields_set else None
        return None if value in (None, "") else (value, self.contents.place(keys))

    def _built_in(self, name: str) -> tuple[Any, str]:
        if name == "actor":
            return _os_user(), OS_USER
        default = Profile.model_fields[name].default if name in Profile.model_fields else None
        return _DEFAULTS.get(name, default), BUILT_IN


def named_amounts(contents: Contents) -> dict[str, Decimal]:
    """Return the amounts of the config file by name, without the limits."""
    return {name: Decimal(amount) for name, amount in contents.config.commission.items() if name not in LIMITS}


def _amount_or(strictest: Decimal, limit: Any, source: str) -> Decimal:
    try:
        return read_amount(limit, source)
    except Invalid:
        return strictest


def _limit(bound: type[LimitType], amount: str | None, source: str) -> LimitType | None:
    return None if amount is None else bound(read_amount(amount, source), source)


def _ceiling(amount: str | None, source: str, profile: str | None) -> Ceiling | None:
    if amount is None:
        return None
    return Ceiling(read_amount(amount, source), source if source == CEILING else f"ceiling of profile {profile}")


def _os_user() -> str:
    import getpass  # imported late, as it looks for a terminal, too

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's numeric user has no name
        return f"uid-{os.getuid()}"
