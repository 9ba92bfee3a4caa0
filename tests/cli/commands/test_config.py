"""`commercive config`: profiles and settings."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_settings_tell_where_they_come_from(run: Run, home: Path) -> None:
    """Each setting in force has its source beside it."""
    rows = {row["setting"]: row for row in run("--as", "me", "config", "show", "-o", "json").json["settings"]}

    assert rows["actor"] == {"setting": "actor", "value": "me", "source": "--as"}
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
    """Any command names file, line and key, and exits 2."""
    (home / "config.toml").write_text("[profiles.dev]\nstor = 'x'\n")
    ran = run("chat", "list")

    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert f"{home}/config.toml line 2: unknown key 'stor' (did you mean store?)" in ran.err


def test_an_unknown_setting_is_not_written(run: Run, home: Path) -> None:
    """An unknown key creates no file."""
    assert run("config", "set", "profiles.dev.stroe", "x").code == 2
    assert not (home / "config.toml").exists()
