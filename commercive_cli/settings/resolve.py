"""Settings of one run: from options, else the environment, else the config file's profile, else defaults."""

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_data_path

from commercive_cli.domain.choices import suggestion
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.links import DASHBOARD_URL
from commercive_cli.domain.quoting import quoted
from commercive_cli.domain.web_addresses import is_web_url
from commercive_cli.settings.config_file import ConfigFile, Profile, config_path, read_config
from commercive_cli.settings.store_url import StoreURL, parse_store_url


@dataclass(frozen=True)
class Settings:
    """The settings of one run. `sources` maps each setting's name to where its value comes from."""

    store: StoreURL
    actor: str
    profile: str | None = None
    read_only: bool = False
    protected: bool = False
    dashboard_url: str = DASHBOARD_URL
    sources: Mapping[str, str] = field(default_factory=dict)


def load(
    environ: Mapping[str, str], *, profile: str | None = None, store: str | None = None, actor: str | None = None
) -> Settings:
    """Return the settings; `profile`, `store` and `actor` come from the command line.

    Raises Invalid when the config file has an error, the profile is unknown or a value is invalid.
    """
    path = config_path(environ)
    config = read_config(path)
    if profile == "":
        raise Invalid("--profile is empty; leave it out or name a profile")
    name = profile or environ.get("COMMERCIVE_PROFILE") or config.default_profile
    chosen = _profile(config, name, path)
    pick = _Picker(environ, chosen, f"profile {name}")
    pick("profile", "--profile", profile, "COMMERCIVE_PROFILE", config.default_profile or "")
    url = pick("store", "--store", store, "COMMERCIVE_STORE", "sqlite://")
    return Settings(
        store=parse_store_url(url, pick.sources["store"], user_data_path("commercive") / "commercive.db"),
        actor=pick("actor", "--as", actor, "COMMERCIVE_ACTOR", "") or _os_user(),
        profile=name,
        read_only=chosen.read_only,
        protected=chosen.protected,
        dashboard_url=_web_url(
            pick("dashboard_url", "", None, "COMMERCIVE_DASHBOARD_URL", DASHBOARD_URL),
            pick.sources["dashboard_url"],
        ),
        sources=pick.sources,
    )


@dataclass
class _Picker:
    """Picks each value by precedence and records where it came from."""

    environ: Mapping[str, str]
    profile: Profile
    profile_name: str
    sources: dict[str, str] = field(default_factory=dict)

    def __call__(self, name: str, option: str, given: str | None, variable: str, default: str) -> str:
        if given == "":  # as from an unset variable in a script, which must not select the default store
            raise Invalid(f"{option} is empty; leave it out or give it a value")
        candidates = (
            (option, given),
            (variable, self.environ.get(variable)),
            (self.profile_name, getattr(self.profile, name, None)),
            ("default", default),
        )
        self.sources[name], value = next(
            (source, value) for source, value in candidates if value or source == "default"
        )
        return value or default


def _profile(config: ConfigFile, name: str | None, path: Path) -> Profile:
    if name is None:
        return Profile()
    if name in config.profiles:
        return config.profiles[name]
    known = ", ".join(sorted(config.profiles)) or "none"
    raise Invalid(f"no profile {quoted(name)} in {path}{suggestion(name, config.profiles)}; profiles there: {known}")


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's numeric user has no name
        return f"uid-{os.getuid()}"


def _web_url(url: str, source: str) -> str:
    if not is_web_url(url):
        raise Invalid(f"dashboard_url ({source}) must be a web address such as {DASHBOARD_URL}")
    return url.rstrip("/")
