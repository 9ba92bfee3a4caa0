"""Global options may stand before or after the command."""

import pytest

from commercive_cli.cli.global_options import asked_format, global_options_first
from commercive_cli.domain.errors import Invalid


@pytest.mark.parametrize(
    ("typed", "run"),
    [
        ("chat list --store X --debug", "--store X --debug chat list"),
        ("chat list --store=X", "--store=X chat list"),
        ("chat list --store-url X", "chat list --store-url X"),
        ("chat reply ID -- --debug", "chat reply ID -- --debug"),
        ("-v chat list", "-v chat list"),
    ],
)
def test_global_options_are_found_anywhere(typed: str, run: str) -> None:
    """Global options are accepted at the end of a line; arguments after `--` are not options."""
    assert run.split() == global_options_first(typed.split())


def test_an_option_without_its_value_is_refused() -> None:
    """The group's name is never taken for the missing value."""
    with pytest.raises(Invalid, match="--store needs a value"):
        global_options_first(["chat", "list", "--store"])


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("chat list", "table"),
        ("chat list -o json", "json"),
        ("-o ids chat list", "ids"),
        ("--output=csv chat list", "csv"),
        ("chat list -ojson", "json"),
        ("chat list --json", "json"),
        ("--json chat list -o csv", "csv"),
        ("chat reply ID -- --json", "table"),
        ("chat list --store", "table"),
    ],
)
def test_the_format_may_stand_anywhere(typed: str, asked: str) -> None:
    """-o, --output and --json are options of the command wherever they stand; the last one counts."""
    assert asked == asked_format(typed.split())


def test_the_format_goes_behind_the_command() -> None:
    """So the command, and no group, parses it; what follows `--` stays text."""
    assert "chat reply ID --output json -- --json" == " ".join(
        global_options_first(["--json", "chat", "reply", "ID", "--", "--json"])
    )
