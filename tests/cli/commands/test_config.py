"""`commercive config`: profiles and settings."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.process import run_on_terminal


def test_settings_tell_where_they_come_from(run: Run, home: Path) -> None:
    """Each setting in force has its source beside it."""
    rows = {row["setting"]: row for row in run("--as", "me", "config", "show", "-o", "json").json["settings"]}

    assert rows["actor"] == {"setting": "actor", "value": "me", "source": "--as"}
    assert rows["read_only"]["source"] == "built in"
    assert rows["store"]["source"] == "COMMERCIVE_STORE"
    assert str(home / "config.toml") == rows["config"]["value"]


def test_the_path_stands_alone(run: Run, home: Path) -> None:
    """`$EDITOR $(commercive config path)` works, even when the file is broken."""
    (home / "config.toml").write_text("[")

    assert (0, f"{home}/config.toml\n", "") == (
        run("config", "path").code,
        run("config", "path").out,
        run("config", "path").err,
    )


def test_a_profile_is_set_and_used(run: Run, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """The next command uses the value that `config set` wrote."""
    monkeypatch.delenv("COMMERCIVE_STORE")
    run("config", "set", "profiles.dev.store", f"sqlite:///{home}/dev.db")
    run("--profile", "dev", "config", "set", "actor", "dev-admin")
    run("config", "set", "default_profile", "dev")
    assert run("tables", "create").code == 0

    assert (home / "dev.db").exists()
    assert [
        (row["profile"], row["default"], row["actor"])
        for row in run("config", "profiles", "-o", "json").json["profiles"]
    ] == [("dev", True, "dev-admin")]


def test_a_mistake_in_the_file_is_one_line(run: Run, home: Path) -> None:
    """Any command names file, line and key, and exits 78."""
    (home / "config.toml").write_text("[profiles.dev]\nstor = 'x'\n")
    ran = run("chat", "list")

    assert (ran.code, ran.err.count("\n")) == (78, 1)
    assert f"{home}/config.toml line 2: unknown key 'stor' (did you mean store?)" in ran.err


def test_an_unknown_setting_is_not_written(run: Run, home: Path) -> None:
    """An unknown key creates no file."""
    assert run("config", "set", "profiles.dev.stroe", "x").code == 2
    assert not (home / "config.toml").exists()


FILE = """default_profile = "dev"
[profiles.dev]
actor = "dev-admin"
store = "sqlite:///dev.db"
[profiles.prod]
protected = true
"""


def test_show_and_check_find_every_mistake(run: Run, home: Path) -> None:
    """`show` shows all settings and exits 0 whatever is wrong; `check` shows what is wrong and exits 3."""
    (home / "config.toml").write_text(f'{FILE}actr = "x"\ndashboard_url = "host"\n')
    shown, checked = run("--profile", "prdo", "config", "show", "-o", "json"), run("config", "check", "-o", "json")
    rows = {row["setting"]: row for row in shown.json["settings"]}

    assert (0, 3) == (shown.code, checked.code)
    assert "did you mean prod?" in rows["profile"]["problem"]
    assert rows["actor"] == {"setting": "actor", "value": "admin-1", "source": "COMMERCIVE_ACTOR"}
    assert [("profiles.prod.actr", "config.toml:7"), ("profiles.prod.dashboard_url", "config.toml:8")] == [
        (row["setting"], row["source"]) for row in checked.json["settings"]
    ]


def test_a_sound_configuration_passes(run: Run, home: Path) -> None:
    """Without anything wrong, `check` says so on stderr and exits 0."""
    (home / "config.toml").write_text(FILE)
    ran = run("config", "check")

    assert (0, "") == (ran.code, ran.out)
    assert f"commercive: nothing is wrong with the settings and {home}/config.toml\n" == ran.err
    assert run("config", "check", "-o", "json").json == {"success": True, "settings": []}


@pytest.mark.parametrize(
    ("arguments", "code", "out"),
    [
        (("config", "get", "actor"), 0, "admin-1\n"),
        (("--as", "me", "config", "get", "actor"), 0, "me\n"),
        (("config", "get", "profile"), 0, "dev\n"),
        (("config", "get", "read_only"), 0, "false\n"),
        (("config", "get", "default_profile"), 0, "dev\n"),
        (("config", "get", "profiles.dev.store"), 0, "sqlite:///dev.db\n"),
        (("config", "get", "profiles.prod.protected"), 0, "true\n"),
        (("config", "get", "profiles.prod.actor"), 5, ""),
        (("config", "get", "profiles.prdo.actor"), 5, ""),
        (("config", "get", "profiles.prod.actr"), 2, ""),
        (("config", "get", "actr"), 2, ""),
        (("--profile", "prdo", "config", "get", "read_only"), 2, ""),
        (("--store", "mysql://x", "config", "get", "store"), 2, ""),
    ],
)
def test_one_value_stands_alone(run: Run, home: Path, arguments: tuple[str, ...], code: int, out: str) -> None:
    """A setting's name is its value in this run, a key of the file what is written there; exit 5 if nothing is."""
    (home / "config.toml").write_text(FILE)
    ran = run(*arguments)

    assert (code, out, code != 0) == (ran.code, ran.out, bool(ran.err))


