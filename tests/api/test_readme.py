"""What README says of the API, held to the tables that the API goes by."""

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.api.actions import ACTIONS, Action
from commercive_cli.api.auth.principal import Audience
from commercive_cli.api.http.errors import BUG, STATUSES
from commercive_cli.domain.errors import CommerciveError

README = (Path(__file__).parents[2] / "README.md").read_text()


def rows(header: str) -> Iterator[list[str]]:
    """Yield the cells of each row of the table with this header."""
    _, _, rest = README.partition(header + "\n")
    for line in rest.splitlines()[1:]:
        if not line.startswith("|"):
            break
        yield [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("action", ACTIONS, ids=[action.name for action in ACTIONS])
def test_the_readme_says_who_may(action: Action[Any]) -> None:
    """Each action stands in one row, and what it says of nobody and of users is what the action table says."""
    found = [
        cells
        for cells in rows("| action | no token | user | admin |")
        if any(fnmatch(action.name, pattern) for pattern in re.findall("`(.+?)`", cells[0]))
    ]

    assert 1 == len(found), f"{action.name} stands in {len(found)} rows of the table in README"
    [[_, nobody, user, _]] = found
    assert {Audience.PUBLIC: "yes"}.get(action.who, "401") == nobody
    assert (action.who is Audience.ADMIN) == (user == "403")


def test_the_readme_names_every_status_with_its_code() -> None:
    """Clients decide by them what to do next."""
    codes = {(status, error.code) for error, status in STATUSES.items() if status != BUG}

    said = re.search(r"^Statuses: (.*?)\.$", README, re.MULTILINE | re.DOTALL)

    assert said is not None
    found = {(int(status), code) for status, code in re.findall(r"(\d{3}) `(\w+)`", said[1])}
    assert codes | {(BUG, CommerciveError.code)} == found
