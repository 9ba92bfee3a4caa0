"""`commercive completion install`: the script is where the shell finds it, and nothing of the user's is lost."""

import shutil
from pathlib import Path

import pytest

from commercive_cli.cli.completions import MARK, script
from tests.cli.conftest import Run
from tests.cli.process import PROGRAM, done, environment, run_on_terminal

PLACES = {
    "bash": ".local/share/bash-completion/completions/commercive",
    "zsh": ".zfunc/_commercive",
    "fish": ".config/fish/completions/commercive.fish",
}
MINE = "# mine\n"


@pytest.fixture(autouse=True)
def user(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the directory the home of a user of fish who has set no directories of their own."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.mark.parametrize("shell", PLACES)
def test_each_shell_has_a_place(shell: str, run: Run, home: Path) -> None:
    """The script is written there; a second time nothing changes; lines for the start file are alone on stdout."""
    first, second = run("completion", "install", shell), run("completion", "install", shell)
    path = home / PLACES[shell]

    assert script(shell) == run("completion", shell).out == path.read_text()
    assert (0, 0) == (first.code, second.code)
    assert f"{path}: written" in first.err
    assert f"{path}: it is up to date" in second.err
    lines = {
        "bash": f"source {path}\n",
        "zsh": f"fpath=({path.parent} $fpath)\nautoload -Uz compinit && compinit\n",
        "fish": "",
    }
    assert lines[shell] == first.out == second.out


def test_the_shell_is_the_users(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name, it is that of SHELL; for one that has no completions, the shell must be named."""
    assert 0 == run("completion", "install").code
    assert (home / PLACES["fish"]).exists()
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    ran = run("completion", "install")

    assert 2 == ran.code
    assert "name bash, zsh or fish" in ran.err


@pytest.mark.parametrize(
    ("shell", "variable", "place"),
    [
        ("bash", "XDG_DATA_HOME", "bash-completion/completions/commercive"),
        ("zsh", "ZDOTDIR", ".zfunc/_commercive"),
        ("fish", "XDG_CONFIG_HOME", "fish/completions/commercive.fish"),
    ],
)
def test_the_users_directories_count(
    shell: str, variable: str, place: str, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that the user chose is taken; a relative one does not count, as the XDG specification says."""
    monkeypatch.setenv(variable, str(home / "own"))
    run("completion", "install", shell)
    monkeypatch.setenv(variable, "relative")
    run("completion", "install", shell)

    assert (home / "own" / place).exists()
    assert (home / PLACES[shell]).exists()


def test_a_start_file_that_is_ready_needs_nothing(run: Run, home: Path) -> None:
    """Who has the directory in .zshrc already is told no lines to add."""
    (home / ".zshrc").write_text("fpath=(~/.zfunc $fpath)\n")

    assert "" == run("completion", "install", "zsh").out


def test_a_file_of_somebody_else_stays(run: Run, home: Path) -> None:
    """It is replaced only after a yes, on a terminal or as --yes; an older script of ours is replaced unasked."""
    path = home / PLACES["fish"]
    path.parent.mkdir(parents=True)
    path.write_text(MINE)
    refused = run("completion", "install")

    assert 2 == refused.code
    assert "--yes" in refused.err
    assert MINE == path.read_text()
    declined = run_on_terminal(["completion", "install"], "n\n")
    assert (2, MINE) == (declined.code, path.read_text())
    assert 0 == run_on_terminal(["completion", "install"], "y\n").code
    assert script("fish") == path.read_text()
    path.write_text(MINE)
    assert 0 == run("completion", "install", "--yes").code
    path.write_text(f"{MARK}\n# of an older version\n")
    assert 0 == run("completion", "install").code
    assert script("fish") == path.read_text()


def test_a_link_stays_a_link(run: Run, home: Path) -> None:
    """Who keeps such files in another place, as dotfiles, finds the script there."""
    path = home / PLACES["fish"]
    path.parent.mkdir(parents=True)
    path.symlink_to(home / "dotfiles" / "commercive.fish")
    run("completion", "install")

    assert path.is_symlink()
    assert script("fish") == (home / "dotfiles" / "commercive.fish").read_text()


@pytest.mark.parametrize("obstacle", ["a file for a directory", "a directory for a file", "a circle of links"])
def test_a_place_that_cannot_be_written_is_named(obstacle: str, run: Run, home: Path) -> None:
    """The error is one line with the path, exit code 78; no unfinished file is left."""
    path = home / PLACES["fish"]
    if obstacle == "a file for a directory":
        (home / ".config").write_text("")
    elif obstacle == "a directory for a file":
        path.mkdir(parents=True)
    else:
        path.parent.mkdir(parents=True)
        path.symlink_to(path)
    ran = run("completion", "install")

    assert 78 == ran.code
    assert ran.err.startswith(f"commercive: {path} cannot be written: ")
    assert 1 == ran.err.count("\n")
    assert [] == list(home.rglob("*.part"))


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_new_shell_completes(shell: str, run: Run, home: Path) -> None:
    """After the installation and the lines that it prints, the shell knows the command."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    lines = run("completion", "install", shell).out
    program = home / "commercive"
    program.write_text(f'#!/bin/sh\nexec {PROGRAM[0]} -m commercive_cli "$@"\n')
    program.chmod(0o755)
    (home / ".zshrc").write_text(lines.replace("compinit\n", "compinit -u\n"))
    ask = {"zsh": "print -r -- $_comps[commercive]", "fish": "complete -C 'commercive chat rep' | cut -f1"}[shell]
    told = {"zsh": b"_commercive", "fish": b"reply"}[shell]
    variables = environment(HOME=str(home), PATH=f"{home}:{environment()['PATH']}")
    ran = done([shell, *(["-i"] if shell == "zsh" else []), "-c", ask], env=variables)

    assert told in ran.out.split()
