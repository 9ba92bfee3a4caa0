"""Whoever follows the README sees what it shows."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from tests.readme.console import (
    COLUMNS,
    README,
    SEED,
    Names,
    Session,
    blocks,
    groups,
    needs_server,
    screen_of,
)

PAGE = README.read_text(encoding="utf-8")
NOT_RUN = ["it needs an AWS account and a bucket"]
"""Every block that is not run needs a reason, and a line here."""
_MESSAGES = ("commercive: ", "  Your text is in ", "  Go on with it: ", "{", "key ")


@pytest.mark.parametrize("section", groups(PAGE))
def test_the_readme_shows_what_is_seen(section: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Each section's commands, on a new store with the demo data, show on 80 columns what the README shows.

    Ids are compared by where they appear again, times by their form, and widths not at all.
    """
    group = groups(PAGE)[section]
    server = request.getfixturevalue("real_endpoint") if needs_server(group) else ""
    if shutil.which("curl") is None and any("$ curl" in block.text for block in group):
        pytest.skip("curl, which this section uses, is not installed here")
    with Session(tmp_path, server) as session:
        if group[0].steps[0].command != SEED:
            session.seed()
        for step in (step for block in group for step in block.steps):
            seen = session.run(step)
            assert session.told.plain(step.shown) == session.seen.plain(seen), f"$ {step.command}\n{seen}"


def test_every_block_is_run_or_says_why_not() -> None:
    """A block is left out for a reason that the page itself gives, and few are."""
    assert NOT_RUN == [block.not_run for block in blocks(PAGE) if block.not_run]
    assert len(groups(PAGE)) > 4


def test_what_is_shown_fits_a_terminal() -> None:
    """No table of the README is wider than the terminal it is shown on; messages and keys may be longer than a line."""
    wide = [
        line
        for block in blocks(PAGE)
        for step in block.steps
        for line in step.lines
        if len(line) > COLUMNS and not line.startswith(_MESSAGES)
    ]

    assert [] == wide


def test_the_first_command_sets_everything_up() -> None:
    """It makes `.venv` and installs the extra that the README's own tour of the API needs; the second one tests."""
    first, second = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)[:2]
    extras = tomllib.loads((README.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (installed,) = re.findall(r"'\.\[(\w+)\]'", first)

    assert first.startswith("python3 -m venv .venv && .venv/bin/pip install ")
    assert first.rstrip().endswith(f".venv/bin/{SEED} && .venv/bin/commercive chat list")
    assert installed in extras["optional-dependencies"]
    assert f"<!-- test command -->\n```sh\n{second}" in PAGE


@pytest.mark.parametrize(
    ("shown", "seen"),
    [
        ("open  2d ago", "open  3d ago  x"),
        ("12 items", "13 items"),
        ("01a1e452-f6e7-70f3-acf8-5804395c98ec 01a1e452-f6e7-70f3-acf8-5804395c98ec", "{} {}"),
        ("The dashboard …", "The shop says …"),
    ],
)
def test_a_difference_is_seen(shown: str, seen: str) -> None:
    """The comparison tells other numbers, words, columns and ids apart."""
    other = seen.format("01a1edb0-f95c-7c46-b0d1-d926bdd6e313", "01a1eebc-cd97-7150-adde-450325186dc5")

    assert Names().plain(shown) != Names().plain(other)


def test_a_progress_bar_leaves_nothing() -> None:
    """What was erased on the terminal is not expected of the README."""
    assert "items\ntwo" == screen_of(
        "\x1b[?25l\r\x1b[2Kread 1\r\x1b[2Kread 22\r\n\x1b[?25h\r\x1b[1A\x1b[2Kitems\r\ntwo  \r\n"
    )
