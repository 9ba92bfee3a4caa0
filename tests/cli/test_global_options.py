"""Global options may stand before or after the command."""

import json

import pytest

from commercive_cli.cli.global_options import asked_format, global_options_first
from commercive_cli.domain.errors import Invalid
from tests.cli.conftest import Run


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


def test_csv_may_begin_with_a_byte_order_mark(store: Run) -> None:
    """--bom puts U+FEFF at the beginning of CSV, once, and changes nothing else."""
    store("affiliates", "create-link", "aff-1", "--email", "a@example.com")
    plain, marked = (store("affiliates", "list", "-o", "csv", *bom) for bom in ((), ("--bom",)))

    assert f"\ufeff{plain.out}" == marked.out
    assert "aff-1" in marked.out


@pytest.mark.parametrize(
    "line",
    ["--bom chat list", "chat list -o json --bom", "config path --bom", "--bom completion zsh", "api openapi --bom"],
)
def test_a_byte_order_mark_without_csv_is_refused(store: Run, line: str) -> None:
    """No other format begins with one. With -o json, the refusal is a document as well."""
    problem = "--bom goes with -o csv and means nothing without it"
    ran = store(*line.split())
    document = json.loads(ran.out) if "json" in line else {"error": problem}

    assert (2, f"commercive: {problem}\n", problem) == (ran.code, ran.err, document["error"])
    assert "json" in line or not ran.out
