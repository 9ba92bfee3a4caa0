"""What a person sees on a terminal: questions, colours, tables."""

from pathlib import Path

import pytest

from tests.cli.commands.conftest import Make, conversation
from tests.cli.conftest import Run
from tests.cli.process import run_on_terminal

__all__ = ["conversation"]

PROTECTED = '[profiles.prod]\nprotected = true\nstore = "sqlite:///{home}/store.db"\n'


def test_a_table_is_coloured_and_relative(conversation: Make) -> None:
    """On a terminal states have colours and times are distances; ids are whole."""
    one = conversation(text="\x1b[2Jboo [red]x[/red]")
    seen = run_on_terminal(["chat", "list"], columns=140)

    assert seen.code == 0
    assert one in seen.screen
    assert "s ago" in seen.screen
    assert "\x1b[32mopen" in seen.screen
    assert r"\x1b[2Jboo [red]x[/red]" in seen.screen


@pytest.mark.parametrize("option", ["--no-color", "NO_COLOR"])
def test_colours_can_be_turned_off(conversation: Make, option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """--no-color and NO_COLOR leave no escape sequence in the output."""
    conversation()
    if option == "NO_COLOR":
        monkeypatch.setenv(option, "1")
    seen = run_on_terminal([*([option] if option.startswith("--") else []), "chat", "list"])

    assert (seen.code, "\x1b" in seen.screen) == (0, False)


def test_other_formats_are_the_same_on_a_terminal(conversation: Make) -> None:
    """`-o ids` prints ids wherever it prints."""
    assert f"{conversation()}\r\n" == run_on_terminal(["chat", "list", "-o", "ids"]).screen


def test_deleting_asks_for_the_prefix(store: Run) -> None:
    """A wrong prefix deletes nothing, the right one deletes."""
    wrong = run_on_terminal(["tables", "delete"], "yes\n")
    assert store("tables", "list").out.count("unchanged") == 6
    right = run_on_terminal(["tables", "delete"], "commercive_\n")

    assert [(seen.code, "Type the prefix:" in seen.screen) for seen in (wrong, right)] == [(2, True), (0, True)]
    assert store("tables", "list").out.count("missing") == 6


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 2), ("\x04", 2)])
def test_a_protected_profile_asks(conversation: Make, home: Path, answer: str, code: int) -> None:
    """Writes name their target and ask for a yes; any other answer, or the end of input, writes nothing."""
    (home / "config.toml").write_text(PROTECTED.format(home=home))
    one = conversation()
    seen = run_on_terminal(["--profile", "prod", "chat", "close", one, "-o", "json"], answer)

    assert (code, True) == (seen.code, f"store: sqlite {home}/store.db (profile prod)" in seen.screen)
    assert (code == 0) == ('"changed": true' in seen.screen)


def test_a_bulk_report_is_a_table(conversation: Make) -> None:
    """For several ids the result of each is shown."""
    one = conversation()
    seen = run_on_terminal(["chat", "close", one, "nope"])

    assert seen.code == 7
    assert "failed: there is no conversation nope" in seen.screen
