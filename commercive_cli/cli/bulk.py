"""Bulk commands: apply an action to many ids, eight at a time, and report the results in the order of the ids."""

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from commercive_cli.cli.errors import bug_summary
from commercive_cli.cli.interrupts import whole_input
from commercive_cli.cli.progress import progress
from commercive_cli.domain.answers.base import Answer, Failed
from commercive_cli.domain.answers.bulk import Bulk, BulkResult
from commercive_cli.domain.errors import CommerciveError, Invalid

WORKERS = 8
Action = Callable[[str], Answer]


@dataclass(frozen=True)
class Outcome:
    """The results of a bulk command for the ids it processed, and the first unexpected exception, if any."""

    bulk: Bulk
    bug: BaseException | None = None


def chosen_ids(arguments: Sequence[str]) -> list[str]:
    """Return the ids to process, without duplicates, in order; `-` stands for the non-blank lines of stdin.

    Raises Invalid when stdin holds no id or is not UTF-8.
    """
    ids: list[str] = []
    for argument in arguments:
        ids += _ids_on_stdin() if argument == "-" else [argument]
    return list(dict.fromkeys(ids))


def is_many(arguments: Sequence[str]) -> bool:
    """Return whether the results are reported for each id: there is more than one, or they come from stdin."""
    return len(dict.fromkeys(arguments)) > 1 or "-" in arguments


def run(ids: Sequence[str], action: Action, stop: threading.Event) -> Outcome:
    """Apply the action to every id; once `stop` is set, running actions are finished and no others are started."""

    def unless_stopped(item_id: str) -> Answer | None:
        return None if stop.is_set() else action(item_id)

    with ThreadPoolExecutor(WORKERS) as workers, progress("done", len(ids)) as advance:
        futures = [workers.submit(unless_stopped, item_id) for item_id in ids]
        for _ in as_completed(futures):
            advance(1)
    results, bug = [], None
    for item_id, future in zip(ids, futures, strict=True):
        error = future.exception()
        if error is not None and not isinstance(error, CommerciveError):
            bug = bug or error
        result = _failed(error) if error is not None else future.result()
        if result is not None:
            results.append(BulkResult(id=item_id, result=result))
    return Outcome(Bulk(success=all(each.result.success for each in results), results=results), bug)


def _ids_on_stdin() -> list[str]:
    try:
        ids = [line.strip().removeprefix("\ufeff") for line in whole_input(sys.stdin)]
    except UnicodeDecodeError:
        raise Invalid("the ids on stdin are not UTF-8 text") from None
    found = [item_id for item_id in ids if item_id]
    if not found:
        raise Invalid("there are no ids on stdin; nothing was done")
    return found


def _failed(error: BaseException) -> Failed:
    if isinstance(error, CommerciveError):
        return Failed(error=error.message, code=error.code)
    return Failed(error=bug_summary(error), code=CommerciveError.code)
