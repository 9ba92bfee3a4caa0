"""The file of results: it is there only when it is whole, and tells also of what was not begun."""

import csv
from pathlib import Path

import pytest

from commercive_cli.cli.decision_files import read_decisions
from commercive_cli.cli.decision_results import result_file
from commercive_cli.cli.errors import AnswerLost
from commercive_cli.domain.answers.base import Failed
from commercive_cli.domain.answers.leads import LeadDecided
from commercive_cli.domain.commissions import NamedAmounts
from commercive_cli.domain.errors import Invalid
from tests.cli.render.answers import LEADS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of three decisions, beside the results of an earlier run."""
    path = tmp_path / "d.csv"
    ids = (LEADS[1].lead_id, "=2+3", "l-3")
    path.write_text("lead_id\tdecision\n" + "".join(f"{each}\treject\n" for each in ids))
    (tmp_path / "d.csv.result.csv").write_text("old")
    return path


def test_every_row_has_a_result(path: Path) -> None:
    """After Ctrl-C those that were not begun are named; the errors and ids are harmless in a spreadsheet."""
    decided = read_decisions(path, NamedAmounts(), ())
    results: dict[str, LeadDecided | Failed] = {
        LEADS[1].lead_id: LeadDecided(lead=LEADS[1], changed=True),
        "=2+3": Failed(error="-no", code="conflict"),
    }
    result_file(path).write(decided, results)
    saved = path.with_name("d.csv.result.csv")
    with saved.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.reader(opened, delimiter="\t"))

    assert [
        ["row", "lead_id", "decision", "result", "commission_amount", "error"],
        ["2", LEADS[1].lead_id, "reject", "approved", "", ""],
        ["3", "'=2+3", "reject", "refused", "", "'-no"],
        ["4", "l-3", "reject", "not started", "", ""],
    ] == rows
    assert 0o600 == saved.stat().st_mode & 0o777
    assert {"d.csv", "d.csv.result.csv"} == {each.name for each in path.parent.iterdir()}


def test_a_run_that_dies_leaves_none(path: Path) -> None:
    """Until there are results nothing is there: no part of a file, nor that of an earlier run of other decisions."""
    result_file(path)

    assert ["d.csv"] == [each.name for each in path.parent.iterdir()]


def test_where_it_cannot_be_written_nothing_is_begun(path: Path) -> None:
    """A directory of that name, or one that is not there, is told before."""
    (path.parent / "d.csv.result.csv").unlink()
    (path.parent / "d.csv.result.csv").mkdir()
    for refused in (path, path.parent / "none" / "d.csv"):
        with pytest.raises(Invalid, match="choose another path"):
            result_file(refused)


def test_what_is_done_is_not_called_undone(path: Path) -> None:
    """When the results cannot be written in the end, the decisions are made: exit 74, which nobody repeats unseen."""
    decided = read_decisions(path, NamedAmounts(), ())
    file = result_file(path)
    (path.parent / "d.csv.result.csv").mkdir()

    with pytest.raises(AnswerLost):
        file.write(decided, {})
    assert ["d.csv", "d.csv.result.csv"] == sorted(each.name for each in path.parent.iterdir())