def test_a_profile_becomes_the_default(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`config use` says what it did, and what is used all the same where a variable names another profile."""
    (home / "config.toml").write_text(FILE)
    ran = run("config", "use", "prod")

    assert (0, "", "commercive: default profile: prod\n") == (ran.code, ran.out, ran.err)
    assert run("config", "get", "profile").out == "prod\n"
    monkeypatch.setenv("COMMERCIVE_PROFILE", "dev")
    assert run("config", "use", "prod").err.endswith("prod; but here COMMERCIVE_PROFILE=dev is used\n")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("use", "prdo"), 2, "did you mean prod?"),
        (("use", "PROD"), 2, "(did you mean prod?); profiles there: dev, prod"),
        (("use", "no-such-thing"), 2, "/config.toml; profiles there: dev, prod"),
        (("set", "default_profile", "prdo"), 2, "did you mean prod?"),
        (("set", "profiles.dev.stroe", "x"), 2, "there is no setting 'stroe' (did you mean store?)"),
        (("set", "dev.store", "x"), 2, "store belongs to a profile; write profiles.dev.store"),
        (("set", "store", "x"), 2, "write profiles.NAME.store, or pass --profile NAME"),
        (("set", "profiles.d v.store", "x"), 2, "belongs to a profile"),
        (("set", "a.default_profile", "x"), 2, "there is no setting 'default_profile'"),
        (("unset", "profiles.prdo"), 5, "did you mean prod?"),
        (("unset", "profiles.dev.stroe"), 5, "did you mean store?"),
        (("unset", "profiles.dev"), 2, "no profile 'dev'"),
        (("unset", "stroe"), 2, "did you mean store?"),
        (("get", "profiles.prdo.actor"), 5, "did you mean prod?"),
    ],
)
def test_a_wrong_name_gets_the_nearest_right_one(
    run: Run, home: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    """Profiles are suggested for profiles and settings for settings, in one line, and nothing is written."""
    (home / "config.toml").write_text(FILE)
    ran = run("config", *arguments)

    assert (code, "", 1) == (ran.code, ran.out, ran.err.count("\n"))
    assert says in ran.err
    assert FILE == (home / "config.toml").read_text()


def test_what_was_set_is_removed(run: Run, home: Path) -> None:
    """A bare setting belongs to --profile; a whole profile can go at once."""
    (home / "config.toml").write_text(FILE)
    codes = [
        run("--profile", "dev", "config", "unset", "actor").code,
        run("config", "unset", "profiles.prod").code,
    ]

    assert ([0, 0], 'default_profile = "dev"\n[profiles.dev]\nstore = "sqlite:///dev.db"\n') == (
        codes,
        (home / "config.toml").read_text(),
    )


def test_a_wrong_value_is_marked_on_a_terminal(home: Path) -> None:
    """A mark before the value, a colour, and what is wrong below, on 80 columns; without mistakes none of these."""
    (home / "config.toml").write_text(f"{FILE}read_only = 1\n")
    wrong = run_on_terminal(["--profile", "prod", "config", "show"], columns=80).screen
    plain = run_on_terminal(["--profile", "prod", "--no-color", "config", "show"], columns=80).screen
    (home / "config.toml").write_text(FILE)
    right = run_on_terminal(["--profile", "prod", "config", "show"], columns=80).screen

    assert ["! 1"] == [line.split("config.toml:7")[1].strip() for line in plain.splitlines() if "config.toml:7" in line]
    assert "\x1b[38;5;196m! 1\x1b[0m" in wrong
    assert "profiles.prod.read_only must be true or false" in wrong.partition("What is wrong")[2]
    assert ("!" in right, "What is wrong" in right) == (False, False)
