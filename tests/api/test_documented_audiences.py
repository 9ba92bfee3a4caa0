"""The permissions in the API's documentation are those of the table of actions."""

from pathlib import Path
from typing import Any

import pytest

from commercive_cli.api.actions import ACTIONS, Action
from commercive_cli.api.auth.principal import Audience

PAGE = (Path(__file__).parents[2] / ".github/API.md").read_text()
_, _, REST = PAGE.partition("| action | no token | user | admin |\n|---|---|---|---|\n")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in REST.partition("\n\n")[0].splitlines()]


@pytest.mark.parametrize("action", ACTIONS, ids=[action.name for action in ACTIONS])
def test_the_page_says_who_may(action: Action[Any]) -> None:
    """Each action has one row, whose audience is that of the table of actions."""
    found = [row for row in ROWS if f"`{action.name}`" in row[0]]

    assert 1 == len(found), f"{action.name} stands in {len(found)} rows of the table in .github/API.md"
    [[_, nobody, user, _]] = found
    assert {Audience.PUBLIC: "yes"}.get(action.who, "401") == nobody.partition(",")[0]
    assert (action.who is Audience.ADMIN) == (user == "403")
