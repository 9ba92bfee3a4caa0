"""The answers of `config show` and `config profiles`."""

from pathlib import Path

from commercive_cli.cli.render.columns import PROFILE, SETTING
from commercive_cli.cli.render.views import VIEWS, View
from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.models import Sparse
from commercive_cli.settings.config_file import ConfigFile
from commercive_cli.settings.resolve import Settings


class SettingShown(Sparse):
    """One setting, its value, and where it comes from."""

    setting: str
    value: str
    source: str


class SettingsShown(Answer):
    """The settings in force."""

    settings: list[SettingShown]


class ProfileShown(Sparse):
    """One profile of the config file; `default` marks the one that is used unasked."""

    profile: str
    default: bool
    store: str | None
    actor: str | None
    read_only: bool
    protected: bool
    dashboard_url: str | None
    access_log: str | None
    ceiling: str | None


class ProfilesShown(Answer):
    """The profiles of the config file."""

    profiles: list[ProfileShown]


def settings_shown(settings: Settings, path: Path) -> SettingsShown:
    """Return the settings as rows; the description of the store holds no secrets."""
    profile, ceiling = f"profile {settings.profile}" if settings.profile else "default", settings.ceiling
    rows = (
        ("config", str(path), "file" if path.exists() else "no file yet"),
        ("profile", settings.profile or "-", settings.sources["profile"]),
        ("store", str(settings.store), settings.sources["store"]),
        ("actor", settings.actor, settings.sources["actor"]),
        ("read_only", str(settings.read_only).lower(), profile),
        ("protected", str(settings.protected).lower(), profile),
        ("dashboard_url", settings.dashboard_url, settings.sources["dashboard_url"]),
        ("access_log", str(settings.access_log or "-"), settings.sources["access_log"]),
        ("ceiling", *((str(ceiling.amount), ceiling.source) if ceiling else ("-", "default"))),
    )
    return SettingsShown(settings=[SettingShown(setting=s, value=v, source=f) for s, v, f in rows])


def profiles_shown(config: ConfigFile) -> ProfilesShown:
    """Return the profiles in the order of the file."""
    return ProfilesShown(
        profiles=[
            ProfileShown(profile=name, default=name == config.default_profile, **profile.model_dump())
            for name, profile in config.profiles.items()
        ]
    )


VIEWS[SettingsShown] = View(lambda answer: answer.settings, SETTING)
VIEWS[ProfilesShown] = View(lambda answer: answer.profiles, PROFILE, empty="The config file has no profiles.")
