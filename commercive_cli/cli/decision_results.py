"""The file of results beside the file of `leads decide`: a row for each of its decisions."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from commercive_cli.cli.decision_files import DecisionFile, DecisionRow
from commercive_cli.cli.errors import answering
from commercive_cli.cli.render.csv import csv_line, text_cell
from commercive_cli.domain.answers.base import Answer, Failed
from commercive_cli.domain.answers.leads import LeadDecided
from commercive_cli.services.transfer.durable_files import write_error

COLUMNS = ("row", "lead_id", "decision", "result", "commission_amount", "error")
NOT_STARTED = "not started"

Results = Mapping[str, Answer | Failed]
"""What came of each lead, by its id."""


def results_path(path: Path) -> Path:
    """Return the file of the results of a file."""
    return path.with_name(f"{path.name}.result.csv")


class ResultFile:
    """A file that gets its name, and replaces an earlier one, when the results are in it and on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, decided: DecisionFile, results: Results) -> None:
        """Write what came of every decision; raise AnswerLost when that fails, since the decisions are made."""
        with answering(changed=True), _unfinished(self._path.parent) as unfinished:
            with unfinished.open("w", encoding="utf-8", newline="") as file:
                file.writelines(_lines(decided, results))
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path)


def result_file(path: Path) -> ResultFile:
    """Return the file for the results of a file; an earlier one is removed, so that none tells of another run.

    Until there are results nothing is there, not even when this process is killed. Raises Invalid or Unavailable where
    none can be written, before anything is decided.
    """
    target = results_path(path)
    try:
        target.unlink(missing_ok=True)
        with _unfinished(path.parent):
            return ResultFile(target)
    except OSError as error:
        raise write_error(error, str(target), "nothing was decided") from error


@contextmanager
def _unfinished(directory: Path) -> Iterator[Path]:
    """Yield a new file that only its owner can read; remove it, unless it has got another name."""
    descriptor, name = tempfile.mkstemp(".part", ".commercive-", directory)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _lines(decided: DecisionFile, results: Results) -> Iterator[str]:
    if decided.marked:
        yield "\ufeff"
    yield csv_line([text_cell(name) for name in COLUMNS], decided.delimiter)
    for row in decided.decisions:
        yield csv_line(_cells(row, results.get(row.lead_id)), decided.delimiter)


def _cells(row: DecisionRow, result: Answer | Failed | None) -> list[str]:
    decision = "approve" if row.status == "approved" else "reject"
    amount = "" if row.commission is None else f"{row.commission:.2f}"
    error = result.error if isinstance(result, Failed) else ""
    words = (row.lead_id, decision, _word(result))
    return [str(row.row), *map(text_cell, words), amount, text_cell(error)]


def _word(result: Answer | Failed | None) -> str:
    match result:
        case None:
            return NOT_STARTED
        case LeadDecided():
            return result.lead.status if result.changed else "unchanged"
    return "refused"
