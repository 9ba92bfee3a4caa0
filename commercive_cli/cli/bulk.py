"""Bulk commands: apply an action to many ids, eight at a time, and report the results in the order of the ids."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import typer

from commercive_cli.cli.errors import PARTIAL, AnswerLost, bug_summary, say
from commercive_cli.cli.standard_input import STDIN, read_ids
from commercive_cli.domain.answers.base import Answer, Failed
from commercive_cli.domain.answers.bulk import Bulk, BulkResult
from commercive_cli.domain.errors import CommerciveError, Invalid
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.secrets import redact
from commercive_cli.domain.stopping import stopped_by
from commercive_cli.domain.text import identifier
from commercive_cli.store.right_time import with_right_time

if TYPE_CHECKING:
    from concurrent.futures import Future

    from commercive_cli.cli.session import Session
    from commercive_cli.cli.typed_ids import TypedIds


WORKERS = 8

Action = Callable[[str], Answer]


@dataclass(frozen=True)
class Outcome:
    """The results of a bulk command for the ids it processed, and the first unexpected exception, if any."""

    bulk: Bulk
    bug: BaseException | None = None


class ItemLines:
    """Shows each result in a line of its own, as soon as there is one; a line that is lost stops no work."""

    def __init__(self, show: Callable[[Bulk], None]) -> None:
        self._show = show
        self._lost: OSError | AnswerLost | None = None

    def add(self, result: BulkResult) -> None:
        """Show one result, unless an earlier one could not be shown."""
        if self._lost is None:
            try:
                self._show(Bulk(success=result.result.success, results=[result]))
            except (OSError, AnswerLost) as lost:
                self._lost = lost

    def end(self) -> None:
        """Raise why a result could not be shown."""
        if self._lost is not None:
            raise self._lost


def chosen_ids(arguments: Sequence[str]) -> list[str]:
    """Return the ids to process, without duplicates, in order; `-` stands for the non-blank lines of stdin.

    Raises Invalid when stdin holds no id or is not UTF-8.
    """
    ids: list[str] = []
    for argument in arguments:
        ids += read_ids() if argument == STDIN else [argument]
    return list(dict.fromkeys(ids))


def is_many(arguments: Sequence[str]) -> bool:
    """Return whether the results are reported for each id: there is more than one, or they come from stdin."""
    return len(dict.fromkeys(arguments)) > 1 or STDIN in arguments


def check_one(arguments: Sequence[str], option: str, value: object) -> None:
    """Raise Invalid when an option that says what was seen of one record is given for many."""
    if value is not None and is_many(arguments):
        raise Invalid(f"{option} says what was seen of one record, so it goes with one id")


def request_keys(key: str | None, *, many: bool) -> Callable[[str], str | None]:
    """Return what tells each id's request key: `key` for one id, for many ids `key` together with the id."""
    if key is None or not many:
        return lambda _item_id: key
    from commercive_cli.services.records.idempotency import key_of_item

    checked = identifier(key, "key")
    return lambda item_id: key_of_item(checked, item_id)


def each(session: "Session", arguments: Sequence[str], action: Action, typed: "TypedIds") -> None:
    """Apply a write to one id and show its answer, or to many and show a report; exit 7 when some failed."""
    ids = chosen_ids(arguments)
    if not is_many(arguments):
        one = typed.whole(ids[0])
        session.write(lambda: action(one))
        return
    typed.alone = False
    names: dict[str, str] = {}

    def named_action(one: str) -> Answer:
        names[one] = typed.whole(one)
        return action(names[one])

    many(session, ids, named_action, names)


def many(
    session: "Session",
    ids: Sequence[str],
    action: Action,
    names: Mapping[str, str] = {},
    told: Callable[[Bulk], Bulk] | None = None,
) -> None:
    """Apply a write to each id, eight at a time, and show a report; exit 7 when some failed.

    `names` has the whole ids of those that were typed in part, as far as the action has found them.
    As JSON lines each result is shown as soon as there is one, so that what was shown of a killed run is true.
    `told` makes another report of the results, one that tells people also why some failed.
    """
    lines = ItemLines(session.show) if session.screen.output == "jsonl" and not session.rehearses else None

    def on_done(result: BulkResult) -> None:
        advance(1)
        if lines is not None:
            lines.add(result)

    with session.uninterrupted() as stop:
        with session.progress({"done": lambda: len(ids)}, beside=lines is not None) as (advance,):
            outcome = run(ids, lambda one: with_right_time(lambda: action(one)), stop, on_done, names)
        answer = told(outcome.bulk) if told else outcome.bulk
        _report(
            outcome,
            len(ids),
            lines.end if lines else lambda: session.show(answer),
            quiet=told is not None and session.screen.for_people,
        )
    if not outcome.bulk.success:
        raise typer.Exit(PARTIAL)


def _report(outcome: Outcome, total: int, show: Callable[[], None], *, quiet: bool) -> None:
    try:
        show()
    finally:
        for one in () if quiet else outcome.bulk.results:
            if isinstance(one.result, Failed):
                say(f"{shortened(one.id)}: {one.result.error}")
    if outcome.bug is not None:
        raise outcome.bug
    done = len(outcome.bulk.results)
    if done < total:
        say(f"{done} of {total} done, {total - done} not started")


def run(
    ids: Sequence[str],
    action: Action,
    stop: threading.Event,
    on_done: Callable[[BulkResult], None] = lambda _: None,
    names: Mapping[str, str] = {},
) -> Outcome:
    """Apply the action to every id; once `stop` is set, running actions are finished and no others are started.

    One that waits for a store which is throttled waits no longer.

    `on_done` is told each result as soon as there is one, from this thread; an action begins only while fewer than
    `WORKERS` others were begun and not told of. What an id is reported as may stand in `names` when the action has been
    applied to it.
    """
    from concurrent.futures import Future  # imported late: most commands are for one
    from queue import SimpleQueue

    from commercive_cli.domain.workers import Workers

    untold = threading.Semaphore(WORKERS)
    done: SimpleQueue[Future[Answer | None]] = SimpleQueue()

    def unless_stopped(item_id: str) -> Answer | None:
        untold.acquire()
        with stopped_by(stop):
            return None if stop.is_set() else action(item_id)

    with Workers(min(WORKERS, len(ids))) as workers:
        futures = {workers.submit(partial(unless_stopped, item_id)): item_id for item_id in ids}
        for future in futures:
            future.add_done_callback(done.put)
        try:
            for _ in futures:
                future = done.get()
                item_id = futures[future]
                if (told := _result(names.get(item_id, item_id), future)) is not None:
                    on_done(told)
                untold.release()
        finally:
            untold.release(len(ids) + 1)  # whatever comes now, nobody waits for the telling any more
    ended = [_result(names.get(item_id, item_id), future) for future, item_id in futures.items()]
    results = [each for each in ended if each is not None]
    bugs = (error for error in map(Future.exception, futures) if not isinstance(error, CommerciveError | None))
    return Outcome(Bulk(success=all(each.result.success for each in results), results=results), next(bugs, None))


def _result(item_id: str, future: "Future[Answer | None]") -> BulkResult | None:
    """Return the result for one id, None where it was not begun any more."""
    error = future.exception()
    result = future.result() if error is None else _failed(error)
    return None if result is None else BulkResult(id=item_id, result=result)


def _failed(error: BaseException) -> Failed:
    if isinstance(error, CommerciveError):
        return Failed(error=redact(error.message), code=error.code)
    return Failed(error=bug_summary(error), code=CommerciveError.code)
