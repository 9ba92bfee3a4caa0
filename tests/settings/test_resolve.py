"""Where each setting comes from."""

from pathlib import Path

import pytest

from commercive_cli.domain.errors import Invalid, Misconfigured
from commercive_cli.settings import editor_of, no_colour
from commercive_cli.settings.resolve import Settings, load

FILE = """
default_profile = "dev"

[profiles.dev]
store = "sqlite:///dev.db"
actor = "dev-admin"

[profiles.prod]
store = "dynamodb://eu-west-1"
read_only = true
protected = true
dashboard_url = "https://shop.example.com/"
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return {"COMMERCIVE_CONFIG": str(path)}


def test_the_command_line_wins_over_everything(environ: dict[str, str]) -> None:
    """An option takes precedence over everything else."""
    environ |= {"COMMERCIVE_STORE": "sqlite:///env.db", "COMMERCIVE_ACTOR": "env-admin", "COMMERCIVE_PROFILE": "prod"}
    settings = load(environ, profile="dev", store="sqlite:///typed.db", actor="typed")

    assert (Path("typed.db"), "typed", "dev") == (settings.store.path, settings.actor, settings.profile)
    assert {name: settings.sources[name] for name in ("profile", "store", "actor")} == {
        "profile": "--profile",
        "store": "--store",
        "actor": "--as",
    }


def test_the_environment_wins_over_the_profile(environ: dict[str, str]) -> None:
    """An environment variable takes precedence over the config file."""
    settings = load(
        environ | {"COMMERCIVE_STORE": "sqlite:///env.db", "COMMERCIVE_DASHBOARD_URL": "http://localhost:3000"}
    )

    assert (Path("env.db"), "dev-admin") == (settings.store.path, settings.actor)
    assert settings.dashboard_url == "http://localhost:3000"


def test_the_default_profile_is_used_unasked(environ: dict[str, str]) -> None:
    """`default_profile` is used when no other profile is named."""
    settings = load(environ)

    assert ("dev", Path("dev.db"), False, False) == (
        settings.profile,
        settings.store.path,
        settings.read_only,
        settings.protected,
    )


def test_every_setting_tells_where_it_is_from(environ: dict[str, str]) -> None:
    """An option, a variable, file and line, or what is built in."""
    settings = load(environ | {"COMMERCIVE_PROFILE": "prod", "COMMERCIVE_STORE": "sqlite:///e.db"}, actor="me")

    assert settings.sources == {
        "profile": "COMMERCIVE_PROFILE",
        "store": "COMMERCIVE_STORE",
        "actor": "--as",
        "read_only": "config.toml:10",
        "protected": "config.toml:11",
        "dashboard_url": "config.toml:12",
        "access_log": "built in",
        "credentials_wait": "built in",
        "credentials_wait_terminal": "built in",
        "ceiling": "built in",
        "commission.min": "built in",
        "commission.max": "built in",
    }
    assert load(environ).sources["profile"] == "config.toml:2"


def test_a_profile_holds_protections_and_the_dashboard(environ: dict[str, str]) -> None:
    """COMMERCIVE_PROFILE selects a profile with all its settings."""
    settings = load(environ | {"COMMERCIVE_PROFILE": "prod"})

    assert (
        settings.read_only,
        settings.protected,
        settings.dashboard_url,
    ) == (True, True, "https://shop.example.com")


def test_without_anything_the_default_file_and_the_os_user_are_used(tmp_path: Path) -> None:
    """The program works before it is configured."""
    settings = load({"COMMERCIVE_CONFIG": str(tmp_path / "none.toml")})

    assert (settings.store.engine, settings.store.path.name) == ("sqlite", "commercive.db")
    assert settings.actor
    assert settings.sources["actor"] == "OS user"
    assert {"built in"} == {source for name, source in settings.sources.items() if name != "actor"}


def test_an_unknown_profile_is_refused_with_the_nearest(environ: dict[str, str]) -> None:
    """An unknown profile is an error; the default store is not used instead."""
    with pytest.raises(Invalid, match=r"no profile 'prdo' in .*did you mean prod\?.*dev, prod"):
        load(environ, profile="prdo")


@pytest.mark.parametrize("option", ["profile", "store", "actor"])
def test_an_empty_option_is_refused(environ: dict[str, str], option: str) -> None:
    """`--store "$UNSET"` in a script does not write to the default store."""
    with pytest.raises(Invalid, match="is empty"):
        _ = load(environ, **{option: ""})


@pytest.mark.parametrize("variable", ["COMMERCIVE_ACTOR", "COMMERCIVE_STORE", "COMMERCIVE_PROFILE"])
def test_a_blank_variable_is_refused_by_its_name(environ: dict[str, str], variable: str) -> None:
    """Blanks are no value: nobody acts under them, before anything is opened."""
    with pytest.raises(Misconfigured, match=f"{variable} is empty; leave it out or give it a value"):
        load({**environ, variable: " "})


def test_a_dashboard_url_must_be_a_web_address(environ: dict[str, str]) -> None:
    """The dashboard URL must be a web address, since referral links are made from it."""
    with pytest.raises(Misconfigured, match="must be a web address"):
        load(environ | {"COMMERCIVE_DASHBOARD_URL": "dashboard"})


@pytest.mark.parametrize(
    ("variable", "in_profile", "amount", "source"),
    [
        ("", None, None, None),
        ("500", None, "500.00", "COMMERCIVE_APPROVAL_CEILING"),
        ("", "'250.5'", "250.50", "ceiling of profile dev"),
        ("", "250.50", "250.50", "ceiling of profile dev"),
        ("", "0", "0.00", "ceiling of profile dev"),
        ("500", "250", "250.00", "ceiling of profile dev"),
        ("100", "250", "100.00", "COMMERCIVE_APPROVAL_CEILING"),
    ],
)
def test_the_lower_ceiling_counts(
    environ: dict[str, str], variable: str, in_profile: str | None, amount: str | None, source: str | None
) -> None:
    """Environment and profile limit approvals, each for itself: neither lifts the limit of the other."""
    path = Path(environ["COMMERCIVE_CONFIG"])
    line = "" if in_profile is None else f"ceiling = {in_profile}\n"
    path.write_text(FILE.replace("[profiles.dev]\n", f"[profiles.dev]\n{line}"))
    ceiling = load(environ | {"COMMERCIVE_APPROVAL_CEILING": variable}).ceiling

    assert (amount, source) == ((str(ceiling.amount), ceiling.source) if ceiling else (None, None))


@pytest.mark.parametrize("amount", ["-1", "1e3", "10.005", "1,000", "nan", "1000000.01", "many"])
def test_a_ceiling_is_an_amount(environ: dict[str, str], amount: str) -> None:
    """A ceiling that is none would let everything through, so it is refused."""
    with pytest.raises(Misconfigured, match="COMMERCIVE_APPROVAL_CEILING"):
        load(environ | {"COMMERCIVE_APPROVAL_CEILING": amount})
    path = Path(environ["COMMERCIVE_CONFIG"])
    path.write_text(FILE.replace("[profiles.dev]\n", "[profiles.dev]\nceiling = 0\n"))
    with pytest.raises(Misconfigured, match="COMMERCIVE_APPROVAL_CEILING"):
        load(environ | {"COMMERCIVE_APPROVAL_CEILING": amount})


@pytest.mark.parametrize(
    ("variable", "in_profile", "seconds"),
    [("", None, 5.0), ("7", None, 7.0), ("", "0.5", 0.5), ("", "'60'", 60.0), ("0.1", "600", 0.1)],
)
def test_the_wait_for_credentials_is_a_number_of_seconds(
    environ: dict[str, str], variable: str, in_profile: str | None, seconds: float
) -> None:
    """Variable or profile say it, as a number or a text; the wait at a terminal is a setting of its own."""
    line = "" if in_profile is None else f"credentials_wait = {in_profile}\n"
    Path(environ["COMMERCIVE_CONFIG"]).write_text(FILE.replace("[profiles.dev]\n", f"[profiles.dev]\n{line}"))
    settings = load(environ | {"COMMERCIVE_CREDENTIALS_WAIT": variable})

    assert (seconds, 120.0) == (settings.credentials_wait, settings.credentials_wait_terminal)


@pytest.mark.parametrize("seconds", ["0", "-1", "601", "nan", "inf", "soon", "5 s", '"5"'])
def test_a_wait_for_credentials_that_is_none_is_refused(environ: dict[str, str], seconds: str) -> None:
    """Nobody waits for ever, or not at all, by a slip."""
    for variable in ("COMMERCIVE_CREDENTIALS_WAIT", "COMMERCIVE_CREDENTIALS_WAIT_TERMINAL"):
        with pytest.raises(Misconfigured, match=variable):
            load(environ | {variable: seconds})


@pytest.mark.parametrize("text", ["[profiles.dev]\nstor = 'x'\n", "store =", "[profiles.dev]\nstore = 'nonsense'\n"])
def test_a_wrong_file_is_no_wrong_input(environ: dict[str, str], text: str) -> None:
    """What the user typed is fine; the file has to be mended first, and the message names it."""
    Path(environ["COMMERCIVE_CONFIG"]).write_text(f"default_profile = 'dev'\n{text}")

    with pytest.raises(Misconfigured, match=r"config\.toml"):
        load(environ)


def test_a_wrong_option_is_wrong_input(environ: dict[str, str]) -> None:
    """The same value is one or the other by where it stands."""
    with pytest.raises(Invalid, match="--store"):
        load(environ, store="nonsense")
    with pytest.raises(Misconfigured, match="COMMERCIVE_STORE"):
        load(environ | {"COMMERCIVE_STORE": "nonsense"})


def test_editor_and_colour_follow_the_customs() -> None:
    """VISUAL comes before EDITOR, and NO_COLOR counts unless it is empty."""
    assert (
        editor_of({"VISUAL": "code -w", "EDITOR": "nano"}),
        editor_of({"EDITOR": "nano"}),
        editor_of({}),
    ) == ("code -w", "nano", "vi")
    assert [no_colour({"NO_COLOR": "1"}), no_colour({"NO_COLOR": ""}), no_colour({})] == [True, False, False]


def test_settings_are_immutable(environ: dict[str, str]) -> None:
    """The settings of a run cannot be changed."""
    settings: Settings = load(environ)

    with pytest.raises(AttributeError):
        settings.actor = "other"  # type: ignore[misc]  # the point of the test
