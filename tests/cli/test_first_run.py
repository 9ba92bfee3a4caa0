"""What a new user sees: how to try the program, and how to connect it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.process import PROGRAM, done

LINES = """commercive: no store yet (~/.local/share/commercive/commercive.db)
  Try it with demo data:  commercive tables create --seed
  Connect to yours:       commercive --store dynamodb://eu-west-1 whoami
"""


@pytest.fixture
def nobody(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a user who has configured nothing."""
    for name in ("COMMERCIVE_CONFIG", "COMMERCIVE_STORE", "COMMERCIVE_ACTOR"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / ".local/share"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    return home


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    "line",
    [
        "chat list",
        "chat show x",
        "chat close x y",
        "chat close x --dry-run",
        "affiliates list --all",
        "tables audit",
        "tables seed --leads 1",
        "tables backup",
        "api call chat/conversations user_id=u",
    ],
)
def test_what_needs_a_store_says_how_to_begin(run: Run, line: str) -> None:
    """Three lines on stderr, nothing on stdout, exit 78, and no file is made."""
    ran = run(*line.split())

    assert (78, "", LINES) == (ran.code, ran.out, ran.err)


@pytest.mark.usefixtures("nobody")
def test_programs_get_the_first_line_and_the_document(run: Run) -> None:
    """With -o json the failure is the document on stdout, and one line on stderr."""
    ran = run("leads", "list", "-o", "json")

    assert (78, LINES.splitlines(keepends=True)[0]) == (ran.code, ran.err)
    assert {"success": False, "code": "misconfigured", "field": None} == {
        name: ran.json[name] for name in ("success", "code", "field")
    }


@pytest.mark.usefixtures("nobody")
def test_whoami_says_so_as_well(run: Run) -> None:
    """It shows who would act where first."""
    ran = run("whoami")

    assert (78, LINES) == (ran.code, ran.err)
    assert "commercive.db\tbuilt in\n" in ran.out


def test_the_first_line_to_try_works(run: Run, nobody: Path) -> None:
    """After it, commands have a store, and the three lines are gone."""
    assert run("tables", "list").code == 0
    created = run("tables", "create", "--seed")

    assert (0, True) == (created.code, (nobody / ".local/share/commercive/commercive.db").exists())
    assert run("chat", "list").code == 0
    assert run().out.startswith("Usage: commercive")


@pytest.mark.usefixtures("nobody")
def test_the_program_alone_says_how_to_begin(run: Run) -> None:
    """Above its groups; its help, which is asked for, stays as it is."""
    alone = run()

    assert (0, "") == (alone.code, alone.err)
    assert alone.out == f"N{LINES.removeprefix('commercive: n')}\n{run('--help').out}"


@pytest.mark.usefixtures("nobody")
def test_a_profile_that_is_there_is_named(run: Run, nobody: Path) -> None:
    """Where profiles exist and none is chosen, that is how to connect."""
    config = nobody / ".config/commercive/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[profiles.prod]\nstore = "dynamodb://eu-west-1"\n')
    ran = run("chat", "list")

    assert (78, "commercive --profile prod whoami") == (ran.code, ran.err.split("yours:")[1].strip())
    assert run().out.startswith("Usage: commercive")


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("variable", ["COMMERCIVE_STORE", "COMMERCIVE_PROFILE"])
def test_whoever_has_set_something_is_no_new_user(run: Run, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """Their own error is what they need to read."""
    monkeypatch.setenv(variable, "sqlite:///elsewhere.db")
    ran = run("chat", "list")

    assert "no store yet" not in ran.err
    assert run().out.startswith("Usage: commercive")


@pytest.mark.usefixtures("nobody")
def test_the_program_alone_loads_no_engine() -> None:
    """Looking for a store costs no start-up: neither pydantic nor an engine is loaded."""
    heavy = "{'pydantic', 'sqlite3', 'botocore', 'rich'}"
    code = f"import sys; from commercive_cli.cli.app import main; main([]); sys.exit(len({heavy} & set(sys.modules)))"
    ran = done([PROGRAM[0], "-c", code])

    assert (0, b"") == (ran.code, ran.err)
