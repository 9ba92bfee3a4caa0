"""Shell completion: the scripts are current, and real shells complete with them."""

import shutil
import sys
from pathlib import Path

import pytest

from commercive_cli.cli.completions import FILES, script
from tests.cli.process import ROOT, done, environment

SCRIPTS = ROOT / "completions"
ASK = {
    "bash": (
        "source completions/commercive.bash; COMP_LINE='commercive {words}'; COMP_POINT=${{#COMP_LINE}}; COMP_TYPE=63;"
        " _commercive_completion commercive; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    ),
    "fish": "source completions/commercive.fish; complete -C 'commercive {words}' | cut -f1",
}


@pytest.mark.parametrize("shell", FILES)
def test_the_scripts_are_current(shell: str) -> None:
    """The files in completions/ are what `python -m commercive_cli.cli.completions completions` writes."""
    assert script(shell) == (SCRIPTS / FILES[shell]).read_text(encoding="utf-8")


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Put the program where shells find it."""
    program = tmp_path / "commercive"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m commercive_cli "$@"\n')
    program.chmod(0o755)
    return f"{tmp_path}:{environment()['PATH']}"


@pytest.mark.parametrize("shell", ASK)
@pytest.mark.parametrize(
    ("words", "offers"),
    [("ch", ["chat"]), ("chat re", ["reply", "reopen", "report"]), ("chat list --status ", ["open", "closed", "all"])],
)
def test_bash_and_fish_complete(shell: str, words: str, offers: list[str], path: str) -> None:
    """Groups, commands and choices are offered."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    ran = done([shell, "-c", ASK[shell].format(words=words)], cwd=ROOT, env=environment(PATH=path))

    assert sorted(offers) == sorted(ran.out.decode().split())


def test_zsh_completes_at_the_first_call(path: str) -> None:
    """Zsh loads the file at the first Tab, and that Tab completes already."""
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    line = (
        "fpath=(completions $fpath); autoload -Uz _commercive; words=(commercive chat re); CURRENT=3; PREFIX=re;"
        " compadd() { print -r -- $words_offered }; _commercive"
    )
    ran = done(["zsh", "-f", "-c", line], cwd=ROOT, env=environment(PATH=path))

    assert b"reply" in ran.out
    assert b"reopen" in ran.out


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        ("who", {"whoami"}),
        ("whoami --out", {"--output"}),
        ("config use p", {"prod", "proof"}),
        ("--profile pro", {"prod", "proof"}),
        ("chat list --profile=de", {"dev"}),
        ("config unset rea", {"read_only"}),
        ("config get pro", {"profile", "protected"}),
    ],
)
def test_profiles_and_settings_are_offered(tmp_path: Path, path: str, words: str, offers: set[str]) -> None:
    """Profiles are those of the config file as far as it is right; mistakes in it are not told at a Tab."""
    config = tmp_path / "config.toml"
    config.write_text("[profiles.prod]\n[profiles.proof]\nstroe = 1\n[profiles.dev]\n")
    ran = done(
        ["bash", "-c", ASK["bash"].format(words=words)],
        cwd=ROOT,
        env=environment(PATH=path, COMMERCIVE_CONFIG=str(config)),
    )

    assert (offers, b"") == (set(ran.out.decode().split()), ran.err)
