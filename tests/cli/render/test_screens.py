"""Every screen is as recorded. `python -m tests.cli.render.screens` records them anew; look at what changed."""

import re

import pytest
from rich.cells import cell_len

from commercive_cli.cli.app import command
from commercive_cli.cli.commands_document import commands_document
from tests.cli.render.screens import NAMES, SNAPSHOTS, recorded, screen

WHOLE = re.compile(r"https://|-[0-9a-f]{12}$|[.][0-9]{3}Z$|commercive_[a-z_]+$|^ *COMMERCIVE_[A-Z_]+$|^[\w.]+[.]csv$")
"""What is not cut: links, ids, names of tables, variables and files, and exact times."""


TEXTS = {
    "api-call", "api-openapi", "api-package", "api-serve", "api-template", "tables-template",
    "completion-bash", "completion-fish", "completion-install", "completion-zsh",
    "config-get", "config-path", "config-set", "config-unset", "config-use",
    "chat-templates-edit",
}  # fmt: skip
"""Commands that draw nothing: they print a text for other programs, which no terminal changes, or a line on stderr."""


@pytest.mark.parametrize("name", NAMES)
def test_a_screen_is_as_recorded(name: str) -> None:
    """What people see at 80 and 160 columns changes only when somebody looked at it."""
    assert recorded(name) == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 160])
@pytest.mark.parametrize("name", NAMES)
def test_a_screen_fits_the_terminal(name: str, width: int) -> None:
    """No line is wider than the terminal, also of wide characters; what can be copied may be."""
    long = [line for line in screen(name, width).splitlines() if cell_len(line) > width]

    assert [] == [line for line in long if "commercive " not in line and not WHOLE.search(line)]


def test_no_record_is_left_over() -> None:
    """Each recorded screen is one that is still made."""
    assert {f"{name}.txt" for name in NAMES} == {file.name for file in SNAPSHOTS.iterdir()}


def test_every_command_has_a_screen() -> None:
    """A new command is looked at on a terminal, and recorded, before anybody gets it; so is what changes an old one."""
    told = {each.command.replace(" ", "-") for each in commands_document(command()).commands}
    bare = {each for each in told - TEXTS if not any(f"{name}-".startswith(f"{each}-") for name in NAMES)}

    assert (set(), set()) == (bare, TEXTS - told)
    assert [] == [name for name in NAMES if not any(f"{name}-".startswith(f"{each}-") for each in told)]


@pytest.mark.parametrize(("width", "holder"), [(59, "you"), (60, "09:46 you"), (120, "09:46 you")])
def test_a_narrow_list_tells_who_holds_what(width: int, holder: str) -> None:
    """Until when is told where there is room for it."""
    [held] = [each for each in screen("chat-list-waiting-held", width).splitlines() if each.startswith("4c0e91aa")]

    assert holder in held
    assert ("09:46" in held) == ("09:46" in holder)


def test_a_review_fits_a_terminal_of_24_lines() -> None:
    """Also with four flags and a note there is room for the keys, the amount, the question and the answer."""
    assert screen("leads-review-flagged", 80).count("\n") <= 24 - 4


@pytest.mark.parametrize("width", [20, 40, 80, 160])
@pytest.mark.parametrize("name", ["leads-review", "leads-review-flagged", "leads-review-nobody"])
def test_a_review_names_the_lead_on_any_terminal(name: str, width: int) -> None:
    """Also a long name leaves neither the lead's id out, nor what was done so far."""
    words = " ".join(screen(name, width).split())

    assert re.search(r" lead [0-9a-f-]*5d07b1c9 ", words)
    assert "so far 2 approved for 1,051.00 USD, 1 rejected, 3 skipped" in words
