"""The answers of `config show` and `config profiles`."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from commercive_cli.cli.render.columns import PROFILE, SETTING
from commercive_cli.cli.render.views import VIEWS, Section, View
from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.models import Sparse
from commercive_cli.settings.config_file import ConfigFile
from commercive_cli.settings.overview import Shown


class SettingShown(Sparse):
    """One setting, its value, where it comes from, and what is wrong with it, if anything is."""

    setting: str
    value: str
    source: str
    problem: str | None = None


class SettingsShown(Answer):
    """Settings of a run."""

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
    credentials_wait: str | None
    credentials_wait_terminal: str | None
    ceiling: str | None


class ProfilesShown(Answer):
    """The profiles of the config file."""

    profiles: list[ProfileShown]


def settings_shown(settings: Iterable[Shown]) -> SettingsShown:
    """Return the settings as rows."""
    return SettingsShown(settings=[SettingShown(**asdict(each)) for each in settings])


def profiles_shown(config: ConfigFile) -> ProfilesShown:
    """Return the profiles in the order of the file."""
    return ProfilesShown(
        profiles=[
            ProfileShown(profile=name, default=name == config.default_profile, **profile.model_dump())
            for name, profile in config.profiles.items()
        ]
    )


def _marked(answer: SettingsShown) -> Iterator[SettingShown]:
    """Yield the settings with a mark before wrong values, since their problems stand elsewhere."""
    for each in answer.settings:
        yield each.model_copy(update={"value": f"! {each.value}"}) if each.problem else each


def _wrong(answer: SettingsShown) -> Iterator[SettingShown]:
    return (each for each in answer.settings if each.problem)


VIEWS[SettingsShown] = View(
    lambda answer: answer.settings,
    SETTING,
    (Section(_marked, SETTING[:3]), Section(_wrong, (SETTING[0], SETTING[3]), "What is wrong")),
)
VIEWS[ProfilesShown] = View(lambda answer: answer.profiles, PROFILE, empty="The config file has no profiles.")
