"""Every setting is shown with where it comes from; a mistake hides nothing, and secrets are not shown."""

from pathlib import Path

import pytest

from commercive_cli.settings.overview import Shown, overview

FILE = """default_profile = "dev"

[profiles.dev]
store = "sqlite:///dev.db"
protected = "yes"

[profiles.prod]
stor = "dynamodb://eu-west-1"
dashboard_url = "ftp://maria:secret@host"
"""
LONG = "0123456789" * 4


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return {"COMMERCIVE_CONFIG": str(path), "COMMERCIVE_ACTOR": "maria"}


def shown(environ: dict[str, str], **given: str) -> dict[str, Shown]:
    return {each.setting: each for each in overview(environ, given)}


def test_a_mistake_hides_no_other_setting(environ: dict[str, str]) -> None:
    """The wrong value stands where the right one would, with what is wrong; other profiles' mistakes stand below."""
    found = shown(environ)

    assert found["store"] == Shown("store", "sqlite dev.db prefix commercive_", "config.toml:4")
    assert found["actor"] == Shown("actor", "maria", "COMMERCIVE_ACTOR")
    assert found["read_only"] == Shown("read_only", "false", "built in")
    assert found["protected"] == Shown(
        "protected", "yes", "config.toml:5", "profiles.dev.protected must be true or false"
    )
    assert "did you mean store?" in str(found["profiles.prod.stor"].problem)
    assert [] == [name for name in found if name.startswith("profiles.dev")]


def test_a_mistake_that_another_source_overrules_is_shown_as_well(environ: dict[str, str]) -> None:
    """The value in force is right, and the file still has a mistake."""
    path = Path(environ["COMMERCIVE_CONFIG"])
    path.write_text('[profiles.dev]\nstore = "x"\n')
    found = shown(environ | {"COMMERCIVE_STORE": "sqlite:///e.db", "COMMERCIVE_PROFILE": "dev"})

    assert (None, "COMMERCIVE_STORE") == (found["store"].problem, found["store"].source)
    assert found["profiles.dev.store"].source == "config.toml:2"
    assert found["profiles.dev.store"].problem


@pytest.mark.parametrize(
    ("setting", "more", "given", "says"),
    [
        ("profile", {}, {"profile": "dve"}, "did you mean dev?"),
        ("profile", {"COMMERCIVE_PROFILE": "prdo"}, {}, "did you mean prod?"),
        ("store", {}, {"store": ""}, "--store is empty"),
        ("store", {"COMMERCIVE_STORE": "mysql://root:secret@db"}, {}, "scheme 'mysql'"),
        ("dashboard_url", {"COMMERCIVE_DASHBOARD_URL": "host"}, {}, "must be a web address"),
    ],
)
def test_wrong_options_and_variables_are_shown(
    environ: dict[str, str], setting: str, more: dict[str, str], given: dict[str, str], says: str
) -> None:
    """What is wrong with them is said beside them."""
    found = shown(environ | more, **given)

    assert says in str(found[setting].problem)
    assert found["actor"].value == "maria"
    assert "secret" not in str(found)


@pytest.mark.parametrize("content", ["[profiles", "caf\u00e9"])
def test_a_file_that_cannot_be_understood_is_one_mistake(environ: dict[str, str], content: str) -> None:
    """The other sources are shown."""
    Path(environ["COMMERCIVE_CONFIG"]).write_bytes(content.encode("latin-1" if content[0] == "c" else "utf-8"))
    found = shown(environ)

    assert str(found["config"].problem).startswith(environ["COMMERCIVE_CONFIG"])
    assert (found["actor"].value, found["store"].source) == ("maria", "built in")


def test_secrets_are_counted_and_not_shown(environ: dict[str, str]) -> None:
    """Keys, secrets and tokens of the API, and malformed URLs, which may hold a password."""
    secret = dict.fromkeys(("COMMERCIVE_JWT_SECRET", "COMMERCIVE_ADDRESS_KEY", "COMMERCIVE_ANSWER_TOKEN"), LONG)
    found = shown(environ | secret | {"COMMERCIVE_SUPABASE_KEY": LONG, "COMMERCIVE_JWKS_URL": f"https://x:{LONG}@y"})

    assert "set, 40 characters" == found["jwt_secret"].value
    assert "set, 52 characters" == found["jwks_url"].value
    assert LONG not in str(found)
    assert "maria:secret" not in str(found)


def test_each_variable_of_the_api_is_judged_by_itself(environ: dict[str, str]) -> None:
    """One that is right is not blamed for another; two that belong together are both wanted."""
    found = shown(
        environ
        | {
            "COMMERCIVE_JWT_SECRET": "short",
            "COMMERCIVE_SUPABASE_URL": "https://p.supabase.co",
            "COMMERCIVE_SUPABASE_KEY": LONG,
            "COMMERCIVE_FALLBACK_URL": "https://old.example.com",
            "COMMERCIVE_FALLBACK_ACTIONS": "crm/",
            "COMMERCIVE_CORS_ORIGINS": "*",
        }
    )
    wrong = {name for name, each in found.items() if each.problem and each.source.startswith("COMMERCIVE_")}

    assert {"jwt_secret", "cors_origins"} == wrong
    assert ("https://old.example.com", "crm/") == (found["fallback_url"].value, found["fallback_actions"].value)


def test_half_of_a_pair_is_wrong(environ: dict[str, str]) -> None:
    """What is missing beside it is named."""
    found = shown(environ | {"COMMERCIVE_FALLBACK_ACTIONS": "crm/"})

    assert "COMMERCIVE_FALLBACK_URL is not set" in str(found["fallback_actions"].problem)
