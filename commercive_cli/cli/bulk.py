"""Commands that change many: eight items at a time, each on its own, reported in the order of the ids."""

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from commercive_cli.cli.progress import progress
from commercive_cli.domain.answers.base import Answer, Failed
from commercive_cli.domain.answers.bulk import Bulk, BulkResult
from commercive_cli.domain.errors import CommerciveError, Invalid

AT_ONCE = 8
Action = Callable[[str], Answer]


@dataclass(frozen=True)
class Outcome:
    """What a bulk command did: results of the ids it got to, and the first bug if any."""

    bulk: Bulk
    bug: BaseException | None = None


def chosen_ids(arguments: Sequence[str]) -> list[str]:
    """Return the ids to work on, each once, in order; `-` stands for ids on stdin, one a line, blank lines skipped.

    Raises Invalid when stdin holds no id or is not UTF-8.
    """
    ids: list[str] = []
    for argument in arguments:
        ids += _ids_on_stdin() if argument == "-" else [argument]
    return list(dict.fromkeys(ids))


def is_many(arguments: Sequence[str]) -> bool:
    """Return whether these arguments ask for a report per item: more than one id, or ids on stdin."""
    return len(dict.fromkeys(arguments)) > 1 or "-" in arguments


def run(ids: Sequence[str], action: Action, stop: threading.Event) -> Outcome:
    """Apply the action to every id; once `stop` is set, the writes in flight are finished and no more are started."""

    def unless_stopped(one: str) -> Answer | None:
        return None if stop.is_set() else action(one)

    with ThreadPoolExecutor(AT_ONCE) as workers, progress("done", len(ids)) as advance:
        futures = [workers.submit(unless_stopped, one) for one in ids]
        for _ in as_completed(futures):
            advance(1)
    results, bug = [], None
    for one, future in zip(ids, futures, strict=True):
        error = future.exception()
        if error is not None and not isinstance(error, CommerciveError):
            bug = bug or error
        result = _failed(error) if error is not None else future.result()
        if result is not None:
            results.append(BulkResult(id=one, result=result))
    return Outcome(Bulk(success=all(each.result.success for each in results), results=results), bug)


def _ids_on_stdin() -> list[str]:
    try:
        ids = [line.strip().removeprefix("\ufeff") for line in sys.stdin]
    except UnicodeDecodeError:
        raise Invalid("the ids on stdin are not UTF-8 text") from None
    found = [one for one in ids if one]
    if not found:
        raise Invalid("there are no ids on stdin; nothing was done")
    return found


def _failed(error: BaseException) -> Failed:
    if isinstance(error, CommerciveError):
        return Failed(error=error.message, code=error.code)
    return Failed(error=f"internal error: {type(error).__name__}: {error}", code=CommerciveError.code)
