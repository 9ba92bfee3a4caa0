"""What ARCHITECTURE.md says, held to the code that it is about."""

import re
from collections.abc import Iterator
from pathlib import Path

from commercive_cli.api.actions import ACTIONS
from commercive_cli.api.http.errors import BUG as SERVER_ERROR
from commercive_cli.api.http.errors import STATUSES
from commercive_cli.cli.errors import BUG, EXIT_CODES

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "commercive_cli"
ARCHITECTURE = (ROOT / ".github/ARCHITECTURE.md").read_text()


def rows(header: str) -> Iterator[list[str]]:
    """Yield the cells of each row of the table with this header, without the marks of code."""
    _, found, rest = ARCHITECTURE.partition(header + "\n")
    assert found, header
    for line in rest.splitlines()[1:]:
        if not line.startswith("|"):
            break
        yield [cell.strip().strip("`") for cell in line.strip("|").split("|")]


def test_every_folder_is_described() -> None:
    """A new part of the package or of the services says in the document what it is for."""
    folders = [path.parent for pattern in ("*/__init__.py", "services/*/__init__.py") for path in PACKAGE.glob(pattern)]

    assert len(folders) > 10
    assert [] == [folder.name for folder in folders if not re.search(f"[`/]{folder.name}/", ARCHITECTURE)]


def test_the_table_of_errors_is_the_one_that_applies() -> None:
    """Scripts and clients go by these codes and statuses."""
    applied = {
        (kind.__name__, kind.code, str(EXIT_CODES.get(kind, BUG)), str(STATUSES.get(kind, SERVER_ERROR)))
        for kind in EXIT_CODES
    }

    assert applied == {tuple(cells) for cells in rows("| error | code | exit code | HTTP status |")}


def test_the_table_of_round_trips_names_every_action() -> None:
    """What an action costs is known before it is deployed."""
    assert {action.name for action in ACTIONS} == {name for name, *_ in rows("| action | requests | round trips |")}
